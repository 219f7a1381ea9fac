"""Whether an expression makes sense for the chosen events: an option that can match nothing says so."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec

from ..errors import ExpressionError, UsageError
from ..events import ASKED_EVENTS, DEFAULT_EVENTS, TASK_EVENTS
from ..records.encode import wall_ns
from ..schema.values import Flags, Names, Values
from .expression import (
    COMPARISONS,
    MOST_KIN_TESTS,
    REGEX,
    TEXT_TESTS,
    Expression,
    Test,
    context_tests,
    kin_tests,
    literal,
    tests_of,
)
from .fields import (
    BOOLEAN,
    CONTEXT_FIELDS,
    EVENT,
    FLAGS,
    KIN_FIELDS,
    LIST,
    NAME,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    asked_fields,
    events_with,
    steps_of,
    type_of,
)  # fmt: skip

_EQUAL = ("==", "!=", "in", "exists")
_OPERATORS = {
    NUMBER: (*COMPARISONS, "in", "exists"),
    TIME: (*COMPARISONS, "in", "exists"),
    BOOLEAN: _EQUAL,
    TEXT: (*_EQUAL, *TEXT_TESTS, REGEX),
    PATH: (*_EQUAL, *TEXT_TESTS, REGEX, "under"),
    NAME: (*_EQUAL, *TEXT_TESTS, REGEX),
    LIST: ("contains", "exists"),
    FLAGS: ("contains", "exists"),
}


def check(expression: Expression, events: Iterable[str], text: str = "") -> None:
    """Raises ExpressionError, with the place in `text`, for an unknown field, one that none of `events` has, an
    operator or a value that it does not take, and a name that it can't have.
    """
    chosen = tuple(events)
    for test in tests_of(expression):
        _Check(test, chosen, text).all()
    try:
        check_kin_tests(expression)
    except UsageError as error:
        raise ExpressionError(str(error), text, 0, len(text), error.hint) from error


def check_kin_tests(expression: Expression) -> None:
    """Raises UsageError for more tests of processes and their kin, or of users and containers, than there are bits
    for.
    """
    if len(context_tests(expression, CONTEXT_FIELDS)) > MOST_KIN_TESTS:
        message = f"more than {MOST_KIN_TESTS} tests of users and containers"
        raise UsageError(message, "in (...) takes several values")
    if len(kin_tests(expression)) > MOST_KIN_TESTS:
        raise UsageError(
            f"more than {MOST_KIN_TESTS} tests of processes, parents and ancestors", "in (...) takes several values"
        )


# what the kernel or onlooker has put together: from the root directory on
_FROM_THE_ROOT = ("file", "new_file", "real_path", "joined_path", "joined_new_path", "exe", "cwd")


_WINDOWS = re.compile(rb"(?:[A-Za-z]:)?\\(?!x[0-9a-f]{2})")


def doubts(expression: Expression) -> list[str]:
    """What can hardly match: a relative path where paths begin at the root, and backslashes for slashes. It is no
    error, because a path whose beginning is cut, or that was not resolved, is relative.

    >>> from .parse import parse
    >>> doubts(parse("file under 'etc'"))
    ["file under 'etc': a file has a path from the root on; '/etc' may be meant"]
    """
    found: list[str] = []
    for test in tests_of(expression):
        if test.name not in _FROM_THE_ROOT:
            continue
        found += _of_windows(test)
        if test.op not in ("under", "==", "!=", "in"):
            continue
        relative = [value for value in test.values if isinstance(value, bytes) and _is_relative(value)]
        if relative:
            what = {"exe": "a program", "cwd": "a directory"}.get(test.name, "a file")
            value = relative[0].removeprefix(b"./")
            hint = f"{literal(b'/' + value)} may be meant"
            if test.op != "under":
                hint = f"{test.field} endswith {literal(b'/' + value)} compares its end"
            found.append(f"{test}: {what} has a path from the root on; {hint}")
    return list(dict.fromkeys(found))


def _of_windows(test: Test) -> Iterator[str]:
    r"""Values that begin as paths of Windows do: names of systemd's units have backslashes, too, as in `a\x2db`."""
    for value in test.values:
        text = value.replace(b"\\\\", b"\\") if isinstance(value, bytes) and test.op == "glob" else value
        if test.op != REGEX and isinstance(text, bytes) and _WINDOWS.match(text):
            asked = str(msgspec.structs.replace(test, values=(value,)))
            meant = literal(text.replace(b"\\", b"/"))
            yield f"{asked}: paths of Linux have slashes between names; {meant} may be meant"


