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
from ..schema.columns import table_of
from .checksums import FILE_NAME as CHECKSUMS
from .checksums import Checksums
from .database import pattern, quoted
from .log import MOST_REASONS
from .needed import NULLS, lacking
from .seal import METADATA_KEY, SUFFIX, Sealed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 4 << 20  # of a segment: one of 16 MB has some 85 000
_LONGEST_WORDS = 120
_EVENTS = {table_of(event): event for event in NUMBERS}


class SealedReader:
    """Reads the segment in that directory, of the recording with that id, where it is known. When all is read,
    `damaged` is not 0 where something is missing or makes no sense, and `reasons` says what.
    """

    def __init__(self, directory: Path, connection: "DuckDBPyConnection", recording: str | None = None) -> None:
        self._directory = directory
        self._connection = connection
        self._recording = recording
        self._wanted: Counter[str] = Counter()
        self._numbers: range | None = None  # of its events
        self._checksums: Checksums | None = None
        self.damaged = 0
        self.reasons: list[str] = []

    def batches(self) -> Iterator[Batch]:
        """In the order in which they were recorded. Raises FileNotFoundError where rotation has removed it."""
        self.damaged, self._wanted, self._numbers, self.reasons = 0, Counter(), None, []
        self._directory.stat()
        self._checksums = Checksums(self._directory)
        if self._checksums.is_damaged:
            self.damaged += 1
            self._say(f"{CHECKSUMS}: no checksums")
        parts = [part for path in sorted(self._directory.glob(f"*{SUFFIX}")) if (part := self._read(path)) is not None]
        missing = sum(self._wanted.values()) - sum(map(len, parts))
        self.damaged += max(0, missing) or int(not self._wanted)
        if not self._wanted:
            self._say("no file of it says what it has")
        elif missing > 0:
            there = {path.name for path in self._directory.iterdir()}
            absent = [f"{table}{SUFFIX}" for table, event in _EVENTS.items() if self._wanted[event]]
            absent = [name for name in absent if name not in there]
            self._say(f"{', '.join(absent)}: missing" if absent else f"{missing} events are missing")
        seqs = [seq for part in parts for seq in part.seqs]
        if twice := len(seqs) - len(set(seqs)):
            self.damaged += twice
            self._say(f"{twice} events are there twice")
        if self.damaged:
            self._directory.stat()  # it may be going just now
        try:
            yield from merged(parts)
        except UsageError:
            self.damaged += 1
            self._say("its records make no sense")

    def _say(self, reason: str) -> None:
        if len(self.reasons) < MOST_REASONS:
            self.reasons.append(reason)

    def _read(self, path: Path) -> Rebuilt | None:
        """The records of one file; None where it can't be read."""
        event = _EVENTS.get(path.name.removesuffix(SUFFIX))
        if event is None:
            return None
        from duckdb import Error

        assert self._checksums
        try:
            if not path.is_file():  # to open a FIFO takes for ever
                self._say(f"{path.name}: no regular file")
                return None
            if not self._checksums.match(path):
                self.damaged += 1
                self._say(f"{path.name}: its checksum is another")
                return None
            sealed = self._metadata(path)
            if self._numbers is None:
                self._wanted = Counter(sealed.events)
                if sealed.damaged:
                    self.damaged += 1
                    self._say(f"{sealed.damaged} bytes of its log were damaged when it was sealed")
                if sealed.checksums and not self._checksums.are_there:
                    self.damaged += 1
                    self._say(f"{CHECKSUMS}: missing")
                self._numbers = range(sealed.first_seq, sealed.first_seq + self._wanted.total())
            if not self._is_as_said(path, event, sealed):
                self.damaged += 1
                self._say(f"{path.name}: from another recording or segment, or with other rows than were sealed")
                return None
            part = records_of(event, self._connection.sql(f"FROM {_rows(path)}"))
        # DuckDB raises some plain RuntimeErrors
        except (Error, OSError, OverflowError, RecursionError, RuntimeError, ValueError, msgspec.MsgspecError) as error:
            self._say(f"{path.name}: {_words(error)}")
            return None
        if not self._are_numbers(part.seqs):
            self.damaged += 1
            self._say(f"{path.name}: its events have numbers of others")
            return None
        return part

    def _metadata(self, path: Path) -> Sealed:
        ask = "SELECT key, value FROM parquet_kv_metadata(?)"
        found = self._connection.execute(ask, [pattern(path)]).fetchall()
        value = next((value for key, value in found if key == METADATA_KEY.encode()), b"")
        return msgspec.json.decode(value, type=Sealed)

    def _is_as_said(self, path: Path, event: str, sealed: Sealed) -> bool:
        """Whether the file is one of this segment, and has as many rows as it says, with all that they need."""
        if not sealed.is_of(self._recording, int(self._directory.name)):
            return False
        run = self._connection.execute
        [(rows,)] = run("SELECT num_rows FROM parquet_file_metadata(?)", [pattern(path)]).fetchall()
        if rows != self._wanted[event] or rows > MOST_ROWS:
            return False
        return not lacking(event, {name: nulls for _, name, nulls in run(NULLS, [pattern(path)]).fetchall()})

    def _are_numbers(self, seqs: list[int]) -> bool:
        """Whether they rise, and are of this segment."""
        assert self._numbers is not None
        is_rising = all(map(operator.lt, seqs, seqs[1:]))
        return is_rising and (not seqs or (seqs[0] in self._numbers and seqs[-1] in self._numbers))


def _rows(path: Path) -> str:
    # a directory above is named as it is, also where that looks like KEY=VALUE
    return f"read_parquet({quoted(pattern(path))}, hive_partitioning = false)"


def _words(error: Exception) -> str:
    """What is wrong with a file, in one line."""
    words = " ".join(str(error).split())
    return f"{words[: _LONGEST_WORDS - 1]}…" if len(words) > _LONGEST_WORDS else words
