"""Reads a sealed segment: Parquet files, as the records that they were. Needs DuckDB."""

import operator
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import UsageError
from ..records import NUMBERS, Batch
from ..records._records import Rebuilt
from ..records.rows import merged, records_of
from ..schema.columns import SEQ, table_of
from .database import pattern, quoted
from .seal import METADATA_KEY, SUFFIX, Sealed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 4 << 20  # of a segment: one of 16 MB has some 85 000
_EVENTS = {table_of(event): event for event in NUMBERS}


class SealedReader:
    """Reads the segment in that directory, of the recording with that id, where it is known. When all is read,
    `damaged` is not 0 where something is missing or makes no sense.
    """

    def __init__(self, directory: Path, connection: "DuckDBPyConnection", recording: str | None = None) -> None:
        self._directory = directory
        self._connection = connection
        self._recording = recording
        self._wanted: Counter[str] = Counter()
        self._numbers: range | None = None  # of its events
        self.damaged = 0

    def batches(self) -> Iterator[Batch]:
        """In the order in which they were recorded. Raises FileNotFoundError where rotation has removed it."""
        self.damaged, self._wanted, self._numbers = 0, Counter(), None
        self._directory.stat()
        parts = [part for path in sorted(self._directory.glob(f"*{SUFFIX}")) if (part := self._read(path)) is not None]
        missing = sum(self._wanted.values()) - sum(map(len, parts))
        self.damaged += max(0, missing) or int(not self._wanted)
        seqs = [seq for part in parts for seq in part.seqs]
        self.damaged += len(seqs) - len(set(seqs))
        if self.damaged:
            self._directory.stat()  # it may be going just now
        try:
            yield from merged(parts)
        except UsageError:
            self.damaged += 1

    def _read(self, path: Path) -> Rebuilt | None:
        """The records of one file; None where it can't be read."""
        event = _EVENTS.get(path.name.removesuffix(SUFFIX))
        if event is None:
            return None
        from duckdb import Error

        try:
            if not path.is_file():  # to open a FIFO takes for ever
                return None
            sealed = self._metadata(path)
            if self._numbers is None:
                self._wanted = Counter(sealed.events)
                self.damaged += int(sealed.damaged != 0)
                self._numbers = range(sealed.first_seq, sealed.first_seq + self._wanted.total())
            if not self._is_as_said(path, event, sealed):
                self.damaged += 1
                return None
            part = records_of(event, self._connection.sql(f"FROM {_rows(path)}"))
        # DuckDB raises some plain RuntimeErrors
        except (Error, OSError, OverflowError, RecursionError, RuntimeError, ValueError, msgspec.MsgspecError):
            return None
        if not self._are_numbers(part.seqs):
            self.damaged += 1
            return None
        return part

    def _metadata(self, path: Path) -> Sealed:
        ask = "SELECT key, value FROM parquet_kv_metadata(?)"
        found = self._connection.execute(ask, [pattern(path)]).fetchall()
        value = next((value for key, value in found if key == METADATA_KEY.encode()), b"")
        return msgspec.json.decode(value, type=Sealed)

    def _is_as_said(self, path: Path, event: str, sealed: Sealed) -> bool:
        """Whether the file is one of this segment, and has as many rows as it says, all with a number."""
        if self._recording not in (None, sealed.recording) or str(sealed.segment) != self._directory.name.lstrip("0"):
            return False
        run = self._connection.execute
        [(rows,)] = run("SELECT num_rows FROM parquet_file_metadata(?)", [pattern(path)]).fetchall()
        if rows != self._wanted[event] or rows > MOST_ROWS:
            return False
        [(numbered,)] = self._connection.sql(f"FROM {_rows(path)}").count(SEQ).fetchall()
        return bool(numbered == rows)

    def _are_numbers(self, seqs: list[int]) -> bool:
        """Whether they rise, and are of this segment."""
        assert self._numbers is not None
        is_rising = all(map(operator.lt, seqs, seqs[1:]))
        return is_rising and (not seqs or (seqs[0] in self._numbers and seqs[-1] in self._numbers))


def _rows(path: Path) -> str:
    # a directory above is named as it is, also where that looks like KEY=VALUE
    return f"read_parquet({quoted(pattern(path))}, hive_partitioning = false)"
