"""Reads a sealed segment: Parquet files, as the records that they were. Needs DuckDB."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..records import NUMBERS, Batch
from ..records._records import Rebuilt
from ..records.rows import merged, records_of
from ..schema.columns import table_of
from .database import pattern, quoted
from .seal import METADATA_KEY, SUFFIX, Sealed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EVENTS = {table_of(event): event for event in NUMBERS}


class SealedReader:
    """Reads the segment in that directory. When all is read, `damaged` says how many events are missing, as far as that
    is known.
    """

    def __init__(self, directory: Path, connection: "DuckDBPyConnection") -> None:
        self._directory = directory
        self._connection = connection
        self._wanted: dict[str, int] = {}
        self.damaged = 0

    def batches(self) -> Iterator[Batch]:
        """In the order in which they were recorded. Raises FileNotFoundError where rotation has removed it."""
        self.damaged, self._wanted = 0, {}
        self._directory.stat()
        parts = [part for path in sorted(self._directory.glob(f"*{SUFFIX}")) if (part := self._read(path)) is not None]
        yield from merged(parts)
        missing = sum(self._wanted.values()) - sum(map(len, parts))
        self.damaged += max(0, missing) or int(not self._wanted)

    def _read(self, path: Path) -> Rebuilt | None:
        """The records of one file; None where it can't be read."""
        event = _EVENTS.get(path.name.removesuffix(SUFFIX))
        if event is None:
            return None
        from duckdb import Error

        file = quoted(pattern(path))
        try:
            sealed = self._metadata(path)
            if not self._wanted:
                self._wanted, self.damaged = sealed.events, sealed.damaged
            return records_of(event, self._connection.sql(f"FROM read_parquet({file})"))
        except (Error, RuntimeError, ValueError, msgspec.MsgspecError):  # DuckDB raises some plain RuntimeErrors
            return None

    def _metadata(self, path: Path) -> Sealed:
        ask = "SELECT key, value FROM parquet_kv_metadata(?)"
        found = self._connection.execute(ask, [pattern(path)]).fetchall()
        value = next((value for key, value in found if key == METADATA_KEY.encode()), b"")
        return msgspec.json.decode(value, type=Sealed)
