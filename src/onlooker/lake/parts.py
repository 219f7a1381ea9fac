"""Messages by where their events go: for each date and host, columns of each kind of event."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from ..records import Batch
from ..records.table import TableBuilder
from ..schema.columns import table_of
from ..sinks.message import Head

_BILLION = 1_000_000_000
_DAY_NS = 86_400 * _BILLION


class Held(NamedTuple):
    """A message, and its events."""

    head: Head
    batches: list[Batch]


class Part(msgspec.Struct):
    """What goes into one file. `tables`: of each run (boot, run) and kind of event, one after the other."""

    date: str
    host: str
    rows: int = 0
    first_ns: int = 1 << 62
    last_ns: int = 0
    tables: list[tuple[str, int, TableBuilder]] = []


class _Piece(NamedTuple):
    """Records of one day: the number of the first, and when the first and the last were."""

    seq: int
    batch: Batch
    first_ns: int
    last_ns: int


def parts(held: Sequence[Held]) -> list[Part]:
    """Of messages in any order."""
    found: dict[tuple[str, str], Part] = {}
    tables: dict[tuple[str, str, str, int, str], TableBuilder] = {}
    for head, batches in sorted(
        held, key=lambda each: (each.head.host, each.head.boot_id, each.head.run, each.head.seq)
    ):
        for piece in _pieces(head, batches):
            date = date_of(piece.first_ns)
            part = found.setdefault((date, head.host), Part(date, head.host))
            part.rows += len(piece.batch)
            part.first_ns, part.last_ns = min(part.first_ns, piece.first_ns), max(part.last_ns, piece.last_ns)
            for event in piece.batch.counts():
                key = (date, head.host, head.boot_id, head.run, event)
                table = tables.get(key)
                if table is None or table.seq > piece.seq:  # a message that came twice may be of another version
                    table = tables[key] = TableBuilder(table_of(event), seq=piece.seq)
                    part.tables.append((head.boot_id, head.run, table))
                table.skip(piece.seq - table.seq)
                table.add(piece.batch)
    for part in found.values():  # rows of one kind side by side are smaller, and found faster
        part.tables.sort(key=lambda each: each[2].table)
    return list(found.values())


def date_of(ns: int) -> str:
    """The day in UTC, of nanoseconds since 1970."""
    return f"{datetime.fromtimestamp(ns // _BILLION, UTC):%Y-%m-%d}"


def _pieces(head: Head, batches: Sequence[Batch]) -> Iterator[_Piece]:
    """The records by day."""
    seq = head.first
    for batch in batches:
        rest = batch
        while len(rest):
            piece, rest = _day(rest)
            yield _Piece(seq, piece, _time_of(piece, 0), _time_of(piece, len(piece) - 1))
            seq += len(piece)


def _day(batch: Batch) -> tuple[Batch, Batch]:
    """The records up to midnight, and the rest. Records are in the order of time, but for some microseconds."""
    day = _time_of(batch, 0) // _DAY_NS
    if _time_of(batch, len(batch) - 1) // _DAY_NS == day:
        return batch, batch.after(len(batch))
    low, high = 1, len(batch) - 1  # the first that may be of another day
    while low < high:
        middle = (low + high) // 2
        if _time_of(batch, middle) // _DAY_NS == day:
            low = middle + 1
        else:
            high = middle
    return batch.before(low), batch.after(low)


def _time_of(batch: Batch, place: int) -> int:
    """Of the record at that place, in nanoseconds since 1970."""
    [event] = batch.after(place).before(1).events()
    return max(0, event.boot_ns + batch.offset_ns)
