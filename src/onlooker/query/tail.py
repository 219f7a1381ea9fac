"""Logs as tables of DuckDB: what a recording has not sealed yet."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RecordingError
from ..recordings.log import LogReader, is_beginning
from ..records.table import TableBuilder
from ..schema.columns import table_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHUNK_BYTES = 16 << 20  # of records, which are held as columns, too, until they are in the database
SCHEMA = "tail"


class Tail:
    """Puts the logs of one recording into the tables of the schema. `seq`: the number of the next event;
    `events`: how many there are of each kind; `damage`: which logs are not whole, and why; `torn`: that the last one
    ends with a part of a batch.
    """

    def __init__(self, connection: "DuckDBPyConnection", name: str, seq: int = 0, *, is_alone: bool = False) -> None:
        """`is_alone`: a log is all of the recording."""
        self._connection = connection
        self._name = name
        self._is_alone = is_alone
        self.seq = seq
        self.damage: list[str] = []
        self.torn = ""
        self._unfinished = 0  # bytes at the end of the log that was read last
        self.events: Counter[str] = Counter()

    def add(self, path: Path, look: Callable[[], None], *, is_end: bool = False, is_written: bool = False) -> None:
        """All of a log. `look` is called for each batch; `is_end`: the recording was never finished, and this is its
        last one; `is_written`: what is not whole there may be being written. Raises OSError and RecordingError.
        """
        try:
            self._add(path, look)
            if self._unfinished and not is_written:
                how = "that was being written" if is_end else "whose rest is missing"
                note = f"{str(path)!r}: its last {self._unfinished} bytes are the beginning of a batch {how}"
                if is_end:
                    self.torn = note
                else:
                    self.damage.append(note)
        except RecordingError as error:
            if self._is_alone:
                raise
            if not (is_written and is_beginning(path)):
                self.damage.append(str(error))

    def _add(self, path: Path, look: Callable[[], None]) -> None:
        reader = LogReader(path)
        tables: dict[str, TableBuilder] = {}
        held = 0
        for batch in reader.batches():
            look()
            for event in batch.counts().keys() - tables.keys():
                tables[event] = TableBuilder(table_of(event), seq=self.seq)
            for table in tables.values():
                table.add(batch)
            self.events.update(batch.counts())
            self.seq += len(batch)
            held += len(batch.raw)
            if held >= CHUNK_BYTES:
                self._flush(tables)
                held = 0
        self._flush(tables)
        self.damage += (f"{str(path)!r}: {reason}" for reason in reader.reasons)
        self._unfinished = reader.unfinished

    def _flush(self, tables: dict[str, TableBuilder]) -> None:
        for table in tables.values():
            if not len(table):
                continue
            self._connection.register("rows", table.take())
            try:
                self._connection.execute(
                    f"INSERT INTO {SCHEMA}.{table.table} SELECT *, ? AS recording FROM rows", [self._name]
                ).fetchall()
            finally:
                self._connection.unregister("rows")
