"""Events to records: for what is made by hand. What a field can't hold on the wire is refused."""

import struct
from datetime import datetime
from typing import Any

from ..errors import UsageError
from ..events.base import Event
from ..schema.fields import Op
from ..schema.plan import EventPlan, Plan, StepPlan
from ..schema.values import Flags, Names

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SIGNED = {4: "i", 8: "q"}
_BILLION = 1_000_000_000


def raw_bytes(text: str) -> bytes:
    """A text's exact bytes: what os.fsdecode could not read is a byte again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair, which no kernel gives
        return b"".join(
            each.encode("utf-8", "surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass")
            for each in text
        )


def wall_ns(time: str) -> int:
    """Nanoseconds since 1970 of a time in RFC 3339, UTC. Raises UsageError for what is none.

    >>> wall_ns("1970-01-01T00:00:01.5Z")
    1500000000
    """
    seconds, _, fraction = time.removesuffix("Z").partition(".")
    digits = f"{fraction:0<9}"
    try:
        if not time.endswith("Z") or len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
            raise ValueError(time)
        moment = int(datetime.fromisoformat(f"{seconds}+00:00").timestamp()) * _BILLION + int(digits)
        if not 0 <= moment < 2**63:
            raise ValueError(time)
    except (ValueError, OverflowError):
        hint = "from 1970 to 2262: 2026-01-31T12:00:00.123456789Z"
        raise UsageError(f"not a time: {time!r}", hint) from None
    return moment


def offset_ns(event: Event) -> int:
    """Its wall clock minus its boot clock, in 64 bits."""
    return (wall_ns(event.time) - event.boot_ns + 2**63) % 2**64 - 2**63


def record(plan: Plan, event: Event) -> bytes:
    """The record of an event. Raises UsageError for what does not go into one."""
    own = next((each for each in plan.events if each.name == event.event), None)
    if own is None:
        raise UsageError.unknown("event", event.event, [each.name for each in plan.events])
    head, tail = bytearray(own.bytes), bytearray()
    struct.pack_into("=H", head, plan.kind_at, own.number)
    for step in own.steps:
        value = getattr(event, step.name)
        try:
            if step.op in (Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED):
                _put_text(head, tail, step, event, value)
            elif step.op is not Op.TIME:
                _put_fixed(head, step, value)
        except (struct.error, LookupError, TypeError, AttributeError, ValueError) as error:
            raise _refused(own, step, value) from error
    return bytes(head + tail)


def _refused(event: EventPlan, step: StepPlan, value: object) -> UsageError:
    what = f"{event.name}.{step.name}"
    if isinstance(step.values, Names) and isinstance(value, str):
        return UsageError.unknown(what, value, [name for _, name in step.values.names])
    return UsageError(f"not a value of {what}: {value!r}", "see docs/fields.md")


def _put_fixed(head: bytearray, step: StepPlan, value: Any) -> None:
    if step.op is Op.NAME:
        name = raw_bytes(value)
        if len(name) > step.bytes or b"\0" in name:
            raise ValueError(value)
        head[step.at : step.at + len(name)] = name
        return
    if value is None:
        if step.absent is None:
            raise ValueError(value)
        number = step.absent
    elif isinstance(step.values, Names | Flags):
        number = step.values.number_of(value)
    elif not isinstance(value, int):
        raise TypeError(value)
    else:
        number = int(value)
        if number == step.absent:  # it would be read as None
            raise ValueError(value)
    if step.op is Op.SIGNED:
        struct.pack_into(f"={_SIGNED[step.bytes]}", head, step.at, number)
    else:
        struct.pack_into(f"={_CODES[step.bytes]}", head, step.at, number)


def _put_text(head: bytearray, tail: bytearray, step: StepPlan, event: Event, value: Any) -> None:
    if value is None and step.absent is not None:
        return
    if step.op is Op.TEXTS:
        text = b"".join(_without_nul(each) + b"\0" for each in value)
    elif step.op is Op.PATH:
        text = walked(_without_nul(value))
    elif step.op is Op.JOINED:
        text = walked(_directory(_without_nul(value), raw_bytes(getattr(event, step.of) or "")))
    else:
        text = _without_nul(value)
    struct.pack_into("=II", head, step.at, len(head) + len(tail), len(text))
    tail += text


def _without_nul(text: str) -> bytes:
    raw = raw_bytes(text)
    if b"\0" in raw:
        raise ValueError(text)
    return raw


def walked(path: bytes) -> bytes:
    """The names from the last to the first, and an empty one for the root."""
    if not path:
        return b""
    names = [b""] if path == b"/" else reversed(path.split(b"/"))
    return b"".join(name + b"\0" for name in names)


def _directory(joined: bytes, path: bytes) -> bytes:
    """What comes before `path` in the two together. Raises ValueError where it does not end with it."""
    if not path:
        return joined
    if not joined.endswith(path):
        raise ValueError(joined)
    before = joined.removesuffix(path)
    if path.startswith(b"/") and before == b"/":  # a root takes nothing from an absolute path, and gives it nothing
        raise ValueError(joined)
    if path.startswith(b"/") or not before:
        return before
    if not before.endswith(b"/") or before == b"//":
        raise ValueError(joined)
    return before.removesuffix(b"/") or b"/"