def _is_relative(path: bytes) -> bool:
    """Neither an absolute path nor what a pipe, a socket or the like is called."""
    return path[:1] not in (b"/", b"@") and b":" not in path


class _Check:
    def __init__(self, test: Test, events: tuple[str, ...], text: str) -> None:
        self._test, self._events = test, events
        self._text = text or str(test)
        self._start, self._end = (test.start, test.end) if text else (0, len(self._text))

    def all(self) -> None:
        """Raises ExpressionError."""
        self._field()
        self._operator()
        for number, value in enumerate(self._test.values):
            self._value(number, value)

    def _error(self, message: str, hint: str = "", *, value: int | None = None, field: bool = False) -> ExpressionError:
        start, end = self._start, self._end
        if field:
            end = start + len(self._test.field)
        elif value is not None and value < len(self._test.places):
            start, end = self._test.places[value]
        return ExpressionError(message, self._text, start, end, hint)

    def _field(self) -> None:
        test = self._test
        if test.name not in asked_fields():
            unknown = UsageError.unknown("field", test.name, asked_fields())
            hint = unknown.hint if unknown.hint.startswith("did you mean") else "docs/fields.md lists the fields"
            raise self._error(str(unknown), hint, field=True)
        if test.scope:
            if test.name not in KIN_FIELDS:
                whose = "process" if test.scope == "process" else f"process's {test.scope}"
                message = f"{test.field}: of a {whose} that is not known"
                raise self._error(message, f"known are {', '.join(KIN_FIELDS)}", field=True)
        elif not events_with(test.name, self._events):
            having = events_with(test.name, TASK_EVENTS) or events_with(test.name, ASKED_EVENTS)
            raise self._error(f"none of the chosen events has the field {test.name}", self._choose(having), field=True)

    def _choose(self, events: Sequence[str]) -> str:
        """What to type for events that are not among the chosen ones, too."""
        chosen = ",".join(self._events).replace(",".join(DEFAULT_EVENTS), "default")
        which = f"one of {', '.join(events)}" if len(events) > 1 else events[0]
        return f"choose {which}, too: --events {chosen},{','.join(events)}"

    def _operator(self) -> None:
        test, kind = self._test, type_of(self._test.name)
        operators = _EQUAL if test.name == EVENT else _OPERATORS[kind]
        if test.op in operators:
            return
        hint = f"it takes {', '.join(operators)}"
        if kind in (LIST, FLAGS) and test.op in ("==", "in"):
            values = ", ".join(map(literal, test.values))
            hint = f"{test.name} contains {values if len(test.values) == 1 else f'({values})'}"
        elif kind == LIST:
            hint = f"cmdline {test.op} ..., or {test.name} contains ..."
        raise self._error(f"{test.name} is {kind}: it has no {test.op}", hint)

    def _value(self, number: int, value: bytes | int | bool) -> None:
        test, kind = self._test, type_of(self._test.name)
        wanted: type = {NUMBER: int, BOOLEAN: bool}.get(kind, bytes)
        if type(value) is not wanted:
            raise self._error(f"{test.name} is {kind}, not {literal(value)}", self._instead(value), value=number)
        if not isinstance(value, bytes):
            return
        if b"\0" in value:
            raise self._error(f"nothing has a NUL byte in it: {literal(value)}", value=number)
        if test.op == "under" and not value:
            raise self._error("under which directory?", f"{test.name} under '/'", value=number)
        if test.op == REGEX:
            self._regex(number, value)
        elif kind == TIME:
            self._time(number, value)
        elif kind in (NAME, FLAGS) and (test.op in _EQUAL or (kind == FLAGS and not test.ignore_case)):
            self._name(number, value)

    def _instead(self, value: bytes | int | bool) -> str:
        """What to type for a value of another type."""
        test, kind = self._test, type_of(self._test.name)
        if kind == NUMBER:
            if test.name in ("uid", "gid") and isinstance(value, bytes) and (known := _id_of(test.name, value)):
                number, option = known
                asked = f"{test.field} {test.op} {f'({number})' if test.op == 'in' else number}"
                return f"{asked}, or --{option} {value.decode()}" if option and not test.scope else asked
            text = value.decode(errors="replace") if isinstance(value, bytes) else ""
            return f"without quotes: {text}" if text.isascii() and text.isdigit() else "a number, as in 10, 0x1f, 0644"
        if kind == BOOLEAN:
            return f"{test.name} {test.op} true, or false"
        if kind == NAME and isinstance(value, int) and not isinstance(value, bool) and test.name != EVENT:
            names = [each for each in self._values() if isinstance(each, Names)]
            found = [name for each in names for number, name in each.names if number == value]
            return f"by its name: '{found[0]}'" if found else "by its name"
        return f"in quotes: '{literal(value)}'" if isinstance(value, int) else ""

    def _values(self) -> list[Values]:
        """What a field can be, in each of the events that have it."""
        steps = [step for event in self._events for step in steps_of(self._test.name, event)]
        return [step.values for step in steps if step.values is not None]

    def _time(self, number: int, value: bytes) -> None:
        try:
            wall_ns(value.decode(errors="replace"))
        except UsageError as error:
            raise self._error(f"not a time: {literal(value)}", error.hint, value=number) from None

    def _regex(self, number: int, value: bytes) -> None:
        from .automaton import automaton  # rarely needed
        from .nodes import RegexError

        try:
            automaton(value, self._test.ignore_case)
        except RegexError as error:
            message = f"not a regular expression: {literal(value):.100}: {error}"
            raise self._error(message, "docs/expressions.md says what it may have", value=number) from None

    def _name(self, number: int, value: bytes) -> None:
        test, name = self._test, value.decode("utf-8", "replace")
        if test.name == EVENT:
            self._event(number, name)
            return
        known: list[str] = []
        for values in self._values():
            if _can_be(values, name):
                return
            known += _names_of(values)
        unknown = UsageError.unknown(test.name, name, tuple(dict.fromkeys(known)))
        raise self._error(str(unknown), unknown.hint, value=number)

    def _event(self, number: int, name: str) -> None:
        if name not in ASKED_EVENTS:
            unknown = UsageError.unknown("event", name, tuple(ASKED_EVENTS))
            raise self._error(str(unknown), unknown.hint, value=number)
        if name not in self._events and self._test.op in ("==", "in") and not self._test.negated:
            raise self._error(f"{name} is not among the chosen events", self._choose([name]), value=number)


def _id_of(field: str, name: bytes) -> tuple[int, str] | None:
    """The number of a user or a group of that name, and the option that takes a name."""
    import grp  # rarely needed
    import pwd

    with suppress(KeyError, ValueError):  # ValueError: it is not UTF-8
        text = name.decode()
        return (pwd.getpwnam(text).pw_uid, "uid") if field == "uid" else (grp.getgrnam(text).gr_gid, "")
    return None


def _can_be(values: Values, name: str) -> bool:
    """Whether some number has that name, or that one among its names."""
    if isinstance(values, Flags) and name.startswith("0x"):  # bits without a name
        digits = name[2:]
        return digits.strip("0123456789abcdef") == "" and digits[:1] not in ("", "0") and len(digits) <= 16
    try:
        if isinstance(values, Flags):
            return name in values.names_of(values.number_of([name]))
        return values.name_of(values.number_of(name)) == name
    except LookupError:
        return False


def _names_of(values: Values) -> list[str]:
    if isinstance(values, Names):
        return [name for _, name in values.names]
    return [*values.low, *(name for _, name in values.bits), *(_names_of(values.high) if values.high else ())]
