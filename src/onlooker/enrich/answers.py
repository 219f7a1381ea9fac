"""What an expression asks of users and containers, live: what user space finds out, and what the kernel decides of it.

The kernel knows numbers. The ids of control groups rise, so of all that are not above the highest one of a walk it is
known which they are: those that match, and those of which not all is known yet, must pass; the others need not. What is
above passes, until it was looked for, too.
"""

import time
from collections.abc import Iterable

from ..events.cgroup import Cgroup
from ..filters.compile import context_tests_of, matcher_of_context
from ..filters.expression import Expression, Or, Test
from ..filters.filter import what_is_asked
from ..records import Batch
from .context import Context, Places

LOOK_SECONDS = 1.0  # how often the kernel is told of control groups that are new
MOST_PASSING = 128  # ids in a rule; of more the kernel decides nothing
MOST_USERS = 128
_IDS = {"user_name": "uid", "group_name": "gid"}


class ContextAnswers:
    """Answers to the tests of an expression, by what `context` knows of this machine."""

    def __init__(self, tests: Iterable[Test], context: Context) -> None:
        self._context = context
        self._tests = {test: matcher_of_context(test) for test in tests}
        self._highest = 0  # id of a control group
        self._passing: dict[Test, tuple[list[int], list[int]]] = {}  # ids that match, and those that may
        self._users: dict[Test, tuple[list[int], list[int]]] = {}  # ids that match, and those that do not
        self._is_stale = False
        self._looked_at = 0.0

    def find(self, event: str, first: int, second: int, pid: int) -> bytes:
        """The record that says what is known."""
        if event == Cgroup.event and first > self._highest:
            self._is_stale = True
        return self._context.record(event, first, second, pid)

    def has_news(self) -> bool:
        """Whether the kernel could decide more than it does: it is asked for by `look`, not too often."""
        self._is_stale |= self._context.has_changed()
        return self._is_stale and time.monotonic() - self._looked_at >= LOOK_SECONDS

    def look(self) -> bool:
        """At the control groups and users that there are. Returns whether what `bound` says is another now."""
        self._is_stale, self._looked_at = False, time.monotonic()
        before = self._highest, self._passing, self._users
        by_cgroup = [test for test in self._tests if test.field not in _IDS]
        if by_cgroup:
            self._look_at_cgroups(by_cgroup)
        self._users = {test: self._of_users(test) for test in self._tests if test.field in _IDS}
        return before != (self._highest, self._passing, self._users)

    def _look_at_cgroups(self, tests: Iterable[Test]) -> None:
        # what is made during the first walk may be missed by it, and have a lower id than another: the second finds it
        highest = max(self._context.cgroup_ids(), default=0)
        there = [number for number in self._context.cgroup_ids() if number <= highest]
        known = {number: self._context.known_cgroup(number) for number in there}
        passing = {}
        for test in tests:
            sure = [number for number, (record, _) in known.items() if self._matches(test, record)]
            may = [number for number, (_, is_settled) in known.items() if not is_settled and number not in set(sure)]
            passing[test] = sorted(sure), sorted({*sure, *may})
        self._highest, self._passing = highest, passing

    def _of_users(self, test: Test) -> tuple[list[int], list[int]]:
        by_user = test.field == "user_name"
        found: tuple[list[int], list[int]] = ([], [])
        for number in self._context.local_ids(by_user=by_user):
            record = self._context.record("user", number if by_user else 0, 0 if by_user else number, 0)
            found[0 if self._matches(test, record) else 1].append(number)
        return found

    def _matches(self, test: Test, record: bytes) -> bool:
        return len(Batch(record, 0).matching(self._tests[test])) > 0

    def bound(self, test: Test, upper: bool) -> Expression | bool:
        """What holds wherever the test does (`upper`), or only there, as the kernel knows it."""
        test = test.bare
        if test.field in _IDS:
            sure, others = self._users.get(test, ([], []))
            numbers = others if upper else sure
            if not numbers or len(numbers) > MOST_USERS:
                return upper
            return Test(_IDS[test.field], "in", tuple(numbers), negated=upper)
        sure, may = self._passing.get(test, ([], []))
        if not self._highest or len(may) > MOST_PASSING:
            return upper
        if not upper:
            return Test("cgroup_id", "in", tuple(sure)) if sure else False
        above = Test("cgroup_id", ">", (self._highest,))
        return Or((above, Test("cgroup_id", "in", tuple(may)))) if may else above


def answers_to(expressions: Iterable[Expression], places: Places) -> ContextAnswers:
    """To what expressions ask of users and containers."""
    tests = context_tests_of(expressions)
    made = ContextAnswers(tests, Context(what_is_asked(tests), places=places))
    made.look()
    return made
