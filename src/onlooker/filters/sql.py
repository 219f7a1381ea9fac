"""Expressions as conditions in SQL, for the tables of events in DuckDB: they keep the events that the matcher keeps.

The tables are those of `onlooker.schema.columns`; docs/design/27-expressions-in-sql.md says what differs in SQL.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import ExpressionError, UsageError
from ..events import ASKED_EVENTS, EVENTS, OWN_EVENTS
from ..records.encode import wall_ns
from ..schema.fields import Op
from ..schema.plan import StepPlan
from .expression import And, Expression, Not, Test, kin_tests
from .fields import BOOLEAN, EVENT, FILES, NUMBER, TIME, steps_of, type_of
from .sql_texts import column, quoted, text_condition

_TRUE, _FALSE = "TRUE", "FALSE"
_MANY = 100  # terms of an OR: in CASE DuckDB does not look for what they share, which takes 37 s for 1 800 of them
_ORDERED = ("<", "<=", ">", ">=")


def condition(expression: Expression, event: str) -> str:
    """Whether a row of that event's table is wanted: TRUE or FALSE, never NULL. The expression was checked. "FALSE" as
    a whole says that no such event matches. What onlooker adds, as reports of losses, always matches.

    Raises ExpressionError where it asks for a parent or an ancestor, which the table does not have.

    >>> from .parse import parse
    >>> print(condition(parse("uid != 0 and not errno == 'ENOENT'"), "open"))
    ((NOT ("uid" = 0)) IS TRUE AND NOT (("errno" = 'ENOENT') IS TRUE))
    >>> print(condition(parse("uid != 0 and exit_code == 1"), "open"))
    FALSE
    """
    if event not in EVENTS:
        raise UsageError.unknown("event", event, tuple(EVENTS))
    _refuse_kin(expression)
    return _TRUE if event not in ASKED_EVENTS else _of(expression, _Table((event,), is_wide=False))


def condition_of_all(expression: Expression) -> str:
    """The same for the table of all events, whose column "event" says which a row is of.

    >>> from .parse import parse
    >>> print(condition_of_all(parse("event == 'exit' or errno exists")))  # doctest: +ELLIPSIS
    ("event" IN ('lost', ...) OR ("event" IN ('exit') OR ("errno" IS NOT NULL) IS TRUE))
    """
    _refuse_kin(expression)
    wanted = _of(expression, _Table(tuple(ASKED_EVENTS), is_wide=True))
    own = f"{column(EVENT)} IN ({', '.join(quoted(event) for event in OWN_EVENTS if event not in ASKED_EVENTS)})"
    return _any([own, wanted])


def _refuse_kin(expression: Expression) -> None:
    for test in kin_tests(expression):
        text = str(test)
        whose = "process" if test.scope == "process" else f"process's {test.scope}"
        message = f"{test.field}: the tables of events do not say what a {whose} was"
        hint = "onlooker replay FILE --where decides it"
        raise ExpressionError(message, text, 0, len(test.field), hint)


class _Table(NamedTuple):
    """The rows that are asked: one event's, or of all events that there are in them."""

    events: tuple[str, ...]
    is_wide: bool

    def steps(self, field: str) -> tuple[StepPlan, ...]:
        """Its columns; of a virtual field in the order in which they count. Which event's does not matter: the fields
        of one name are alike, and where an event has none the column is NULL.
        """
        found = {step.name: step for event in self.events for step in steps_of(field, event)}
        return tuple(found[name] for name in FILES.get(field, found) if name in found)


def _of(expression: Expression, table: _Table) -> str:
    if isinstance(expression, Test):
        return _tested(expression, table)
    if isinstance(expression, Not):
        found = _of(expression.term, table)
        if found in (_TRUE, _FALSE):
            return _FALSE if found == _TRUE else _TRUE
        return f"NOT ({found})"
    if isinstance(expression, And):
        return _all(_of(term, table) for term in _merged(expression.terms, negated=True))
    return _any(_of(term, table) for term in _merged(expression.terms, negated=False))


