"""The layout and text of records, as data: for the native writers, and to keep beside a recording."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .fields import Op
from .layout import CUT, KIND, Field, Layout
from .phrase import Phrase, fields_of, joined, parse
from .values import Flags, Values


class StepPlan(msgspec.Struct, frozen=True):
    """One field: `at` and `bytes` say where it lies in the record's fixed part. `absent`: the number (of a text: the
    offset) that means that it does not apply. `omit`: left out of JSON where it is false or empty. `of`: the field that
    a joined path ends with.
    """

    name: str
    op: Op
    at: int
    bytes: int
    absent: int | None = None
    omit: bool = False
    values: Values | None = None
    of: str = ""


class EventPlan(msgspec.Struct, frozen=True):
    """One event: its number on the wire, the bytes before the tail, its fields in their order, its phrases."""

    name: str
    number: int
    bytes: int
    steps: tuple[StepPlan, ...]
    line: Phrase
    result: Phrase
    details: Phrase


class Plan(msgspec.Struct, frozen=True):
    """All events; and where a record's header has its kind, what is cut, and the time."""

    kind_at: int
    cut_at: int
    boot_at: int
    events: tuple[EventPlan, ...]

    def to_json(self) -> bytes:
        """As it is kept beside records; `from_json` reads it."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes) -> "Plan":
        """Raises msgspec.ValidationError for a malformed plan."""
        return msgspec.json.decode(text, type=cls)


MARKS = "{unproven? [unproven]}{cut? [cut: {cut}]}"  # what is in doubt or not whole, after every phrase


def plan(layouts: Mapping[str, Layout]) -> Plan:
    """The plan of these events, numbered from 1 in their order. Raises ValueError for a malformed phrase."""
    known = {f.name for made in layouts.values() for f in made.fields} | {"own_pid"}
    header = {f.name: f.offset for f in next(iter(layouts.values())).header.members}
    events = tuple(_event(name, number, made, known) for number, (name, made) in enumerate(layouts.items(), 1))
    return Plan(kind_at=header[KIND.name], cut_at=header[CUT.name], boot_at=header["boot_ns"], events=events)


def _event(name: str, number: int, made: Layout, known: set[str]) -> EventPlan:
    cls: Any = made.event  # with its phrases: who, phrase, result, details
    defaults = dict(zip(reversed(cls.__struct_fields__), reversed(cls.__struct_defaults__), strict=False))
    steps = tuple(_step(f, made, f.name in defaults) for f in made.fields)
    line = _phrase((f"{cls.who} ", cls.phrase, MARKS), known, name)
    result, details = _phrase((cls.result,), known, name), _phrase((cls.details, MARKS), known, name)
    return EventPlan(name, number, made.size, steps, line, result, details)


def _phrase(parts: tuple[str, ...], known: Iterable[str], event: str) -> Phrase:
    found = joined(map(parse, parts))  # each by itself, so that none continues in the next
    if missing := sorted(set(fields_of(found)) - set(known)):
        raise ValueError(f"the phrase of {event} speaks of {', '.join(missing)}, a field of no event")
    return found


def _step(f: Field, made: Layout, can_be_omitted: bool) -> StepPlan:
    if f.name == CUT.name:
        names = Flags(bits=tuple((1 << bit, name) for bit, name in enumerate(made.cuttable)))
        return StepPlan(f.name, Op.FLAGS, f.offset, CUT.type.size, None, True, names)
    size = 8 if f.type.op is Op.TIME else f.type.size
    return StepPlan(f.name, f.type.op, f.offset, size, f.type.absent, can_be_omitted, f.type.values, f.type.of)
