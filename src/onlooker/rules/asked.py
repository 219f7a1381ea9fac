"""What a monitor asks its source for, so that its rules get what they need."""

from collections.abc import Iterable

from msgspec.structs import replace

from ..enrich.kinship import KinFilter, with_kin
from ..enrich.processes import PROC, ProcessTable
from ..events import PROCESS_EVENTS, TASK_EVENTS
from ..events.alert import Alert
from ..filters import Filter
from ..filters.expression import And, Expression, Or, Test, tests_of, without_places
from ..filters.options import as_expression
from ..records import Matcher
from .detector import Detector, kin_of
from .rule import Rule

_OF_KIND = ("event", "errno", "created", "flags")  # known before a path is read
_MOST_ALTERNATIVES = 64
_ALERTS = Test("event", "==", (Alert.event.encode(),))


class RulesFilter(Filter, frozen=True, kw_only=True):
    """What the source is asked for: what is shown, what the rules look for, and all of the life of processes, which
    alerts tell of. `given` is what the user asked for, `shown` the expression that keeps only that, and `kin` decides
    it where it asks for parents and ancestors. `coarse` is `where`, with less in it.
    """

    given: Filter
    shown: Expression
    kin: KinFilter | None
    coarse: Expression
    detector: Detector
    ancestors: bool = False  # they are told, too

    @property
    def named_pids(self) -> tuple[int, ...]:
        """As the user named them."""
        return self.given.pid

    def matcher(self) -> Matcher:
        """For `Batch.matching`, of batches that have their alerts: it keeps those, and what is shown."""
        from ..filters.compile import matcher

        find = self.answers.find if self.answers else None
        if self.kin:
            return matcher(Or((_ALERTS, self.kin.asked)), self.kin.kinship.learn, find)
        return matcher(self.shown, find=find)

    def rules(self) -> bytes:
        """For the probe. It has room for so many steps: of more rules than that it decides what they ask first."""
        from ..filters.rules import Rules

        bound = self.answers.bound if self.answers else None
        made = Rules(self.where, self.events, bound)
        return (Rules(self.coarse, self.events, bound) if made.without_room else made).to_bytes()

    def look(self) -> None:
        """At the processes that there are: before the source starts, and when it has."""
        self.detector.look()
        if self.kin:
            self.kin.look()
        if self.ancestors:
            self.table.look()

    @property
    def table(self) -> ProcessTable:
        """The processes that the detector learns of."""
        return self.detector.table


def with_rules(
    given: Filter, rules: tuple[Rule, ...], *, only_alerts: bool, has_proc: bool, ancestors: bool = False
) -> RulesFilter:
    """`only_alerts`: nothing else is shown. `has_proc`: whether /proc has the process ids of the events. `ancestors`:
    the table of processes is wanted for those of all of them.
    """
    inner = with_kin(given, has_proc=has_proc) if not only_alerts else given
    kin = inner if isinstance(inner, KinFilter) else None
    asks_for_kin = bool(ancestors or kin or kin_of(rule.expression for rule in rules))
    options = replace(given, events=tuple(TASK_EVENTS), where=None)
    scope = as_expression(options) if asks_for_kin else None
    shown = None if only_alerts else _shown(given)
    life: Expression = Test("event", "in", tuple(map(str.encode, PROCESS_EVENTS)))
    events = {*PROCESS_EVENTS, *(event for rule in rules for event in rule.events)}
    if not only_alerts:
        events |= set(given.events)
    source = {name: getattr(given, name) for name in given.__struct_fields__}
    if asks_for_kin:  # the table learns from all processes
        source |= {"comm": (), "pid": (), "uid": (), "failed": False}
    source["events"] = tuple(event for event in TASK_EVENTS if event in events)
    where, coarse = (
        Or((life, wanted_of(given, rules, only_alerts=only_alerts, is_coarse=is_coarse))) for is_coarse in (False, True)
    )
    source["where"] = where
    table = ProcessTable(PROC if has_proc else None, keeps_lines=ancestors)
    detector = Detector(rules, scope=scope, table=table, find=given.answers.find if given.answers else None)
    return RulesFilter(
        **source,
        given=given,
        shown=Or((_ALERTS, shown)) if shown else _ALERTS,
        kin=kin,
        coarse=coarse,
        detector=detector,
        ancestors=ancestors,
    )


def wanted_of(given: Filter, rules: Iterable[Rule], *, only_alerts: bool, is_coarse: bool = False) -> Expression:
    """What is shown, or what a rule looks for."""
    asked = disjunction(rules, is_coarse=is_coarse)
    return asked if only_alerts else Or((_shown(given), *(asked.terms if isinstance(asked, Or) else (asked,))))


def _shown(given: Filter) -> Expression:
    """All that the user asked for."""
    terms = tuple(term for term in (as_expression(given), given.where) if term is not None)
    return _all(terms) if terms else Test("event", "exists")


def disjunction(rules: Iterable[Rule], *, is_coarse: bool = False) -> Expression:
    """What one of the rules looks for. What many of them ask first, as that a file was made, is asked once for all: the
    kernel decides so many steps only. `is_coarse`: only that, where it is asked.
    """
    groups: dict[tuple[Expression, ...], dict[Expression, None]] = {}
    for rule in rules:
        for terms in _alternatives(without_places(rule.expression)):
            first = tuple(term for term in terms if _is_of_kind(term))
            rest = tuple(term for term in terms if term not in first)
            groups.setdefault(first, {})[_all(rest) if rest else _all(first)] = None
    found = tuple(
        _all(first) if is_coarse and first else _all((*first, _any(tuple(rests)))) for first, rests in groups.items()
    )
    return _any(found)


def _all(terms: tuple[Expression, ...]) -> Expression:
    return terms[0] if len(terms) == 1 else And(terms)


def _any(terms: tuple[Expression, ...]) -> Expression:
    return terms[0] if len(terms) == 1 else Or(terms)


def _alternatives(expression: Expression) -> list[tuple[Expression, ...]]:
    """Of an expression, the terms of what is one way to fulfil it; those that speak of kinds of events stand apart."""
    if isinstance(expression, Or):
        return [each for term in expression.terms for each in _alternatives(term)]
    if not isinstance(expression, And):
        return [(expression,)]
    found: list[tuple[Expression, ...]] = [()]
    for term in expression.terms:
        inner: list[tuple[Expression, ...]] = [(term,)]
        if isinstance(term, And) or (isinstance(term, Or) and any(map(_has_kind, term.terms))):
            inner = _alternatives(term)
        if len(found) * len(inner) > _MOST_ALTERNATIVES:
            inner = [(term,)]
        found = [(*before, *each) for before in found for each in inner]
    return found


def _is_of_kind(term: Expression) -> bool:
    """Whether it asks only for the kind of event and how it went."""
    return all(test.field in _OF_KIND for test in tests_of(term))


def _has_kind(term: Expression) -> bool:
    return any(test.field in _OF_KIND for test in tests_of(term))
