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
from ..sinks.message import Message, MessageError
from .columns import schema, selected
from .log import CommitLog
from .parts import Held, Part, parts
from .state import Commit, DataFile, State, batches_of
from .store import EVENTS, LakeError, Store, check_conditional, reason
from .unpacking import Unpacking

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from .compact import Compactor

MEMORY = "1GB"
CLEAN_SECONDS = 600.0
LONGEST_HOST = 240  # bytes of a name of a directory are 255
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"  # which engines read as NULL
TEMPORARY_HINT = "see that there is room in the directory for temporary files: TMPDIR=/var/tmp"


class LakeWriter(Unpacking):
    """Takes messages, and commits them. One thread uses it."""

    def __init__(self, store: Store) -> None:
        """Raises LakeError and ExtraError."""
        super().__init__(store)
        self._store = store
        self.log = CommitLog(store)
        self._connection: DuckDBPyConnection = connect("a lake", threads=2, memory=MEMORY)
        self._writes = 0
        self._files = 0  # that were written since the last merge
        self._written: list[DataFile] = []  # and not committed
        self._of: list[str] = []  # the messages that are in these
        if store.directory is None:
            check_conditional(store)
        self._id = os.urandom(6).hex()
        self._compactor: Compactor | None = None
        self._clean_at = time.monotonic() + CLEAN_SECONDS

    def unpack(self, message: Message) -> Held:
        """As all writers do; and its host must be good for the name of a directory."""
        if not 0 < len(quote(message.head.host, safe="")) <= LONGEST_HOST or message.head.host == HIVE_NULL:
            raise MessageError(f"its host can't be the name of a directory: {message.head.host!r:.60}")
        return super().unpack(message)

    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError; files that were written for a try
        that failed serve the next one.
        """
        taken: list[Held] = []
        is_first = True

        def make(now: State) -> Commit | None:
            nonlocal taken, is_first
            taken = now.fresh(held)
            ids = [each.head.id for each in taken]
            if ids != self._of:
                unneeded = [each.name for each in self._written]
                self._written, self._of = [], []
                if not is_first:  # of an earlier call that failed, the commit may still come
                    self._store.delete(unneeded)
                self._written, self._of = self._write(taken), ids
            is_first = False
            return Commit(adds=self._written, batches=batches_of(taken)) if taken else None

        self.log.refresh()
        if self.log.commit(make) is not None:
            self._written, self._of = [], []
        return taken

    def tidy(self) -> None:
        """Merge the small files of days and hosts, where there are many; now and then remove what nobody needs. Raises
        LakeError.
        """
        from .compact import LEAST_FILES, Compactor

        self._compactor = self._compactor or Compactor(self._store, self.log)
        # each file of a commit makes a sixteenth of a merge necessary
        self._compactor.run(most=1 + self._files // LEAST_FILES)
        self._files = 0
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + CLEAN_SECONDS
            self._compactor.clean()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _write(self, held: Sequence[Held]) -> list[DataFile]:
        """Files of the events, one for each date and host."""
        with database_errors("write files of a lake"), tempfile.TemporaryDirectory(prefix="onlooker-") as directory:
            made = [self._write_file(part, Path(directory) / "part.parquet") for part in parts(held)]
        self._files += len(made)
        return made

    def _write_file(self, part: Part, path: Path) -> DataFile:
        self._writes += 1
        name = file_name(part.date, part.host, f"{self._id}-{self._writes:06}")
        with selected_of(self._connection, part) as select:
            write_parquet(self._connection, select, path)
        self._store.put(name, path)
        size = path.stat().st_size
        return DataFile(name, part.date, part.host, part.rows, size, part.first_ns, part.last_ns, schema())


@contextmanager
def database_errors(what: str) -> Iterator[None]:
    """What goes wrong in DuckDB, or in a temporary directory, as a LakeError."""
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise LakeError(f"can't {what}: {reason(error)}", TEMPORARY_HINT) from error


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
