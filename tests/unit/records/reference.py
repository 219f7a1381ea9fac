"""What a batch of records must become: the native part once more, in plain Python, with no memory of earlier records.

Written from the plan alone, so that new events and fields are covered by themselves. Nothing else in the tests decodes.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from onlooker import Batch, Event, Lost
from onlooker.events import EVENTS, OWN_EVENTS
from onlooker.records import PLAN
from onlooker.schema.fields import Op
from onlooker.schema.plan import EventPlan, Plan, StepPlan
from onlooker.schema.values import Flags, Names

from ..escaping.oracle import json_line
from ..events.phrases import line

BILLION = 10**9


class MisfitError(Exception):
    """The record makes no sense."""


def unsigned(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def time(boot_ns: int, offset_ns: int) -> str:
    """A sum beyond 64 bits wraps, and before 1970 is 1970: no clock that was set gives either."""
    wall_ns = (boot_ns + offset_ns + 2**63) % 2**64 - 2**63
    second, rest = divmod(max(0, wall_ns), BILLION)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def span(record: bytes, fixed: int, raw: bytes) -> bytes:
    offset, length = struct.unpack("=II", raw)
    if not length:
        return b""
    if offset < fixed or offset + length > len(record):
        raise MisfitError
    return record[offset : offset + length]


def texts(raw: bytes) -> tuple[str, ...]:
    """Each is ended by a NUL; the last one may lack it."""
    parts = raw.split(b"\0")
    return tuple(map(os.fsdecode, parts if parts[-1] else parts[:-1]))


def path(raw: bytes) -> bytes:
    """Names from the last to the first, each ended by a NUL; the root's is empty."""
    names = raw.split(b"\0")
    found = b"/".join(reversed(names if names[-1] else names[:-1]))
    return b"/" if raw and not found else found


def joined(base: bytes, text: bytes) -> bytes:
    if not text:
        return base
    if base == b"/":
        base = b""
        text = b"/" + text.removeprefix(b"/")
    return base + (b"/" if base and not text.startswith(b"/") else b"") + text


def named(values: Names | Flags | None, number: int) -> object:
    assert values
    try:
        return values.name_of(number) if isinstance(values, Names) else values.names_of(number)
    except LookupError:
        raise MisfitError from None


def value(record: bytes, event: EventPlan, step: StepPlan, offset_ns: int) -> Any:
    raw = record[step.at : step.at + step.bytes]
    if step.op is Op.TIME:
        return time(unsigned(raw), offset_ns)
    if step.op is Op.BOOLEAN:
        return raw != b"\0"
    if step.op is Op.NAME:
        return os.fsdecode(raw.partition(b"\0")[0])
    if step.op in (Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED):
        found = span(record, event.bytes, raw)
        if unsigned(raw[:4]) == step.absent:  # it has no place in the record
            return None
        if step.op is Op.TEXTS:
            return texts(found)
        if step.op is Op.TEXT:
            return os.fsdecode(found)
        behind = b""
        if step.op is Op.JOINED:
            at = next(each.at for each in event.steps if each.name == step.of)
            behind = span(record, event.bytes, record[at : at + 8])
        return os.fsdecode(joined(path(found), behind))
    number = signed(raw) if step.op is Op.SIGNED else unsigned(raw)
    if number == step.absent:
        return None
    return named(step.values, number) if step.op in (Op.ONE_OF, Op.FLAGS) else number


class Reference:
    """Like `Batch.checked(buffer, offset_ns, boot_ns).events()`, for any plan."""

    def __init__(self, plan: Plan = PLAN, classes: Mapping[str, type[Event]] = EVENTS) -> None:
        self._plan = plan
        self._events = {event.number: event for event in plan.events}
        self._classes = classes

    def events(self, buffer: bytes, offset_ns: int = 0, boot_ns: int = 0) -> list[Event]:
        def corrupt(of: str) -> Lost:
            return Lost(time(boot_ns, offset_ns), boot_ns, 1, of, "corrupt")

        found = []
        for record in framed(buffer):
            event = self._event_of(record)
            try:
                found.append(self._made(record or b"", event, offset_ns) if event else corrupt("unknown"))
            except MisfitError:
                assert event
                found.append(corrupt(event.name))
        return found

    def _event_of(self, record: bytes | None) -> EventPlan | None:
        """None also for what onlooker adds, as a report of losses: the probe sends none."""
        at = self._plan.kind_at
        event = self._events.get(unsigned(record[at : at + 2])) if record and len(record) >= at + 2 else None
        return event if event and event.name not in OWN_EVENTS else None

    def _made(self, record: bytes, event: EventPlan, offset_ns: int) -> Event:
        if len(record) < event.bytes:
            raise MisfitError
        return self._classes[event.name](*[value(record, event, step, offset_ns) for step in event.steps])


def framed(buffer: bytes) -> Iterator[bytes | None]:
    """The records of a batch; None, and then no more, for one that reaches beyond it, or a
    part of a length."""
    at = 0
    while at < len(buffer):
        if at + 8 > len(buffer):
            yield None
            return
        length = unsigned(buffer[at : at + 8])
        at += 8
        if length > len(buffer) - at:
            yield None
            return
        yield buffer[at : at + length]
        at += -(-length // 8) * 8


REFERENCE = Reference()


def check(buffer: bytes, offset_ns: int = 0, boot_ns: int = 0) -> list[Event]:
    """The events of a batch, which are those of the reference, and its lines those that Python would write."""
    batch = Batch.checked(buffer, offset_ns, boot_ns)
    events, wanted = batch.events(), REFERENCE.events(buffer, offset_ns, boot_ns)
    assert events == wanted
    assert batch.to_json() == b"".join(map(json_line, wanted))
    assert batch.to_text().decode().split("\n") == [*map(line, wanted), ""]
    return events
