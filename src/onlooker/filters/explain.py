"""Who decides an expression: the kernel, or onlooker on what the kernel lets through."""

import re
import textwrap
from collections.abc import Iterable, Iterator

from .expression import Expression, Test, tests_of
from .fields import CONTEXT_FIELDS, EVENT, steps_of
from .necessary import decided, necessary, undecided
from .rules import LONGEST, Rules

_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'")
_DECIDERS = {"kernel": "in the kernel", "known": "by known ids", "partly": "in part", "user": "by onlooker"}
_KNOWN = """\
by known ids: the kernel rejects the control groups and users that are known not to match, by their ids; onlooker \
decides of those that are new"""


def explain(expression: Expression, events: Iterable[str], width: int = 80) -> Iterator[str]:
    r"""Lines: the expression, who decides each of its tests, and what the kernel asks of each kind of event. None is
    wider than `width`, but where a word is.

    >>> from .parse import parse
    >>> print(*explain(parse("file under '/etc' and path contains 'x'"), ("exit", "open")), sep="\n")
    file under '/etc' and path contains 'x'
    <BLANKLINE>
    decided
      in the kernel  file under '/etc'
      by onlooker    path contains 'x'
    <BLANKLINE>
    the kernel lets through
      exit           none
      open           file under '/etc'
    """
    chosen = tuple(events)
    yield _wrapped("", str(expression), width)
    yield ""
    yield "decided"
    tests = dict.fromkeys(test.bare for test in tests_of(expression))
    for test in tests:
        yield _row(_DECIDERS[_who(test, chosen)], str(test), width)
    yield ""
    if any(test.field in CONTEXT_FIELDS for test in tests):
        yield _wrapped("", _KNOWN, width)
        yield ""
    yield "the kernel lets through"
    made = Rules(expression, chosen, _an_id)
    passing: dict[str, list[str]] = {}
    for event in chosen:
        passing.setdefault(_passing(expression, event, made), []).append(event)
    for what, those in passing.items():
        *others, last = those
        for event in others:
            yield f"  {event},"
        yield _row(last, what, width)


def _an_id(test: Test, upper: bool) -> Test:
    """Something that the kernel can ask, as it will in place of the test."""
    return Test("cgroup_id", "==", (0,))


def _as_it_is(test: Test, upper: bool) -> Test:
    return test


def _row(head: str, text: str, width: int) -> str:
    return _wrapped(f"  {head:14} ", text, width)


def _wrapped(head: str, text: str, width: int) -> str:
    """Lines do not break within a value, where a space counts, but for a long one."""
    whole = _VALUE.sub(lambda found: found[0].replace(" ", "\0") if len(found[0]) <= width // 2 else found[0], text)
    return textwrap.fill(
        whole, width, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " ")  # fmt: skip


def _who(test: Test, events: Iterable[str]) -> str:
    """Of all events that have the field."""
    if test.field in CONTEXT_FIELDS:
        return "known"
    found = {
        decided(test, event) for event in events if test.field == EVENT or test.scope or steps_of(test.field, event)
    }
    return found.pop() if len(found) == 1 else "partly" if found else "kernel"


def _passing(expression: Expression, event: str, made: Rules) -> str:
    wanted = necessary(expression, event, _as_it_is)
    if wanted is False:
        return "none"
    if wanted is True:
        because = undecided(expression, event, _as_it_is)
        return f"all, because of: {because}" if because else "all"
    if event in made.without_room:
        return "all, because it has more rules than the kernel has room for"
    if made.longest(event) > LONGEST:
        return f"{wanted}; and what this has not decided after {LONGEST} steps"
    return str(wanted)
