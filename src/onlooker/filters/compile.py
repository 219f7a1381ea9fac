"""Expressions in the order in which the native part wants them: for each event its tests, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..events import ASKED_EVENTS, PROCESS_EVENTS, TASK_EVENTS
from ..records import NUMBERS, Batch, Finder, Matcher
from ..records.encode import wall_ns
from ..records.fold import context_kind
from ..records.planned import compiled
from ..schema.fields import Op
from ..schema.plan import StepPlan
from ..schema.values import Flags, Names
from .automaton import Automaton
from .automaton import automaton as regex
from .expression import REGEX, And, Expression, Not, Test, context_tests, kin_tests
from .fields import (
    BOOLEAN,
    CMDLINE,
    CONTEXT_FIELDS,
    EVENT,
    FILES,
    FLAGS,
    LIST,
    NAME,
    NUMBER,
    PATH,
    TIME,
    plan_of,
    steps_of,
    type_of,
)
from .glob import Glob, automaton
from .paths import clean

# records/native/match.h: enum test_op, enum form, and where the tests end
ASK_NUMBER, ASK_EQUAL, ASK_BEGIN, ASK_END, ASK_PART, ASK_GLOB, ASK_UNDER, ASK_ITEM, ASK_FLAG, ASK_EXISTS = range(10)
ASK_KIN, ASK_REGEX, ASK_CONTEXT = 10, 11, 12
CLEAN, LOWER, SPACES = 1, 2, 4
ACCEPT, REJECT = 2**32 - 1, 2**32 - 2

_OF_TEXT = {
    "==": ASK_EQUAL,
    "!=": ASK_EQUAL,
    "in": ASK_EQUAL,
    "startswith": ASK_BEGIN,
    "endswith": ASK_END,
    "contains": ASK_PART,
    "glob": ASK_GLOB,
    "under": ASK_UNDER,
    REGEX: ASK_REGEX,
}
_HIGHEST = 2**64 - 1
_SIGN = 2**63  # is turned in signed numbers, so that all are in one order

Find = Callable[[str, int, int, int], bytes]  # a context event, the two numbers of its key, a process's id: a record
Source = tuple[tuple[int, ...], int]  # steps of the event, form
Range = tuple[int, int]  # lowest, highest


class Pattern(NamedTuple):
    """A text to compare with; of a flag the bits that its number has, by the mask."""

    text: bytes
    bits: int = 0
    mask: int = 0
    glob: Glob | None = None
    regex: Automaton | None = None


class Ask(NamedTuple):
    """One test, and where to go on: at one before it, or at an end. `source` is a step where it asks for a number."""

    op: int
    source: int
    negated: bool = False
    ignore_case: bool = False
    ranges: tuple[Range, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    yes: int = ACCEPT
    no: int = REJECT
    test: int = 0  # the same for those that ask the same


class Program(NamedTuple):
    """What is asked of the records of one event, beginning with the test `first`; or of several expressions, by number,
    where each begins.
    """

    sources: tuple[Source, ...]
    asks: tuple[Ask, ...]
    first: int
    roots: tuple[tuple[int, int], ...] = ()


Learn = Callable[[bytes, int], int]


def matcher(expression: Expression, learn: Learn | None = None, find: Find | None = None) -> Matcher:
    """For `Batch.matching`; the expression was checked. Where it asks for parents or ancestors, `learn` is given a
    record and the offset of its clock, in the order in which they happened, and says which of `kin_tests` hold for its
    process: bit n for number n. It is asked for each record of a process's life, and for others if it must be.

    Where it asks for what is known of users and containers, the stream says it; or else `find` does, for an event
    that says it, its key and a process's id, as a record.
    """
    programs = {NUMBERS[event]: program(expression, event) for event in ASKED_EVENTS}
    return Matcher(compiled(), programs, *_learning(learn), _context((expression,), find))


def finder(
    expressions: Sequence[Expression], kin: Sequence[Test] = (), learn: Learn | None = None, find: Find | None = None
) -> Finder:
    """For `Batch.found`, of several expressions at once, which were checked. `kin` are the tests of parents and
    ancestors of all of them, and `learn` and `find` are as for `matcher`.
    """
    programs = {NUMBERS[event]: program_of_all(expressions, event, kin) for event in TASK_EVENTS}
    return Finder(compiled(), programs, *_learning(learn), _context(expressions, find))


def _learning(learn: Learn | None) -> tuple[Learn | None, int, tuple[int, int]]:
    places = {step.name: step.at for step in plan_of(PROCESS_EVENTS[0]).steps}  # the same in all
    learned = sum(1 << NUMBERS[event] for event in PROCESS_EVENTS) if learn else 0
    return learn, learned, (places["pid"], places["start_ns"])


def _context(expressions: Sequence[Expression], find: Find | None) -> tuple[Any, ...] | None:
    """For the native part: which events say it, what to ask for one that has not come, and what to make of one."""
    tests = context_tests_of(expressions)
    if not tests:
        return None
    events = tuple(dict.fromkeys(CONTEXT_FIELDS[test.field] for test in tests))
    asked = {
        event: [
            (bit, matcher_of_context(test)) for bit, test in enumerate(tests) if CONTEXT_FIELDS[test.field] == event
        ]
        for event in events
    }

    def bits(kind: int, record: bytes) -> int:
        """Which of the tests hold by what a record says."""
        batch = Batch(record, 0)
        return sum(1 << bit for bit, each in asked[events[kind]] if len(batch.matching(each)))

    def found(kind: int, first: int, second: int, pid: int) -> int:
        return bits(kind, find(events[kind], first, second, pid)) if find else 0

    return [context_kind(event, ()) for event in events], bits, found if find else None


def context_tests_of(expressions: Iterable[Expression]) -> tuple[Test, ...]:
    """The tests of what is known of users and containers, of all of them, each once."""
    return tuple(dict.fromkeys(test for each in expressions for test in context_tests(each, CONTEXT_FIELDS)))


def matcher_of_context(test: Test) -> Matcher:
    """Of the events themselves that say what is known of processes: whether the test holds for such a process."""
    event = CONTEXT_FIELDS[test.field]
    return Matcher(compiled(), {NUMBERS[event]: program(test, event)})


def program(expression: Expression, event: str) -> Program:
    """What is asked of one kind of event: a test of a field that it does not have is decided here."""
    made = _Program(event, kin_tests(expression), context_tests(expression, CONTEXT_FIELDS))
    first = made.add(expression, ACCEPT, REJECT)
    return Program(tuple(made.sources), tuple(made.asks), first)


def program_of_all(expressions: Iterable[Expression], event: str, kin: Sequence[Test]) -> Program:
    """The same for several expressions, without those that no such event can fulfil."""
    expressions = tuple(expressions)
    made = _Program(event, kin, context_tests_of(expressions))
    firsts = [made.add(expression, ACCEPT, REJECT) for expression in expressions]
    roots = tuple((number, first) for number, first in enumerate(firsts) if first != REJECT)
    return Program(tuple(made.sources), tuple(made.asks), ACCEPT, roots)


class _Program:
    """Tests are added from the last to the first: each goes on at one that is there already."""

    def __init__(self, event: str, kin: Iterable[Test], context: Iterable[Test]) -> None:
        self._event = event
        self._kin = {test: number for number, test in enumerate(kin)}
        self._context = {test: number for number, test in enumerate(context)}
        self._steps = plan_of(event).steps
        self.sources: dict[Source, int] = {}
        self._tests: dict[Ask, int] = {}  # by what they ask
        self.asks: dict[Ask, int] = {}

    def add(self, expression: Expression, yes: int, no: int) -> int:
        """Where to begin."""
        if isinstance(expression, Test):
            return self._add_test(expression, yes, no)
        if isinstance(expression, Not):
            return self.add(expression.term, no, yes)
        first = yes if isinstance(expression, And) else no
        for term in sorted(expression.terms, key=_cost, reverse=True):  # the dearest is asked last
            first = self.add(term, first, no) if isinstance(expression, And) else self.add(term, yes, first)
        return first

    def _add_test(self, test: Test, yes: int, no: int) -> int:
        if test.field == EVENT:
            is_it = test.op == "exists" or (self._event.encode() in test.values) != (test.negated or test.op == "!=")
            return yes if is_it else no
        if test.scope:
            return self._push(Ask(ASK_KIN, self._kin[test.bare]), yes, no)
        if test.field in CONTEXT_FIELDS and self._event != CONTEXT_FIELDS[test.field]:
            return self._push(Ask(ASK_CONTEXT, self._context[test.bare]), yes, no)
        steps = steps_of(test.field, self._event)
        if not steps:
            return no
        return self._push(self._ask(test, steps), yes, no)

    def _push(self, ask: Ask, yes: int, no: int) -> int:
        """Expressions that end alike share their ends."""
        if yes == no:
            return yes
        test = self._tests.setdefault(ask, len(self._tests))
        return self.asks.setdefault(ask._replace(yes=yes, no=no, test=test), len(self.asks))

    def _ask(self, test: Test, steps: tuple[StepPlan, ...]) -> Ask:
        kind, negated = type_of(test.field), test.negated or test.op == "!="
        place = self._steps.index(steps[0])
        if test.op == "exists":
            return Ask(ASK_EXISTS, self._source(steps, 0))
        if kind in (NUMBER, BOOLEAN, TIME) or (kind == NAME and test.op in ("==", "!=", "in")):
            return Ask(ASK_NUMBER, place, negated, ranges=tuple(ranges(test, steps[0])))
        if kind == FLAGS:
            patterns = tuple(flag(steps[0].values, value, test.ignore_case) for value in texts_of(test))
            return Ask(ASK_FLAG, place, negated, test.ignore_case, patterns=patterns)
        return self._ask_text(test, steps, negated)

    def _ask_text(self, test: Test, steps: tuple[StepPlan, ...], negated: bool) -> Ask:
        op = ASK_ITEM if type_of(test.field) == LIST else _OF_TEXT[test.op]
        form = LOWER if test.ignore_case and op != ASK_REGEX else 0  # the automaton knows both cases
        form |= CLEAN if test.field in FILES or op == ASK_UNDER else 0
        form |= SPACES if test.field == CMDLINE else 0
        texts = [text.lower() if test.ignore_case else text for text in texts_of(test)]  # ASCII letters only
        if op == ASK_REGEX:
            found = tuple(Pattern(text, regex=regex(text, test.ignore_case)) for text in texts_of(test))
            return Ask(op, self._source(steps, form), negated, patterns=found)
        if op == ASK_UNDER:
            texts = [clean(text) for text in texts]
        patterns = tuple(Pattern(text, glob=automaton(text) if op == ASK_GLOB else None) for text in texts)
        return Ask(op, self._source(steps, form), negated, patterns=patterns)

    def _source(self, steps: Iterable[StepPlan], form: int) -> int:
        source = tuple(map(self._steps.index, steps)), form
        return self.sources.setdefault(source, len(self.sources))


def texts_of(test: Test) -> list[bytes]:
    """Its values that are texts."""
    return [value for value in test.values if isinstance(value, bytes)]


def _cost(expression: Expression) -> int:
    """What is asked first, if it does not matter: a number is had at once, a path is put together."""
    if not isinstance(expression, Test):
        terms = (expression.term,) if isinstance(expression, Not) else expression.terms
        return max(map(_cost, terms))
    if expression.field == EVENT or expression.scope or expression.field in CONTEXT_FIELDS:
        return 1
    if expression.op == REGEX:
        return 4
    return 3 if type_of(expression.field) in (PATH, LIST) else 2


def ranges(test: Test, step: StepPlan) -> Iterator[Range]:
    """The numbers that a test asks for, in their order."""
    shift = _SIGN if step.op is Op.SIGNED else 0
    numbers = sorted({number + shift for number in _numbers(test, step)})
    if test.op in ("==", "!=", "in"):
        yield from ((number, number) for number in numbers if 0 <= number <= _HIGHEST)
        return
    [number] = numbers
    low, high = {
        "<": (0, number - 1),
        "<=": (0, number),
        ">": (number + 1, _HIGHEST),
        ">=": (number, _HIGHEST),
    }[test.op]
    if max(low, 0) <= min(high, _HIGHEST):
        yield max(low, 0), min(high, _HIGHEST)


def _numbers(test: Test, step: StepPlan) -> Iterator[int]:
    for value in test.values:
        if not isinstance(value, bytes):
            yield int(value)
        elif step.op is Op.TIME:
            yield wall_ns(value.decode())
        elif (number := _number_of(step.values, value)) is not None:
            yield number


def _number_of(values: object, name: bytes) -> int | None:
    """None where no number is called so."""
    assert isinstance(values, Names)
    text = name.decode("utf-8", "surrogateescape")
    try:
        number = values.number_of(text)
        return number if values.name_of(number) == text else None
    except LookupError:
        return None


def flag(values: object, name: bytes, ignore_case: bool) -> Pattern:
    """A number has the name only if it has these bits, and not always then: see Flags.names_of."""
    assert isinstance(values, Flags)
    text = name.decode("utf-8", "surrogateescape")
    if ignore_case:
        return Pattern(name)
    if text in values.low:
        return Pattern(name, values.low.index(text), len(values.low) - 1)
    try:
        bits = values.mask_of(text)
    except LookupError:
        return Pattern(name)
    return Pattern(name, bits, bits)
