"""Finds in batches what rules look for, and puts alerts behind it."""

from collections.abc import Iterable, Sequence

from ..enrich.kinship import Kinship
from ..enrich.processes import ProcessTable
from ..errors import UsageError
from ..events import TaskEvent
from ..events.alert import Alert
from ..filters.compile import Find, finder
from ..filters.expression import And, Expression, Test, kin_tests
from ..records import Batch
from .alerts import alert_of
from .lineage import Lineage
from .rule import Rule

MOST_KIN = 4096  # records/matcher.pxi


class Detector:
    """Looks for what `rules` say in batches, which it is shown in their order; of processes older than those, `table`
    knows. `scope`: an expression that must hold, too. An event that no rule looks for costs no object; but where a rule
    asks for a process's program, parent or ancestors, each event of a process's life does.

    >>> from onlooker.rules import load
    >>> from onlooker.testing import make
    >>> [batch] = Batch.of([make("open"), make("open", path="/etc/ld.so.preload", flags=("O_WRONLY",))])
    >>> [(event.event, getattr(event, "rule", "")) for event in Detector(load("shipped").rules).with_alerts(batch)]
    [('open', ''), ('open', ''), ('alert', 'preload-written')]
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        scope: Expression | None = None,
        table: ProcessTable | None = None,
        find: Find | None = None,
    ) -> None:
        """`find` says what is known of users and containers, as for `matcher`, where the stream does not."""
        self.rules = tuple(rules)
        self.table = ProcessTable(None) if table is None else table
        self.kin = kin_of(rule.expression for rule in self.rules)
        if len(self.kin) > MOST_KIN:
            hint = "several values in one test: parent.exe endswith ('/sh', '/bash')"
            raise UsageError(f"the rules have {len(self.kin)} tests of processes and their kin", hint)
        asked = [And((scope, rule.expression)) if scope else rule.expression for rule in self.rules]
        self._kinship = Kinship(self.kin, self.table) if self.kin else None
        self._finder = finder(asked, self.kin, self._kinship.learn if self._kinship else None, find)
        self._lineage = Lineage(self.table, is_told=self._kinship is not None)

    def look(self) -> None:
        """At the processes that there are, where a rule asks for them."""
        if self._kinship:
            self._kinship.look()

    def found(self, batch: Batch) -> list[tuple[int, int, list[int]]]:
        """What `Batch.found` says of it, with the numbers of the rules."""
        return batch.found(self._finder)

    def with_alerts(self, batch: Batch) -> Batch:
        """The same with an alert for each rule behind each event that it has found; without those that are there, of a
        recording.
        """
        if Alert.event in batch.counts():
            batch = batch.select(*(name for name in batch.counts() if name != Alert.event))
        found = self.found(batch)
        at = 0
        added: list[tuple[int, Alert]] = []
        for start, end, numbers in found:
            self._lineage.take(batch.part(at, end))
            at = end
            matched = batch.part(start, end)
            record = matched.to_json().decode().removesuffix("\n")
            [event] = matched.events()
            assert isinstance(event, TaskEvent)
            process = self._lineage.of(event)
            added += ((end, alert_of(self.rules[number], event, process, record)) for number in numbers)
        self._lineage.take(batch.part(at, len(batch.raw)) if at else batch)
        return batch.with_events(added) if added else batch


def kin_of(expressions: Iterable[Expression]) -> tuple[Test, ...]:
    """The tests of processes and their kin, of all expressions, each once."""
    return tuple(dict.fromkeys(test for expression in expressions for test in kin_tests(expression)))
