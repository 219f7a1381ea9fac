"""Records, as they come out of the ring: what must hold for any bytes, and for the lines that are made of them."""

import json
import os
import struct
from random import Random

import msgspec

from onlooker import Batch, Event, Lost
from onlooker.escaping import escape
from onlooker.records import PLAN
from onlooker.schema.columns import columns_of, table_of, wide_columns

from ..unit.escaping.test_escape import unescaped
from ..unit.records import arrow
from ..unit.records.column_values import row
from ..unit.records.reference import check as check_all
from .mutate import edges, generated, mutated

COLUMNS = {event.name: columns_of(event) for event in PLAN.events}
WIDE = wide_columns(PLAN)
BOOT_NS = 23  # of the report for a record that makes no sense


def split(data: bytes) -> tuple[int, bytes]:
    """The first 8 bytes are the offset of the wall clock."""
    return struct.unpack("=q", data[:8].ljust(8, b"\0"))[0], data[8:]


def joined(rng: Random, buffer: bytes) -> bytes:
    offset_ns = rng.choice((0, 0, 1_700_000_000 * 10**9, -1, 2**63 - 1, -(2**63), rng.getrandbits(62)))
    return struct.pack("=q", offset_ns) + buffer


def first() -> list[bytes]:
    return [bytes(8) + each for each in edges()]


def made(rng: Random) -> bytes:
    return joined(rng, generated(rng))


def changed(rng: Random, data: bytes) -> bytes:
    _, buffer = split(data)
    return joined(rng, mutated(rng, buffer)) if rng.random() < 0.1 else data[:8].ljust(8, b"\0") + mutated(rng, buffer)


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    offset_ns, buffer = split(data)
    batch, events = Batch.checked(buffer, offset_ns, BOOT_NS), check_all(buffer, offset_ns, BOOT_NS)
    for event in events:
        check_event(event)
    check_lines(batch, events)
    check_parts(batch, events)
    check_columns(batch, events)


def check_lines(batch: Batch, events: list[Event]) -> None:
    """One for each record, each printable, and each of JSON one object."""
    for lines in (batch.to_text(), batch.to_json()):
        found = lines.decode().split("\n")
        assert found.pop() == ""
        assert len(found) == len(events)
        assert all(line.isprintable() for line in found)
    assert [json.loads(line)["event"] for line in found] == [event.event for event in events]
    assert (
        len(batch.results())
        == len(batch.details())
        == len(batch.details(16))
        == len(batch.local_times())
        == len(events)
    )
    assert all(line.isprintable() for line in (*batch.results(), *batch.details(), *batch.details(16)))


def check_parts(batch: Batch, events: list[Event]) -> None:
    """What a batch counts and how it is parted."""
    assert len(batch) == len(events)
    assert batch.lost() == [event for event in events if isinstance(event, Lost)]
    assert batch.cut == sum(bool(event.cut) for event in events)
    for most in (0, 1, len(events) // 2, len(events) + 1):
        first, rest = batch.split(most)
        assert first.events() + rest.events() == events
        assert len(first) - len(first.lost()) <= most
        assert batch.after(most).events() == events[most:]


def check_columns(batch: Batch, events: list[Event]) -> None:
    """Each column has what the object says; times before 1970 are themselves."""
    wanted = [row(event, WIDE) for event in events]
    found = arrow.rows(batch)
    for one, other in zip(found, wanted, strict=True):
        one["time"] = max(0, one["time"])
        assert one == other
    for event, columns in COLUMNS.items():
        of_kind = [row(each, columns) for each in events if each.event == event]
        found = arrow.rows(batch.table(table_of(event)))
        assert [{**each, "time": max(0, each["time"])} for each in found] == of_kind


def check_event(event: Event) -> None:
    """The values have their types, no byte was lost, and every text can be escaped and got back."""
    plain = msgspec.to_builtins(event)
    assert msgspec.convert(plain, type(event)) == event
    for value in plain.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                raw = os.fsencode(text)
                assert os.fsdecode(raw) == text
                assert unescaped(escape(text)) == raw
