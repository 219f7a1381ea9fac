"""Regular expressions that a user gives: those that make no sense are refused before anything is recorded."""

import re
from importlib import import_module
from typing import Any

from ..errors import UsageError

_GROUPS = ("SUBPATTERN", "BRANCH", "MAX_REPEAT", "MIN_REPEAT")
_HINT = "--redact-pattern 'corp-[0-9]{8}'"


def checked(pattern: str) -> bytes:
    """The pattern for bytes. Raises UsageError for what is no regular expression, for one that matches only the empty
    text, and for a repetition of a repetition, as in (a+)+, which can take for ever.
    """
    text = pattern.encode("utf-8", "surrogateescape")
    try:
        re.compile(text)
        parsed = import_module("re._parser").parse(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"not a regular expression: {pattern!r}: {error}", _HINT) from None
    if parsed.getwidth()[1] == 0:
        raise UsageError(f"a pattern that matches no character: {pattern!r}", _HINT)
    if _doubles(parsed):
        hint = "repeat once: a+ in place of (a+)+, or (?>a+)+, which tries nothing twice"
        raise UsageError(f"a pattern that can take for ever: {pattern!r}", hint)
    return text


def _doubles(parsed: Any) -> bool:
    """Whether something is repeated that may be a repetition alone."""
    return any(
        (_is_endless(item) and _may_be_endless(item[1][2])) or any(map(_doubles, _inner(item[1]))) for item in parsed
    )


def _is_endless(item: Any) -> bool:
    """Whether it is a repetition without an end that is tried in more than one way."""
    return str(item[0]) in ("MAX_REPEAT", "MIN_REPEAT") and str(item[1][1]) == "MAXREPEAT"


def _may_be_endless(parsed: Any) -> bool:
    """Whether one item of a sequence is, and all others may be empty."""
    single = type(parsed)
    widths = [single(parsed.state, [item]).getwidth()[0] for item in parsed]
    return any(
        (_is_endless(item) or (str(item[0]) in _GROUPS and any(map(_may_be_endless, _inner(item[1])))))
        and not any(widths[:at] + widths[at + 1 :])
        for at, item in enumerate(parsed)
    )


def _inner(value: Any) -> list[Any]:
    """What is parsed within an item."""
    if hasattr(value, "getwidth"):
        return [value]
    if isinstance(value, list | tuple):
        return [found for each in value for found in _inner(each)]
    return []
