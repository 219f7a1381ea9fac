"""Messages by where their events go: for each date and host, columns of each kind of event."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import NamedTuple

import msgspec

from ..records import PLAN, Batch
from ..records.table import TableBuilder
from ..schema.columns import table_of
from ..sinks.message import Head, MessageError

_BILLION = 1_000_000_000
_DAY_NS = 86_400 * _BILLION
MOST_DATES = 8  # of a message: each is a file
_MOST_NS = 1 << 63  # of a time, and of one since boot
_length_at = Struct("=Q").unpack_from


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
    date: str
    batch: Batch
    first_ns: int
    last_ns: int


def parts(held: Sequence[Held]) -> list[Part]:
    """Of messages in any order."""
    found: dict[tuple[str, str], Part] = {}
    tables: dict[tuple[str, str, str, int, str], TableBuilder] = {}
    for head, batches in sorted(held, key=_place):
        for piece in _pieces(head, batches):
            date = piece.date
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


def _place(held: Held) -> tuple[str, str, int, int, int]:
    head = held.head
    return head.host, head.boot_id, head.run, head.seq, head.first


def date_of(ns: int) -> str:
    """The day in UTC, of nanoseconds since 1970."""
    return f"{datetime.fromtimestamp(ns // _BILLION, UTC):%Y-%m-%d}"


def check(held: Held) -> None:
    """Raises MessageError for times that no lake has a place for."""
    days: set[int] = set()
    for batch in held.batches:
        if times := _times(batch):
            first, last = min(times), max(times)
            if first < 0 or last >= _MOST_NS or last - batch.offset_ns >= _MOST_NS:
                raise MessageError("the time of a record makes no sense")
            some = {first // _DAY_NS, last // _DAY_NS}
            days |= some if len(some) == 1 else {each // _DAY_NS for each in times}
    if len(days) > MOST_DATES:
        raise MessageError(f"its records are of {len(days)} days")


def _pieces(head: Head, batches: Sequence[Batch]) -> Iterator[_Piece]:
    """The records by day: a record that is older than the one before, by microseconds, is of the same."""
    seq = head.first
    for batch in batches:
        times = _times(batch)
        start = place = 0
        for end in (*_midnights(times), len(times)):
            some = times[start:end]
            if not some:
                continue
            behind = place
            if len(some) == len(times):
                piece = batch
            else:
                behind = _place_after(batch, place, len(some))
                piece = batch.part(place, behind)
            yield _Piece(seq, date_of(some[0]), piece, min(some), max(some))
            seq += len(some)
            start, place = end, behind


def _midnights(times: list[int]) -> list[int]:
    """Which records are the first of a later day."""
    if not times or min(times) // _DAY_NS == max(times) // _DAY_NS:
        return []
    found, day = [], times[0] // _DAY_NS
    for number, each in enumerate(times):
        if each // _DAY_NS > day:
            found.append(number)
            day = each // _DAY_NS
    return found


def _times(batch: Batch) -> list[int]:
    """Of each record, in nanoseconds since 1970."""
    data, found, at = memoryview(batch.raw), [], 0
    boot_at, offset_ns, end = 8 + PLAN.boot_at, batch.offset_ns, len(data)
    while at < end:
        (length,) = _length_at(data, at)
        found.append(_length_at(data, at + boot_at)[0] + offset_ns)
        at += 8 + length + -length % 8
    return found


def _place_after(batch: Batch, place: int, count: int) -> int:
    """Where that many records end, which begin at a place."""
    data = memoryview(batch.raw)
    for _ in range(count):
        (length,) = _length_at(data, place)
        place += 8 + length + -length % 8
    return place
