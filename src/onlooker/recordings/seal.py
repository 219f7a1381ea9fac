"""Seals a finished log: its events become Parquet files, one for each kind, which any tool reads. Needs DuckDB.

They are written beside the log, made to last, and put in its place at once; then the log goes. So at every moment one
form of the segment is whole.
"""

import base64
import os
import shutil
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .._version import __version__
from ..records import PLAN
from ..records.table import TableBuilder
from ..schema.columns import table_of
from .checksums import write_checksums
from .database import SEAL_MEMORY, connect, quoted
from .log import LogReader
from .manifest import LAYOUT_VERSION, Count, Loss, Manifest, sync_directory
from .segments import log_path, sealed_path, work_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METADATA_KEY = "onlooker"
SUFFIX = ".parquet"

Put = Callable[[Callable[[], object]], None]


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What each file of a sealed segment says of it, as JSON in its Parquet metadata.

    `recording`: the id of the recording; `layout`: the version of this; `first_seq`: the number of its first event;
    `events`: how many there are of each kind, reports of losses too, so that a file that is missing is missed; `lost`:
    what these reports say; `damaged`: bytes of the log that could not be read; `verdict`: of the whole recording, where
    that has ended; `plan`: the declaration of this file's event, as JSON compressed by zlib, in base64; `checksums`:
    whether the segment has some, so that these are missed, too.
    """

    recording: str
    layout: int
    onlooker: str
    segment: int
    first_seq: Count
    events: dict[str, Count]
    lost: tuple[Loss, ...]
    damaged: int = 0
    verdict: str | None = None
    plan: str = ""
    checksums: bool = False

    def is_of(self, recording: str | None, segment: int) -> bool:
        """Whether it belongs to that segment of the recording with that id, where it is known."""
        return recording in (None, self.recording) and self.segment == segment


class Sealer:
    """Seals the segments of a recording, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._connection: DuckDBPyConnection | None = None

    def __call__(
        self,
        number: int,
        first_seq: int,
        manifest: Manifest,
        put: Put | None = None,
    ) -> int:
        """Seal the log of that number. Returns how many bytes it takes then. `put` is given what puts the sealed form
        in its place, and calls it, unless nobody wants the segment any more. Raises OSError, ExtraError, RecordingError
        and DuckDB's errors; the log is still there then.
        """
        self.prepare()
        log = log_path(self._directory, number)
        tables, sealed = _columns(log, number, first_seq, manifest)
        if not tables:  # a directory without files looks like one whose files are lost
            return log.stat().st_size
        final, temporary = sealed_path(self._directory, number), work_path(self._directory, number)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.mkdir(mode=0o700)
        try:
            names = [f"{table.table}{SUFFIX}" for table in tables.values()]
            total = sum(self._write(temporary, event, tables.pop(event), sealed) for event in list(tables))
            total += write_checksums(temporary, names)
            sync_directory(temporary)
            if put is None:
                temporary.rename(final)
            else:
                put(lambda: temporary.rename(final))
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_directory(self._directory)
        log.unlink(missing_ok=True)  # rotation may have removed it
        return total

    def prepare(self) -> None:
        """Load all that it needs, which may lie where nobody can go without root's rights. Raises ExtraError."""
        if self._connection is None:
            self._connection = connect("sealing", threads=1, memory=SEAL_MEMORY)

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, directory: Path, event: str, table: TableBuilder, sealed: Sealed) -> int:
        """A file of one kind of event. Returns how many bytes it has."""
        assert self._connection
        path = directory / f"{table.table}{SUFFIX}"
        metadata = msgspec.json.encode(msgspec.structs.replace(sealed, plan=_plan_of(event))).decode()
        rows = table.take()
        self._connection.register("rows", rows)
        try:
            self._connection.execute(
                f"COPY (FROM rows) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, "
                f"KV_METADATA {{{METADATA_KEY}: {quoted(metadata)}}})"
            ).fetchall()
        finally:
            self._connection.unregister("rows")
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fchmod(descriptor, 0o600)
            os.fsync(descriptor)
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


def _columns(log: Path, number: int, first_seq: int, manifest: Manifest) -> tuple[dict[str, TableBuilder], Sealed]:
    """The columns of a log by event, and what is said of them."""
    reader = LogReader(log)
    tables: dict[str, TableBuilder] = {}
    counts: Counter[str] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    seq = first_seq
    for batch in reader.batches():
        for event in batch.counts().keys() - tables.keys():
            tables[event] = TableBuilder(table_of(event), seq=seq)
        for table in tables.values():
            table.add(batch)
        counts.update(batch.counts())
        for loss in batch.lost():
            lost[loss.of, loss.reason] += loss.count
        seq += len(batch)
    sealed = Sealed(
        recording=manifest.id,
        layout=LAYOUT_VERSION,
        onlooker=__version__,
        segment=number,
        first_seq=first_seq,
        events=dict(counts),
        lost=tuple(Loss(of, reason, count) for (of, reason), count in lost.items()),
        damaged=reader.damaged,
        verdict=manifest.end.verdict if manifest.end else None,
        checksums=True,
    )
    return tables, sealed


def _plan_of(event: str) -> str:
    [plan] = (each for each in PLAN.events if each.name == event)
    return base64.b64encode(zlib.compress(msgspec.json.encode(plan))).decode()
