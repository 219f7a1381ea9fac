"""Makes few large files of many small ones: engines read them faster, and S3 asks money for each request.

The large file is written first; one commit puts it in the place of the small ones. These are removed some time later,
so that who is reading them can go on, and so are files that no commit ever spoke of: a collector that is killed leaves
some.
"""

import os
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..recordings.database import connect, pattern, quoted
from .log import CommitLog
from .state import Commit, DataFile, State
from .store import LakeError, ObjectStore
from .writer import EVENTS, MEMORY, file_name, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SMALL_BYTES = 32 << 20
LEAST_FILES = 16  # of one day and host, that are small
MOST_BYTES = 128 << 20  # of those that become one
GRACE_SECONDS = 600.0  # for who reads what is not needed any more
ORPHAN_SECONDS = 86_400.0  # so old, no file is about to be committed


class Compactor:
    """Of one lake. One thread uses it; others may do the same elsewhere: of two, one commits."""

    def __init__(self, store: ObjectStore, log: CommitLog) -> None:
        self._store = store
        self._log = log
        self._id = os.urandom(6).hex()
        self._number = 0

    def run(self, most: int | None = None, least_files: int = LEAST_FILES) -> int:
        """At most so many days and hosts. Returns how many small files are no more. Raises LakeError."""
        return sum(map(self._merge, _worth_it(self._log.refresh(), least_files)[:most]))

    def clean(self, grace: float = GRACE_SECONDS, orphan: float = ORPHAN_SECONDS) -> int:
        """Remove files that nobody needs. Returns how many. Raises LakeError."""
        state, now = self._log.refresh(), time.time()
        doomed = []
        for each in self._store.list(EVENTS):
            if each.name in state.files:
                continue
            removed = state.removed.get(each.name)
            if (now - each.written > orphan) if removed is None else (now - _seconds(removed) > grace):
                doomed.append(each.name)
        self._store.delete(doomed)
        forgotten = [name for name in doomed if name in state.removed]
        if forgotten:
            self._log.commit(lambda now: Commit(forgets=[name for name in forgotten if name in now.removed]))
        return len(doomed)

    def _merge(self, small: list[DataFile]) -> int:
        """Into one."""
        with tempfile.TemporaryDirectory(prefix="onlooker-") as directory, connect("a lake", memory=MEMORY) as database:
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

        # a request that is sent again by the library finds its own commit
        if self._log.commit(make) is None and name not in self._log.state.files:  # another one was faster
            self._store.delete([name])
            return 0
        return len(names)

    def _written(self, small: list[DataFile], directory: Path, database: "DuckDBPyConnection") -> Path:
        """The file of all their rows."""
        parts = []
        for number, each in enumerate(small):
            data = self._store.get(each.name)
            if data is None:
                raise LakeError(f"{each.name!r} is missing in the lake {self._store.root}")
            parts.append(directory / f"{number}.parquet")
            parts[-1].write_bytes(data)
        path = directory / "merged.parquet"
        listed = ", ".join(quoted(pattern(part)) for part in parts)
        read = f"read_parquet([{listed}], hive_partitioning = false)"
        write_parquet(database, f"FROM {read}", path)
        [(rows,)] = database.execute(f"SELECT count(*) FROM read_parquet({quoted(pattern(path))})").fetchall()
        if rows != sum(each.rows for each in small):
            raise LakeError(f"{len(small)} files have {rows} rows, not {sum(each.rows for each in small)}")
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


def _seconds(time_text: str) -> float:
    try:
        return datetime.fromisoformat(time_text).timestamp()
    except ValueError:
        return 0.0
