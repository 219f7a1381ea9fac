"""The difference between what strace and onlooker show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .facts import FACTS, Exit, Fact
from .rules import RULES, Rule, reason
from .run import Run


@dataclass
class Comparison:
    """`expected`: what strace shows, by type of event; `missing`: what onlooker lacks of it; `extra`: what strace
    lacks.
    """

    expected: Counter[str] = field(default_factory=Counter)
    equal: int = 0
    missing: list[Fact] = field(default_factory=list)
    extra: list[Fact] = field(default_factory=list)
    explained: Counter[str] = field(default_factory=Counter)
    out_of_order: list[int] = field(default_factory=list)  # tasks that did the same, in another order
    complete: bool = True

    @property
    def is_true(self) -> bool:
        """Whether there is no difference, or none without an explanation, and onlooker says that nothing is lost."""
        return self.complete and not (self.missing or self.extra or self.out_of_order)

    def add(self, other: "Comparison") -> None:
        """Sum up another run of the same."""
        self.expected += other.expected
        self.equal += other.equal
        self.missing += other.missing
        self.extra += other.extra
        self.explained += other.explained
        self.out_of_order += other.out_of_order
        self.complete &= other.complete


def compare(run: Run) -> Comparison:
    """What strace and onlooker showed of a run, compared."""
    comparison = compare_facts(run.strace, run.onlooker)
    comparison.complete = run.complete
    comparison.explained += run.notes
    return comparison


def compare_facts(expected: Sequence[Fact], seen: Sequence[Fact], rules: Sequence[Rule] = RULES) -> Comparison:
    """The difference as multisets, then what of it is explained, then the order of what is equal."""
    left, right = Counter(expected), Counter(seen)
    both = left & right
    comparison = Comparison(
        expected=Counter({name: sum(isinstance(each, fact) for each in expected) for name, fact in FACTS.items()}),
        equal=both.total(),
        missing=list((left - right).elements()),
        extra=list((right - left).elements()),
    )
    for rule in rules:
        if count := rule(comparison.missing, comparison.extra):
            comparison.explained[reason(rule)] += count
    alike = {each for each in both if left[each] == right[each]}  # of the others it is not known which is missing
    first, second = _by_task(expected, alike), _by_task(seen, alike)
    comparison.out_of_order = [tid for tid, facts in first.items() if facts != second[tid]]
    return comparison


def _by_task(facts: Iterable[Fact], alike: set[Fact]) -> dict[int, list[Fact]]:
    """In the order of each task; without the ends of processes, which are no task's own."""
    tasks: dict[int, list[Fact]] = defaultdict(list)
    for each in facts:
        if not isinstance(each, Exit) and each in alike:
            tasks[each.tid].append(each)
    return tasks
