"""Random expressions that make sense for the events."""

from functools import cache

from hypothesis import strategies as st

from onlooker.events import TASK_EVENTS
from onlooker.filters import expression, fields
from onlooker.schema.values import Flags, Names

EVENTS = tuple(TASK_EVENTS)
FIELDS = fields.known_fields()
# few different pieces, so that what is asked for is sometimes there
_PIECES = ("/", "a", "b", "A", ".", "..", "*", "**", "?", "/a", "é", "\udcff", " ", "\\", "'", '"', "\n")
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=6).map(
    lambda some: "".join(some).encode("utf-8", "surrogateescape")
)
NUMBERS = st.one_of(st.sampled_from([-1, 0, 1, 2, 1000, 1234, 2**31, 2**63, 2**64 - 1, -(2**63)]), st.integers(-3, 3))
TIMES = st.sampled_from(["2026-01-31T12:00:00.000000000Z", "1970-01-01T00:00:00Z", "2026-01-31T12:00:00.000000001Z"])


@cache
def names_of(field: str) -> tuple[str, ...]:
    """Names that the field can have in some event."""
    if field == fields.EVENT:
        return EVENTS
    found = []
    for event in EVENTS:
        for step in fields.steps_of(field, event):
            found += _names(step.values)
    return tuple(dict.fromkeys(found))


def _names(values):
    if isinstance(values, Names):
        other = next(number for number in range(99, 1000) if all(number != each for each, _ in values.names))
        return [*(name for _, name in values.names), *([values.other.format(other)] if values.other else [])]
    if isinstance(values, Flags):
        return [*values.low, *(name for _, name in values.bits), "0x800000", *_names(values.high)]
    return []


def _values(field, op):
    kind = fields.type_of(field)
    if kind == fields.NUMBER:
        return NUMBERS
    if kind == fields.BOOLEAN:
        return st.booleans()
    if kind == fields.TIME:
        return TIMES.map(str.encode)
    if kind in (fields.NAME, fields.FLAGS):
        names = st.sampled_from(names_of(field)).map(str.encode)
        if op in ("==", "!=", "in") or kind == fields.FLAGS:
            return names
        return st.one_of(names, st.tuples(names, st.integers(0, 6)).map(lambda pair: pair[0][: pair[1]]), TEXTS)
    return TEXTS.filter(len) if op == "under" else TEXTS


_EQUAL = ("==", "!=", "in", "exists")
_TEXT = (*_EQUAL, *expression.TEXT_TESTS)
OPERATORS = {
    fields.NUMBER: (*expression.COMPARISONS, "in", "exists"),
    fields.TIME: (*expression.COMPARISONS, "in", "exists"),
    fields.BOOLEAN: _EQUAL,
    fields.NAME: _TEXT,
    fields.TEXT: _TEXT,
    fields.PATH: (*_TEXT, "under", "under", "glob"),
    fields.LIST: ("contains", "exists"),
    fields.FLAGS: ("contains", "exists"),
}


@st.composite
def asks(draw, names=FIELDS):
    field = draw(st.sampled_from(names))
    op = draw(st.sampled_from(_EQUAL if field == fields.EVENT else OPERATORS[fields.type_of(field)]))
    if op == "exists":
        return expression.Test(field, op)
    one = op in expression.COMPARISONS
    values = draw(st.lists(_values(field, op), min_size=1, max_size=1 if one else 3))
    negated = not one and draw(st.booleans())
    ignore_case = op in expression.TEXT_TESTS and draw(st.booleans())
    return expression.Test(field, op, tuple(values), negated, ignore_case)


def expressions(names=FIELDS):
    return st.recursive(
        asks(names),
        lambda inner: st.one_of(
            inner.map(expression.Not),
            st.lists(inner, min_size=2, max_size=4).map(lambda terms: expression.And(tuple(terms))),
            st.lists(inner, min_size=2, max_size=4).map(lambda terms: expression.Or(tuple(terms))),
        ),
        max_leaves=8,
    )
