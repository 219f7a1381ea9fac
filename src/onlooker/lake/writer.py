"""Messages become files of a lake, and a commit that says so: each message once, whoever brings it how often."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..recordings.database import connect, quoted
from .columns import schema, selected
from .log import CommitLog
from .parts import Held, Part, parts
from .state import Commit, DataFile, State, batches_of
from .store import ObjectStore
from .unpacking import Unpacking

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from .compact import Compactor

EVENTS = "events"
MEMORY = "1GB"
CLEAN_SECONDS = 600.0


class LakeWriter(Unpacking):
    """Takes messages, and commits them. One thread uses it."""

    def __init__(self, store: ObjectStore) -> None:
        """Raises LakeError and ExtraError."""
        super().__init__(store)
        self._store = store
        self.log = CommitLog(store)
        self._connection: DuckDBPyConnection = connect("a lake", threads=2, memory=MEMORY)
        self._writes = 0
        self._id = os.urandom(6).hex()
        self._compactor: Compactor | None = None
        self._clean_at = time.monotonic() + CLEAN_SECONDS

    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError."""
        written: list[DataFile] = []
        fresh: list[Held] | None = None  # whose events are in these files

        def make(now: State) -> Commit | None:
            nonlocal written, fresh
            if written and written[0].name in now.files:  # a request that the library sent again found its own commit
                return None
            wanted = now.fresh(held)
            if wanted != fresh:
                self._store.delete([each.name for each in written])
                written, fresh = self._write(wanted), wanted
            if not fresh:
                return None
            return Commit(adds=written, batches=batches_of(fresh))

        self.log.refresh()
        self.log.commit(make)
        return fresh or []

    def tidy(self) -> None:
        """Merge the small files of a day and host, where there are many; now and then remove what nobody needs. Raises
        LakeError.
        """
        from .compact import Compactor

        self._compactor = self._compactor or Compactor(self._store, self.log)
        self._compactor.run(most=1)
        if time.monotonic() >= self._clean_at:
            self._compactor.clean()
            self._clean_at = time.monotonic() + CLEAN_SECONDS

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _write(self, held: Sequence[Held]) -> list[DataFile]:
        """Files of the events, one for each date and host."""
        with tempfile.TemporaryDirectory(prefix="onlooker-") as directory:
            return [self._write_file(part, Path(directory) / "part.parquet") for part in parts(held)]

    def _write_file(self, part: Part, path: Path) -> DataFile:
        self._writes += 1
        name = file_name(part.date, part.host, f"{self._id}-{self._writes:06}")
        with selected_of(self._connection, part) as select:
            write_parquet(self._connection, select, path)
        self._store.put(name, path)
        size = path.stat().st_size
        return DataFile(name, part.date, part.host, part.rows, size, part.first_ns, part.last_ns, schema())


@contextmanager
def selected_of(connection: "DuckDBPyConnection", part: Part) -> Iterator[str]:
    """SQL that gives the rows of a part, once."""
    names: list[str] = []
    pieces = []
    try:
        for boot_id, run, table in part.tables:
            names.append(f"rows_{len(names)}")
            connection.register(names[-1], table.take())
            pieces.append(selected(table.table, names[-1], part.host, boot_id, run))
        yield " UNION ALL ".join(pieces)
    finally:
        for each in names:
            connection.unregister(each)


def write_parquet(connection: "DuckDBPyConnection", select: str, path: Path) -> None:
    """What is selected."""
    copied = f"COPY ({select}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
    connection.execute(copied).fetchall()


def file_name(date: str, host: str, name: str) -> str:
    """As engines expect it of a partition."""
    return f"{EVENTS}/date={date}/host={quote(host, safe='')}/{name}.parquet"
