"""The options of a filter as an expression: for what decides them without the kernel."""

from ..events import TASK_EVENTS
from ..events.fork import Fork
from .expression import And, Expression, Not, Or, Test
from .filter import Filter


def as_expression(wanted: Filter) -> Expression | None:
    """All that the filter asks for, but for `where`, `exe`, `cgroup`, `threads` and `follow`; None for everything.

    >>> print(as_expression(Filter.of(events=["open", "exec"], uid=[0])))
    event in ('open', 'exec') and uid in (0)
    """
    terms: list[Expression] = []
    if not set(TASK_EVENTS) <= set(wanted.events):
        terms.append(Test("event", "in", tuple(map(str.encode, wanted.events))))
    if wanted.comm:
        names = tuple(Test("comm", "startswith" if each.prefix else "==", (each.name,)) for each in wanted.comm)
        terms.append(Or(names) if len(names) > 1 else names[0])
    if wanted.pid:
        terms.append(Test("pid", "in", wanted.pid))
    if wanted.uid:
        terms.append(Test("uid", "in", wanted.uid))
    if wanted.failed:
        terms.append(Or((Test("errno", "exists"), Test("signal", "exists"), Test("exit_code", "!=", (0,)))))
    if len(terms) > 1:
        return And(tuple(terms))
    return terms[0] if terms else None


def without_threads() -> Expression:
    """No creation of a thread."""
    return Not(And((Test("event", "==", (Fork.event.encode(),)), Test("thread", "==", (True,)))))
