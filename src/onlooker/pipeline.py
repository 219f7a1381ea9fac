"""What a batch passes between the source and the caller: rules, the expression that is asked for, sieve and context."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from .events import Event
from .filters import Expression, Filter, asks_for_context
from .probe.kernel import in_pid_namespace
from .probe.live import LiveSource
from .probe.source import Source
from .records import Batch, Matcher
from .records.fold import KnownContext
from .records.sieve import Sieve

if TYPE_CHECKING:
    from .enrich.answers import ContextAnswers
    from .enrich.context import Context, Places
    from .rules import Detector, Rule

_WORST = 5  # processes above the rate that are named


class Pipeline:
    """Starts the source with all that must be known to decide the filter, and makes of its batches what is reported.

    `context`, `rules` and `only_alerts` are the monitor's; `first` and `rate` are what `Sieve` takes.
    """

    def __init__(
        self,
        source: Source,
        *,
        context: tuple[str, ...],
        rules: "tuple[Rule, ...]",
        only_alerts: bool,
        first: bool,
        rate: int,
    ) -> None:
        self._source = source
        self._context, self._rules, self._only_alerts = context, rules, only_alerts
        self.given = Filter()  # what the user asks for, since the start
        self._wanted = self.given  # of the source
        self._matcher: Matcher | None = None
        self.matched: tuple[Batch | None, Batch | None] = (None, None)  # a batch of the source, and what matches of it
        self._detector: Detector | None = None
        self._sieve = Sieve(first=first, rate=rate) if first or rate else None
        self.answers: ContextAnswers | None = None  # to what an expression asks of users and containers
        self._places: Places | None = None  # where users and containers are looked up
        self._told: Context | None = None  # what puts the context into the batches
        self._known: KnownContext | None = None

    def start(self, given: Filter) -> None:
        """Start the source: after it returns, nothing is missed."""
        self.given = given
        wanted = self._wanted = self._of_the_source()
        self._add_context(wanted)
        self._matcher = wanted.matcher()
        wanted.look()
        self._source.start(wanted)
        if self._places and isinstance(self._source, LiveSource) and self._needs_cgroups:
            self._places.watch()  # with the rights that are left
        wanted.look()

    def _of_the_source(self) -> Filter:
        """The filter, with what else must be known to decide it."""
        expressions = [self.given.where, *(rule.expression for rule in self._rules)]
        self.answers = self._answers_to(each for each in expressions if each is not None)
        wanted, ancestors = _with(self.given, self.answers), "ancestors" in self._context
        has_proc = isinstance(self._source, LiveSource) and not in_pid_namespace()
        if self._rules:
            from .rules.asked import with_rules  # rarely needed

            only_alerts = self._only_alerts
            made = with_rules(wanted, self._rules, only_alerts=only_alerts, has_proc=has_proc, ancestors=ancestors)
            self._detector = made.detector
            return made
        if not self.given.asks_for_kin and not ancestors:
            return wanted
        from .enrich.kinship import with_kin  # rarely needed

        return with_kin(wanted, has_proc=has_proc, ancestors=ancestors)

    def _answers_to(self, expressions: Iterable[Expression]) -> "ContextAnswers | None":
        """What is known of users and containers, where an expression asks for it and the stream says nothing."""
        asked = list(expressions)
        if not asks_for_context(asked) or getattr(self._source, "has_context", False):
            return None
        from .enrich.answers import answers_to  # rarely needed

        return answers_to(asked, self._looked_up_in())

    def _looked_up_in(self) -> "Places":
        """Where users and containers are looked up."""
        if self._places is None:
            from .enrich.context import Places  # rarely needed

            self._places = Places()
        return self._places

    @property
    def _needs_cgroups(self) -> bool:
        return bool(self.answers) or not {*self._context} <= {"user", "ancestors"}

    def _add_context(self, wanted: Filter) -> None:
        if not self._context:
            return
        self._known = KnownContext()
        if not getattr(self._source, "has_context", False):
            from .enrich.context import Context  # rarely needed

            self._told = Context(self._context, getattr(wanted, "table", None), self._looked_up_in())

    def refine(self, given: Filter) -> None:
        """Another filter from now on. `given` says which one holds, also after an exception such as a signal's."""
        answers = self._answers_to([given.where] if given.where is not None else [])
        asked = _with(given, answers)
        matcher = asked.matcher()
        refine: Callable[[Filter], None] | None = getattr(self._source, "refine", None)
        try:
            if refine:
                refine(asked)
        finally:  # a signal's handler may raise when the kernel has changed it already
            if getattr(self._source, "wanted", asked) is asked:
                self.given, self._matcher, self.matched = given, matcher, (None, None)
                self._wanted, self.answers = asked, answers
        self.given = given

    def passed(self, batch: Batch) -> Batch:
        """What of the source's batch is to be reported; of the same batch once more, the same."""
        self._ask_again()
        if self._matcher and self.matched[0] is not batch:
            seen = self._detector.with_alerts(batch) if self._detector else batch
            self.matched = batch, seen.matching(self._matcher)
        matching = self.matched[1] if self.matched[1] is not None else batch
        sifted = self._sieve.sifted(matching) if self._sieve else matching
        if self._told:
            return self._told.added(sifted, batch)
        return sifted if self._known else sifted.without_context()

    def _ask_again(self) -> None:
        """Of what is known now of users and containers, and was not when it was asked."""
        if self.answers and self.answers.has_news():
            if self._matcher:
                self._matcher.forget()
            refine: Callable[[Filter], None] | None = getattr(self._source, "refine", None)
            if self.answers.look() and refine:
                refine(self._wanted)

    def learn(self, batch: Batch) -> None:
        """What a batch that has passed says of processes."""
        if self._known:
            self._known.take(batch)

    def context_of(self, event: Event) -> dict[str, Any]:
        """What was learnt of an event's process."""
        return self._known.of(event) if self._known else {}

    def left_out(self) -> tuple[int, tuple[tuple[int, int, str], ...]]:
        """Of `first` how many repetitions, and of `rate` the processes that did most above it: see `Stats`."""
        return (self._sieve.repeated, tuple(self._sieve.over()[:_WORST])) if self._sieve else (0, ())

    def close(self) -> None:
        """Let go of what it looked into. The source is closed by whoever gave it."""
        if self._places:
            self._places.close()


def _with(wanted: Filter, answers: "ContextAnswers | None") -> Filter:
    return replace(wanted, answers=answers) if answers else wanted
