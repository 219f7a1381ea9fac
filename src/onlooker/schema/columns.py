"""The columns of events: for Arrow, Parquet and SQL. One table for each event, and a wide one for all together."""

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from .fields import Op
from .plan import EventPlan, Plan, StepPlan

WIDE = "events"  # the table of all events
SEQ = "seq"
_PLURALS = {"lost": "losses", "ancestry": "ancestries"}  # of those that the rule does not make


class Type(IntEnum):
    """What a column holds; `records/native/columns.h` has the other half of this list."""

    BOOL = 0
    UINT8 = 1
    UINT16 = 2
    UINT32 = 3
    UINT64 = 4
    INT32 = 5
    INT64 = 6
    TIME = 7
    TEXT = 8
    BYTES = 9
    TEXTS = 10
    BYTES_LIST = 11


class Form(IntEnum):
    """What is made of a field; `records/native/columns.h` has the other half of this list, too."""

    VALUE = 0
    BYTES = 1  # the exact bytes of a text that is not UTF-8
    COMMAND = 2  # texts as one shell command
    EVENT = 3  # the name of the event
    SEQ = 4  # its number


class Column(msgspec.Struct, frozen=True):
    """One column. `steps`: of which events it holds a field, by number, and the place of that among the event's fields.
    `of`: the column whose exact bytes it holds.
    """

    name: str
    type: Type
    form: Form = Form.VALUE
    is_optional: bool = False
    steps: tuple[tuple[int, int], ...] = ()
    of: str = ""


_UNSIGNED = (Type.UINT8, Type.UINT16, Type.UINT32, Type.UINT64)
_SIGNED = (Type.INT32, Type.INT64)
_TEXTS = (Op.NAME, Op.TEXT, Op.PATH, Op.JOINED)
_TYPES = {Op.BOOLEAN: Type.BOOL, Op.TIME: Type.TIME, Op.ONE_OF: Type.TEXT, Op.FLAGS: Type.TEXTS, Op.TEXTS: Type.TEXTS}
_TYPES |= dict.fromkeys(_TEXTS, Type.TEXT)


def table_of(event: str) -> str:
    """The name of an event's table, the plural of its name.

    >>> table_of("open"), table_of("access"), table_of("lost")
    ('opens', 'accesses', 'losses')
    """
    return _PLURALS.get(event) or event + ("es" if event.endswith(("s", "x", "ch", "sh")) else "s")


def event_of(table: str, plan: Plan) -> str:
    """The event of a table. Raises LookupError where there is none."""
    for event in plan.events:
        if table_of(event.name) == table:
            return event.name
    raise LookupError(f"no table {table}")


def columns_of(event: EventPlan) -> tuple[Column, ...]:
    """The columns of an event's table."""
    found = list(_columns(event))
    return (*(c for c in found if c.form is not Form.BYTES), *(c for c in found if c.form is Form.BYTES))


def wide_columns(plan: Plan) -> tuple[Column, ...]:
    """The columns of the table of all events. Raises ValueError for a field that two events have with types that don't
    go together.
    """
    found: dict[str, Column] = {}
    for event in plan.events:
        for column in _columns(event):
            found[column.name] = _merged(found[column.name], column) if column.name in found else column
    every = [msgspec.structs.replace(c, is_optional=c.is_optional or len(c.steps) < len(plan.events))
             for c in found.values()]  # fmt: skip
    first = Column("event", Type.TEXT, Form.EVENT)
    return (first, *(c for c in every if c.form is not Form.BYTES), *(c for c in every if c.form is Form.BYTES))


def with_seq(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same behind a column for the number of the event, as in a recording."""
    return (Column(SEQ, Type.UINT64, Form.SEQ), *columns)


def _columns(event: EventPlan) -> Iterator[Column]:
    """Those of each field side by side."""
    for place, step in enumerate(event.steps):
        steps = ((event.number, place),)
        is_optional = step.absent is not None
        yield Column(step.name, _type(step), Form.VALUE, is_optional, steps)
        if step.name == "argv":
            yield Column("cmdline", Type.TEXT, Form.COMMAND, is_optional, steps)
        if step.op in _TEXTS or step.op is Op.TEXTS:
            exact = Type.BYTES_LIST if step.op is Op.TEXTS else Type.BYTES
            yield Column(f"{step.name}_bytes", exact, Form.BYTES, True, steps, of=step.name)


def _type(step: StepPlan) -> Type:
    if step.op is Op.UNSIGNED:
        return next(each for each in _UNSIGNED if step.bytes <= _bytes(each))
    if step.op is Op.SIGNED:
        return next(each for each in _SIGNED if step.bytes <= _bytes(each))
    return _TYPES[step.op]


def _bytes(integer: Type) -> int:
    return int(integer.name.lstrip("UINT")) // 8


def _merged(one: Column, other: Column) -> Column:
    return msgspec.structs.replace(
        one,
        type=_wider(one, other),
        is_optional=one.is_optional or other.is_optional,
        steps=one.steps + other.steps,
    )


def _wider(one: Column, other: Column) -> Type:
    both = (one.type, other.type)
    if one.form is other.form:
        if one.type is other.type:
            return one.type
        for family in (_UNSIGNED, _SIGNED):
            if one.type in family and other.type in family:
                return max(both)
        if Type.UINT64 not in both and all(each in _UNSIGNED + _SIGNED for each in both):
            return Type.INT64
    raise ValueError(f"{one.name} has types that don't go together: {one.type.name}, {other.type.name}")
