"""Makes few large files of many small ones: engines read them faster, and S3 asks money for each request.

The large file is written first; one commit puts it in the place of the small ones. These are removed some time later,
so that who is reading them can go on, and so are files that no commit ever spoke of: a collector that is killed leaves
some.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..recordings.database import connect, pattern, quoted
from .log import CommitLog
from .state import Commit, DataFile, State
from .store import EVENTS, LakeError, Store
from .writer import MEMORY, database_errors, file_name, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SMALL_BYTES = 32 << 20
LEAST_FILES = 16  # of one day and host, that are small
MOST_BYTES = 128 << 20  # of those that become one
GRACE_SECONDS = 600.0  # for who reads what is not needed any more
RESTORE = "restore it from a backup; a query names the files that can't be read"
POSTPONE_SECONDS = 3600.0  # what can't be merged: a file may be damaged, or the store was away
ORPHAN_SECONDS = 86_400.0  # so old, no file is about to be committed


class Postponed:
    """Names of what failed, for a while."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, name: str) -> None:
        """From now on."""
        now = time.monotonic()
        self._until = {each: until for each, until in self._until.items() if until > now}
        self._until[name] = now + POSTPONE_SECONDS

    def __contains__(self, name: str) -> bool:
        return self._until.get(name, 0.0) > time.monotonic()


class Compactor:
    """Of one lake. One thread uses it; others may do the same elsewhere: of two, one commits."""

    def __init__(self, store: Store, log: CommitLog) -> None:
        self._store = store
        self._log = log
        self._id = os.urandom(6).hex()
        self._number = 0
        self._failed = Postponed()  # the first files of what could not be merged
        self._removed: dict[str, float] = {}  # when it was first seen that a file is not needed any more

    def run(self, most: int | None = None, least_files: int = LEAST_FILES) -> int:
        """At most so many days and hosts. Returns how many small files are no more. What can't be merged, because a
        file is damaged, is left as it is for a while. Raises LakeError.
        """
        worth_it = [small for small in _worth_it(self._log.refresh(), least_files) if small[0].name not in self._failed]
        gone = 0
        for small in worth_it[:most]:
            try:
                gone += self._merge(small)
            except LakeError:
                self._failed.add(small[0].name)
                raise
        return gone

    def clean(self, grace: float = GRACE_SECONDS, orphan: float = ORPHAN_SECONDS) -> int:
        """Remove files that nobody needs. Returns how many. Raises LakeError."""
        # what is committed after it was listed is in the state; by the store's clock, no file is from the future
        listed, now = list(self._store.list(EVENTS)), self._store.now()
        state = self._log.refresh()
        for name in state.removed:
            self._removed.setdefault(name, time.monotonic())
        over = {name for name in state.removed if time.monotonic() - self._removed[name] > grace}
        doomed = []
        for each in listed:
            if each.name in over or (
                each.name not in state.files and each.name not in state.removed and now - each.written > orphan
            ):
                doomed.append(each.name)
        self._store.delete(doomed)
        if over:
            self._log.commit(lambda now: Commit(forgets=[name for name in over if name in now.removed]))
        self._removed = {name: since for name, since in self._removed.items() if name not in over}
        return len(doomed)

    def _merge(self, small: list[DataFile]) -> int:
        """Into one."""
        with (
            database_errors("merge files of a lake"),
            tempfile.TemporaryDirectory(prefix="onlooker-") as directory,
            connect("a lake", memory=MEMORY) as database,
        ):
            path = self._written(small, Path(directory), database)
            self._number += 1
            first = small[0]
            name = file_name(first.date, first.host, f"{self._id}-{self._number:06}-merged")
            self._store.put(name, path)
            made = DataFile(
                name,
                first.date,
                first.host,
                sum(each.rows for each in small),
                path.stat().st_size,
                min(each.first_ns for each in small),
                max(each.last_ns for each in small),
                first.schema,
            )
        names = [each.name for each in small]

        def make(now: State) -> Commit | None:
            return Commit(adds=[made], removes=names) if all(each in now.files for each in names) else None

        if self._log.commit(make) is None:  # another one was faster
            self._store.delete([name])
            return 0
        return len(names)

    def _written(self, small: list[DataFile], directory: Path, database: "DuckDBPyConnection") -> Path:
        """The file of all their rows."""
        parts = []
        for number, each in enumerate(small):
            data = self._store.get(each.name)
            if data is None:
                raise LakeError(f"{each.name!r} is missing in the lake {self._store.root}", RESTORE)
            parts.append(directory / f"{number}.parquet")
            parts[-1].write_bytes(data)
        path = directory / "merged.parquet"
        listed = ", ".join(quoted(pattern(part)) for part in parts)
        read = f"read_parquet([{listed}], hive_partitioning = false)"
        write_parquet(database, f"FROM {read}", path)
        [(rows,)] = database.execute(f"SELECT count(*) FROM read_parquet({quoted(pattern(path))})").fetchall()
        if rows != sum(each.rows for each in small):
            raise LakeError(f"{len(small)} files have {rows} rows, not {sum(each.rows for each in small)}", RESTORE)
        return path


def _worth_it(state: State, least: int) -> list[list[DataFile]]:
    """Files to be merged: of each day, host and schema, those that are small, where there are many."""
    found = []
    for files in state.parts():
        small, size = [], 0
        for each in sorted((each for each in files if each.bytes < SMALL_BYTES), key=lambda each: each.first_ns):
            if size + each.bytes <= MOST_BYTES:
                small.append(each)
                size += each.bytes
        if len(small) >= max(2, least):
            found.append(small)
    return sorted(found, key=len, reverse=True)
