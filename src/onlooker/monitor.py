"""Watching: the public interface."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import length_hint
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from .arguments import LONGEST_SECONDS, check_rate, check_source, live_source, rules_of, time_to_wait
from .errors import ForkedError, UsageError
from .events import Event
from .events.alert import Alert
from .filters import Expression, Filter, asks_for_context, check_bool, process_id
from .probe.clock import Moment, WallClock
from .probe.command import command_of
from .probe.forks import run_in_children, this_process
from .probe.kernel import in_pid_namespace
from .probe.live import LiveSource
from .probe.setup import DEFAULT_RING_BYTES, MOST_ARGS_BYTES
from .probe.source import Attachment, Rest, Source, Waiting
from .records import Batch, Matcher
from .records.fold import KnownContext, check_context
from .records.sieve import Sieve
from .records.table import Batches
from .stats import Stats, Tally

if TYPE_CHECKING:
    from .enrich.answers import ContextAnswers
    from .enrich.context import Context, Places
    from .rules import Detector, RuleSet

_SLICE_SECONDS = 0.1  # how often a waiting poll of a source without `fileno` checks for `stop`
_WORST = 5  # processes above the rate that are named
_LATE_SECONDS = 0.2  # for which a poll looks beyond its time for events that match, in a flood of others


class Monitor:
    """Watches the processes of this machine; use it as a context manager and iterate over it.

    >>> import onlooker
    >>> with onlooker.Monitor(events=["exec"], comm=["nginx"]) as monitor:  # doctest: +SKIP
    ...     for event in monitor:
    ...         print(event)

    All arguments restrict what is reported, in the kernel: `events` (names of events; "all" is all of them, None or
    "default" are fork, exec, exit and open), `comm` (process names, "nginx" or "nginx*"), `pid`, `uid` (numbers or
    users' names), `exe` (processes that have executed a program, "nginx" or "/usr/bin/pip"), `cgroup` (in it or below,
    "/system.slice/nginx.service"), `failed` (only what failed), `threads` (also the creation of threads). Of what
    follows the kernel decides what it can, and the rest is decided here: `where` (an expression, or several that must
    all hold, as in "file under '/etc'"), `exclude` (one, or several, that must not), `path` (only what is done to files
    at or below one of these), `writes` (only opens for writing, creations and changes), `success` (nothing that
    failed), `arg` (executions with all of these arguments), `hide` (without what programs usually look at: "loader",
    "locale", "proc", "path-search"; "noise" is all). Without `events`, `path` and `writes` watch all changes, too.
    `buffer_bytes` is the ring between the kernel and this process: a power of two, 1 MiB to 1 GiB. `attach` forces how
    events are observed, where they can be observed so: "raw", "fexit", "kprobe" or "tracepoint". `resolve`: whether to
    look up which file a path led to, and the directory of one that led to none. `max_args_bytes`: how much of an exec's
    arguments is kept; what is longer is marked as cut. `least_rights`: whether the thread that starts it gives up, for
    good, all capabilities that watching does not need from then on, as the command does. `first`: of what a process
    does to a file, with the same result, each thing only once. `rate`: at most so many events of a process in a second,
    0 for all; what is more is reported as lost for the reason "rate". `command`: a program and its arguments, started
    when all is attached; only it and its descendants are reported, and the monitor ends with the last of them, or with
    the command if `detach`. It runs as `user`, a name or a number; else, under sudo(8), as who called that;
    `monitor.command` is the `Command`.
    `rules`: rules of Sigma or our own, as `onlooker.rules.load` reads them, or files and directories of them: behind an
    event that one of them finds comes an `Alert`. Without `events` and what asks for some, only alerts are reported;
    what the rules need is watched in any case. What chooses processes (`comm`, `pid`, `uid`, `exe`, `cgroup`, `failed`,
    `command`) holds for rules, too.
    `context`: what else to find out about the processes of events: "user", "container", "unit", "cgroup", "ancestors"
    or "all"; `context_of(event)` gives it, and batches have it as records of their own (docs/context.md).
    `source` replaces the kernel, for tests.

    Events of this very process are never reported. One thread uses a monitor; only `stop` may be called from others and
    from signal handlers. A child of fork(2) can't use it: it raises ForkedError there. Nothing is pinned in the kernel:
    when the process ends, however it ends, all is detached.

    Raises UsageError for a bad argument; entering raises it where no process has an id of `pid`, and UnsupportedError
    where the kernel or the user can't.
    """

    def __init__(
        self,
        *,
        events: Iterable[str] | None = None,
        comm: Iterable[str] = (),
        pid: Iterable[int] = (),
        uid: Iterable[int | str] = (),
        exe: Iterable[str] = (),
        cgroup: Iterable[str] = (),
        failed: bool = False,
        threads: bool = False,
        where: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        path: Iterable[str] = (),
        writes: bool = False,
        success: bool = False,
        arg: Iterable[str] = (),
        hide: Iterable[str] = (),
        buffer_bytes: int = DEFAULT_RING_BYTES,
        attach: str | None = None,
        resolve: bool = True,
        max_args_bytes: int = MOST_ARGS_BYTES,
        least_rights: bool = False,
        first: bool = False,
        rate: int = 0,
        command: Iterable[str] | None = None,
        user: str | int | None = None,
        detach: bool = False,
        context: Iterable[str] = (),
        rules: "RuleSet | str | Iterable[str]" = (),
        source: Source | None = None,
    ) -> None:
        self.filter = Filter.of(
            events=events,
            comm=comm,
            pid=pid,
            uid=uid,
            exe=exe,
            cgroup=cgroup,
            failed=failed,
            threads=threads,
            where=where,
            exclude=exclude,
            path=path,
            writes=writes,
            success=success,
            arg=arg,
            hide=hide,
        )
        if command is not None:
            self.filter = replace(self.filter, follow=True)
        self.context = check_context(context)
        self.rules = rules_of(rules)
        asks = (where, exclude, path, writes, success, arg, hide)
        self.only_alerts = bool(self.rules) and events is None and not any(asks)
        if self.only_alerts:
            watched = (event for rule in self.rules for event in rule.events)
            self.filter = replace(self.filter, events=tuple(dict.fromkeys(watched)))
        if Alert.event in self.filter.events and not self.rules and source is None:
            raise UsageError("alerts are what rules find, and there are none", 'rules="shipped"', "--rules shipped")
        check_bool("first", first)
        check_rate(rate)
        check_bool("detach", detach)
        self.command = command_of(command, user, detach=detach)
        live = live_source(
            ring_bytes=buffer_bytes,
            method=attach,
            resolve=resolve,
            max_args_bytes=max_args_bytes,
            least_rights=least_rights,
            command=self.command,
            detach=detach,
        )
        if source is not None:
            check_source(source, self.filter, self.command)
        self._source: Source = live if source is None else source
        self._matcher: Matcher | None = None
        self._matched: tuple[Batch | None, Batch | None] = (None, None)  # a batch of the source, and what matches of it
        self._detector: Detector | None = None
        self._sieve = Sieve(first=first, rate=rate) if first or rate else None
        self._wanted = self.filter  # of the source
        self._answers: ContextAnswers | None = None  # to what an expression asks of users and containers
        self._places: Places | None = None  # where users and containers are looked up
        self._told: Context | None = None  # what puts the context into the batches
        self._known: KnownContext | None = None
        self._home = this_process()
        self._batch: Batch | None = None  # counted, and its source may not know yet
        self._ready: Batch | None = None  # counted, and nobody has got it
        self._current: Batch | None = None  # whose events are being given
        self._given: Iterator[Event] = iter(())  # what of them nobody has got yet
        self._tally = Tally()
        self._aborted = False
        self._clock = WallClock()
        self._began: Moment | None = None
        self._ended: Moment | None = None
        self._is_closed = False
        self._stopping = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        """Events as they happen, until `stop` is called and everything before it was given.

        A new loop continues at the next event after the last one.
        """
        while True:
            self._check_use()
            yield from self._given
            self._check_use()  # in a child of fork(2), `_given` ends early
            self._next_events(None)
            if not length_hint(self._given) and self.ended:
                return

    def batches(self) -> Batches:
        """The same as batches of records, without an object for each: see `Batch`. It is an Arrow stream, too."""
        return Batches(self._batches())

    def _batches(self) -> Iterator[Batch]:
        while True:
            self._check_use()
            self._next_batch(None)
            if self._ready is None:
                if self.ended:
                    return
                continue
            batch, self._ready = self._ready, None  # no call until it is given: see `_receive`
            yield batch

    def start(self) -> None:
        """Start watching: after it returns, nothing is missed."""
        if self._ended is not None:
            raise _closed()
        if self._began is None:
            self._home = this_process()
            run_in_children(self._abandon)
            wanted = self._wanted = self._of_the_source()
            self._add_context(wanted)
            self._matcher = wanted.matcher()
            wanted.look()
            self._source.start(wanted)
            if self._places and isinstance(self._source, LiveSource) and self._needs_cgroups:
                self._places.watch()  # with the rights that are left
            wanted.look()
            self._began = getattr(self._source, "began", None) or self._clock.moment()
            if self._stopping:
                self._source.stop()
        self._check_use()

    def _of_the_source(self) -> Filter:
        """The filter, with what else must be known to decide it."""
        expressions = [self.filter.where, *(rule.expression for rule in self.rules)]
        self._answers = self._answers_to([each for each in expressions if each is not None])
        wanted, ancestors = _with(self.filter, self._answers), "ancestors" in self.context
        has_proc = isinstance(self._source, LiveSource) and not in_pid_namespace()
        if self.rules:
            from .rules.asked import with_rules

            made = with_rules(wanted, self.rules, only_alerts=self.only_alerts, has_proc=has_proc, ancestors=ancestors)
            self._detector = made.detector
            return made
        if not self.filter.asks_for_kin and not ancestors:
            return wanted
        from .enrich.kinship import with_kin  # rarely needed

        return with_kin(wanted, has_proc=has_proc, ancestors=ancestors)

    def _answers_to(self, asked: Sequence[Expression]) -> "ContextAnswers | None":
        """What is known of users and containers, where an expression asks for it and the stream says nothing."""
        if not asks_for_context(asked) or getattr(self._source, "has_context", False):
            return None
        from .enrich.answers import answers_to  # rarely needed

        return answers_to(asked, self._looked_up_in())

    def _looked_up_in(self) -> "Places":
        """Where users and containers are looked up."""
        if self._places is None:
            from .enrich.context import Places

            self._places = Places()
        return self._places

    @property
    def _needs_cgroups(self) -> bool:
        return bool(self._answers) or not {*self.context} <= {"user", "ancestors"}

    def _add_context(self, wanted: Filter) -> None:
        if not self.context:
            return
        self._known = KnownContext()
        if not getattr(self._source, "has_context", False):
            from .enrich.context import Context  # rarely needed, as above

            self._told = Context(self.context, getattr(wanted, "table", None), self._looked_up_in())

    def _ask_again(self) -> None:
        """Of what is known now of users and containers, and was not when it was asked."""
        if self._answers and self._answers.has_news():
            if self._matcher:
                self._matcher.forget()
            refine: Callable[[Filter], None] | None = getattr(self._source, "refine", None)
            if self._answers.look() and refine:
                refine(self._wanted)

    def context_of(self, event: Event) -> dict[str, Any]:
        """What is known of an event's process, by the names of docs/fields.md, such as "user_name": only what there is.
        Of an event that came long ago it may be forgotten.

        >>> from onlooker.testing import FakeSource, make
        >>> with Monitor(context=["user"], source=FakeSource([make("exit", uid=0, gid=0)])) as monitor:
        ...     [monitor.context_of(event)["user_name"] for event in monitor]
        ['root']
        """
        return self._known.of(event) if self._known else {}

    def follow(self, pid: int) -> None:
        """Report only what followed processes do, and follow this one, its descendants and those to come. The monitor
        ends with the last of them. After the start, only one that follows something can follow more.

        Raises UsageError where there is no such process.
        """
        follow: Callable[[int], None] | None = getattr(self._source, "follow", None)
        if follow is None:
            raise UsageError("only the kernel can follow a process", "leave out source")
        if self._began is not None and not self.filter.follow:
            raise UsageError("this monitor follows nothing", "call follow before start, or give a command")
        follow(process_id(pid))
        self.filter = replace(self.filter, follow=True)

    def followed(self) -> tuple[int, ...]:
        """The ids of the processes that are followed now, the oldest first; none after `close`."""
        followed: Callable[[], Iterable[int]] | None = getattr(self._source, "followed", None)
        return tuple(followed()) if followed else ()

    def refine(
        self,
        *,
        where: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        path: Iterable[str] = (),
        writes: bool = False,
        success: bool = False,
        arg: Iterable[str] = (),
        hide: Iterable[str] = (),
    ) -> None:
        """Ask for something else from now on, in place of what all of these asked for until now; the other arguments
        stay, and so do the events that are watched. It is decided in the kernel, as far as it can be, if the monitor
        began with one of these. Of what happened before and was not polled, what the kernel had rejected is gone.

        Raises UsageError as the monitor itself does, and for tests of parents and ancestors.
        """
        if self.rules:
            raise UsageError("what a monitor with rules asks for can't be changed", "begin another monitor")
        wanted = self.filter.refined(
            where=where, exclude=exclude, path=path, writes=writes, success=success, arg=arg, hide=hide
        )
        if "ancestors" in self.context:
            raise UsageError("what is asked for can't be changed where ancestors are told", "begin another monitor")
        if self._began is not None:
            self._check_use()
            answers = self._answers_to([wanted.where] if wanted.where is not None else [])
            asked = _with(wanted, answers)
            matcher = asked.matcher()
            refine: Callable[[Filter], None] | None = getattr(self._source, "refine", None)
            try:
                if refine:
                    refine(asked)
            finally:  # a signal's handler may raise when the kernel has changed it already
                if getattr(self._source, "wanted", asked) is asked:
                    self.filter, self._matcher, self._matched = wanted, matcher, (None, None)
                    self._wanted, self._answers = asked, answers
        self.filter = wanted

    def poll(self, timeout: float | None = 0.0) -> Sequence[Event]:
        """The events that have come, in the order in which they happened.

        What was over before something else began comes first: a thread's events are in their order, a fork is before
        all that the child does, an exit behind all that the process did. Of what several processors do at the same
        moment, either may come first, with a `boot_ns` that is some microseconds later.

        Waits until there are some, at most `timeout` seconds (None: for ever). Empty when the time is over, and at once
        when the monitor has `ended`.
        """
        longest = time_to_wait(timeout)
        self._check_use()
        if not length_hint(self._given):
            self._next_events(longest)
        return [*self._given]  # not list(): where a function is called, a signal's handler may raise and lose them

    def poll_batch(self, timeout: float | None = 0.0) -> Batch | None:
        """The same as a batch; None where `poll` gives nothing."""
        longest = time_to_wait(timeout)
        self._check_use()
        self._next_batch(longest)
        batch, self._ready = self._ready, None
        return batch

    def _next_batch(self, timeout: float | None) -> None:
        """Put the rest of the current batch, or else the next batch, into `_ready`."""
        rest, none = self._rest(), iter(())
        if rest is not None:
            self._ready, self._given = rest, none
        self._next(timeout)

    def _rest(self) -> Batch | None:
        """The part of the current batch whose events nobody has got, and what is known of them."""
        left = length_hint(self._given)
        if not left or not self._current:
            return None
        if not self._current.has_context:
            return self._current.after(len(self._current) - left)
        events = self._current.without_context()
        return events.after(len(events) - left).behind(self._current.context())

    def _next_events(self, timeout: float | None) -> None:
        """Put the events of the next batch into `_given`: they stay there after an exception."""
        self._next(timeout)
        if self._ready is not None:
            if self._known:
                self._known.take(self._ready)
            given = iter(self._ready.without_context().events())
            self._given, self._current, self._ready = given, self._ready, None

    def _next(self, timeout: float | None) -> None:
        """Put the next batch into `_ready`, if there is none."""
        deadline = None if timeout is None else time.monotonic() + timeout
        longest = LONGEST_SECONDS if hasattr(self._source, "fileno") else _SLICE_SECONDS
        while self._ready is None:
            left = longest if deadline is None else deadline - time.monotonic()
            batch = self._source.poll(max(0.0, min(longest, left)))
            if batch is not None:
                self._receive(batch)
            # of what had come before the time was over, all may have been left out, and wanted events may be behind it
            is_late = left <= 0 and (batch is None or left < -_LATE_SECONDS)
            if self.ended or (deadline is not None and is_late):
                return

    def _receive(self, batch: Batch) -> None:
        """Nothing is called while the batch and its counts are noted, so that no signal's handler can raise there; the
        source keeps the batch until that is done.
        """
        if not isinstance(batch, Batch):
            hint = "its poll returns a Batch or None; Batch.of(events) makes them"
            raise UsageError(f"the source's poll returned no batch: {batch!r:.100}", hint)
        if batch is not self._batch:
            passed = self._passed(batch)
            tally = self._tally.plus(passed)
            ready = passed if len(passed) else None
            self._batch, self._ready, self._tally = batch, ready, tally
        self._acknowledge()

    def _passed(self, batch: Batch) -> Batch:
        """What of the source's batch is to be reported; of the same batch once more, the same."""
        self._ask_again()
        if self._matcher and self._matched[0] is not batch:
            seen = self._detector.with_alerts(batch) if self._detector else batch
            self._matched = batch, seen.matching(self._matcher)
        matching = self._matched[1] if self._matched[1] is not None else batch
        sifted = self._sieve.sifted(matching) if self._sieve else matching
        if self._told:
            return self._told.added(sifted, batch)
        return sifted if self._known else sifted.without_context()

    def _acknowledge(self) -> None:
        taken = getattr(self._source, "taken", None)
        if taken and self._batch is not None:
            taken(self._batch)
        self._batch, self._matched = None, (None, None)

    def fileno(self) -> int:
        """A descriptor that can be read while `poll(0)` has something to give or to do: for select(2) and the like.

        Raises UsageError where the source has none, and after `close`.
        """
        self._check_use()
        if self._ended is not None:
            raise _closed()
        fileno: Callable[[], int] | None = getattr(self._source, "fileno", None)
        if fileno is None:
            raise UsageError("this source can't be waited for", "monitor.poll(timeout) waits")
        return fileno()

    def stop(self) -> None:
        """Watch nothing more from now on; what happened before can still be polled. Returns at once."""
        first, self._stopping = not self._stopping, True
        if first and self._began is not None:
            self._source.stop()

    def close(self) -> None:
        """Stop, count a last time, and detach everything. What was not polled is dropped, and `stats` says how much it
        was. May be called again, and goes on where an exception, such as a signal's, has broken it off.
        """
        if self._is_closed:
            return
        self._ended = self._ended or self._clock.moment()
        self._stopping = True
        self._take_back()
        self._aborted = self._aborted or (self._began is not None and (self._tally.unread > 0 or not self.ended))
        self._acknowledge()
        if self._places:
            self._places.close()
        rest = self._source.close() or Rest()
        self._tally = self._tally.at_the_end(rest.lost, rest.unread)
        self._is_closed = True

    @property
    def ended(self) -> bool:
        """Whether there will be no more events."""
        return self._source.exhausted

    @property
    def notes(self) -> tuple[str, ...]:
        """The items of `pid`, `exe` and `cgroup` that can match nothing now; known after the start."""
        return tuple(getattr(self._source, "notes", ()))

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """How each event is observed."""
        return self._source.attached

    @property
    def span(self) -> tuple[Moment, Moment]:
        """From when until when it has watched: until the last process that it follows had ended, `stop` or `close`;
        until now where it still watches.
        """
        ended = getattr(self._source, "ended", None) or self._ended or self._clock.moment()
        return self._began or ended, ended

    def stats(self) -> Stats:
        """What has been reported until now."""
        began, ended = self.span
        seconds = (ended.boot_ns - began.boot_ns) / 1e9
        aborted = self._aborted or self._home != this_process()
        tally = self._tally
        events = {name: count for name, count in tally.events.items() if count}
        repeated, over = (self._sieve.repeated, self._sieve.over()) if self._sieve else (0, [])
        return Stats(
            events, dict(tally.lost), tally.cut, seconds, tally.unread, aborted, repeated, tuple(over[:_WORST])
        )

    def waiting(self) -> Waiting | None:
        """How much waits to be polled, in bytes; None where the source does not say, and after `close`."""
        waiting: Callable[[], Waiting | None] | None = getattr(self._source, "waiting", None)
        return waiting() if waiting else None

    def _check_use(self) -> None:
        if self._began is None:
            raise UsageError("the monitor is not started", "with onlooker.Monitor() as monitor: ...")
        if self._home != this_process():
            raise ForkedError

    def _abandon(self) -> None:
        """In a child of fork(2): what is left of the batch is the parent's. An iteration holds the same iterator."""
        deque(self._given, maxlen=0)
        self._ready = None

    def _take_back(self) -> None:
        """Take the events that nobody got out of the counts, all at once or not at all. Losses stay counted."""
        batch, none = self._rest() or self._ready, iter(())
        if batch is None:
            return
        tally = self._tally.minus(batch)
        self._ready, self._given, self._tally = None, none, tally


def _with(wanted: Filter, answers: "ContextAnswers | None") -> Filter:
    return replace(wanted, answers=answers) if answers else wanted


def _closed() -> UsageError:
    return UsageError("the monitor is closed", "make a new one: onlooker.Monitor()")