def _merged(terms: Iterable[Expression], *, negated: bool) -> Iterator[Expression]:
    """Tests of one field that together ask for any of several values, or for none of them, as one: DuckDB takes some
    milliseconds to plan a test of a path.
    """
    found: dict[object, Expression] = {}
    for number, term in enumerate(terms):
        key: object = number
        if isinstance(term, Test) and _is_negated(term) == negated and term.op not in ("exists", *_ORDERED):
            op = "in" if term.op in ("==", "!=") else term.op
            key = term.field, op, term.ignore_case
            before = found.get(key)
            values = before.values if isinstance(before, Test) else ()
            term = Test(term.field, op, values + term.values, negated, term.ignore_case)
        found[key] = term
    return iter(found.values())


def _all(terms: Iterable[str]) -> str:
    return _joined(terms, " AND ", neutral=_TRUE, decisive=_FALSE)


def _any(terms: Iterable[str]) -> str:
    terms = list(terms)
    found = _joined(terms, " OR ", neutral=_FALSE, decisive=_TRUE)
    return f"CASE WHEN {found} THEN TRUE ELSE FALSE END" if len(terms) > _MANY else found


def _joined(terms: Iterable[str], word: str, *, neutral: str, decisive: str) -> str:
    left = [term for term in terms if term != neutral]
    if decisive in left:
        return decisive
    if len(left) > 1:
        return f"({word.join(left)})"
    return left[0] if left else neutral


def _tested(test: Test, table: _Table) -> str:
    """One test: TRUE or FALSE also where the field is NULL."""
    if test.field == EVENT:
        return _of_event(test, table)
    if not table.steps(test.field):
        return _FALSE
    if test.op == "exists":
        return f"({_exists(test.field, table)}) IS TRUE"
    asked = _without_negation(test, table)
    return f"(NOT ({asked})) IS TRUE" if _is_negated(test) else f"({asked}) IS TRUE"


def _is_negated(test: Test) -> bool:
    return test.negated or test.op == "!="


def _of_event(test: Test, table: _Table) -> str:
    asks_if = test.op == "exists"
    found = [event for event in table.events if asks_if or (event.encode() in test.values) != _is_negated(test)]
    if len(found) in (0, len(table.events)):
        return _TRUE if found else _FALSE
    return f"{column(EVENT)} IN ({', '.join(map(quoted, found))})"


def _exists(field: str, table: _Table) -> str:
    """What JSON leaves out does not exist: what is NULL, and of some fields also what is false or empty."""
    forms: dict[tuple[str, str], list[str]] = {}
    for event in table.events:
        for step in steps_of(field, event):
            forms.setdefault((step.name, _is_there(step)), []).append(event)
    names = [name for name, _ in forms]
    terms = []
    for (name, form), events in forms.items():
        if names.count(name) > 1:  # events differ in it
            form = f"{column(EVENT)} IN ({', '.join(map(quoted, events))}) AND {form}"
        terms.append(form)
    return " OR ".join(terms)


def _is_there(step: StepPlan) -> str:
    if step.omit and step.op is Op.BOOLEAN:
        return column(step.name)
    if step.omit and step.op is Op.FLAGS:
        return f"len({column(step.name)}) > 0"
    return f"{column(step.name)} IS NOT NULL"


def _without_negation(test: Test, table: _Table) -> str:
    """Without what negates it; NULL where the field is."""
    kind = type_of(test.field)
    if kind in (NUMBER, BOOLEAN):
        values = [_TRUE if value is True else _FALSE if value is False else str(int(value)) for value in test.values]
        return _compared(column(test.field), test.op, values)
    if kind == TIME:
        return _at_time(column(test.field), test)
    return text_condition(test, table.steps(test.field))


def _compared(what: str, op: str, values: list[str]) -> str:
    if op in _ORDERED:
        return f"{what} {op} {values[0]}"
    return f"{what} = {values[0]}" if len(values) == 1 else f"{what} IN ({', '.join(values)})"


def _at_time(what: str, test: Test) -> str:
    """The matcher takes what is before 1970, where a clock is that was never set, for the first moment of it."""
    times = [wall_ns(value.decode()) for value in test.values if isinstance(value, bytes)]
    if not all(times):  # all later ones compare alike
        what = f"greatest({what}, make_timestamp_ns(0))"
    return _compared(what, test.op, [f"make_timestamp_ns({time})" for time in times])
