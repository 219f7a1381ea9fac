"""Watching: the public interface."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from .arguments import check_rate, check_source, live_source, rules_of, watching_for
from .errors import UsageError
from .events import Event
from .filters import Filter, check_bool, process_id
from .handover import Handover
from .lifetime import Lifetime
from .pipeline import Pipeline
from .probe.clock import Moment
from .probe.command import command_of
from .probe.setup import DEFAULT_RING_BYTES, MOST_ARGS_BYTES
from .probe.source import Attachment, Rest, Source, Waiting
from .records import Batch
from .records.fold import check_context
from .records.table import Batches
from .stats import Stats

if TYPE_CHECKING:
    from .rules import RuleSet


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
        self.filter = watching_for(self.rules, self.filter, only_alerts=self.only_alerts, is_live=source is None)
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
        self._pipeline = Pipeline(
            self._source,
            context=self.context,
            rules=self.rules,
            only_alerts=self.only_alerts,
            first=first,
            rate=rate,
        )
        self._life = Lifetime()
        self._handover = Handover(self._source, self._pipeline, self._life)
        self._aborted = False
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
        return self._handover.events()

    def batches(self) -> Batches:
        """The same as batches of records, without an object for each: see `Batch`. It is an Arrow stream, too."""
        return Batches(self._handover.batches())

    def start(self) -> None:
        """Start watching: after it returns, nothing is missed."""
        self._life.check_open()
        if not self._life.has_begun:
            self._life.settle()
            self._handover.settle()
            self._pipeline.start(self.filter)
            self._life.begin(getattr(self._source, "began", None))
            if self._stopping:
                self._source.stop()
        self._life.check_use()

    def context_of(self, event: Event) -> dict[str, Any]:
        """What is known of an event's process, by the names of docs/fields.md, such as "user_name": only what there is.
        Of an event that came long ago it may be forgotten.

        >>> from onlooker.testing import FakeSource, make
        >>> with Monitor(context=["user"], source=FakeSource([make("exit", uid=0, gid=0)])) as monitor:
        ...     [monitor.context_of(event)["user_name"] for event in monitor]
        ['root']
        """
        return self._pipeline.context_of(event)

    def follow(self, pid: int) -> None:
        """Report only what followed processes do, and follow this one, its descendants and those to come. The monitor
        ends with the last of them. After the start, only one that follows something can follow more.

        Raises UsageError where there is no such process.
        """
        follow: Callable[[int], None] | None = getattr(self._source, "follow", None)
        if follow is None:
            raise UsageError("only the kernel can follow a process", "leave out source")
        if self._life.has_begun and not self.filter.follow:
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
        if not self._life.has_begun:
            self.filter = wanted
            return
        self._life.check_use()
        try:
            self._pipeline.refine(wanted)
        finally:  # a signal's handler may raise when the kernel has changed it already
            self.filter = self._pipeline.given

    def poll(self, timeout: float | None = 0.0) -> Sequence[Event]:
        """The events that have come, in the order in which they happened.

        What was over before something else began comes first: a thread's events are in their order, a fork is before
        all that the child does, an exit behind all that the process did. Of what several processors do at the same
        moment, either may come first, with a `boot_ns` that is some microseconds later.

        Waits until there are some, at most `timeout` seconds (None: for ever). Empty when the time is over, and at once
        when the monitor has `ended`.
        """
        return self._handover.poll(timeout)

    def poll_batch(self, timeout: float | None = 0.0) -> Batch | None:
        """The same as a batch; None where `poll` gives nothing."""
        return self._handover.poll_batch(timeout)

    def fileno(self) -> int:
        """A descriptor that can be read while `poll(0)` has something to give or to do: for select(2) and the like.

        Raises UsageError where the source has none, and after `close`.
        """
        self._life.check_use()
        self._life.check_open()
        fileno: Callable[[], int] | None = getattr(self._source, "fileno", None)
        if fileno is None:
            raise UsageError("this source can't be waited for", "monitor.poll(timeout) waits")
        return fileno()

    def stop(self) -> None:
        """Watch nothing more from now on; what happened before can still be polled. Returns at once."""
        first, self._stopping = not self._stopping, True
        if first and self._life.has_begun:
            self._source.stop()

    def close(self) -> None:
        """Stop, count a last time, and detach everything. What was not polled is dropped, and `stats` says how much it
        was. May be called again, and goes on where an exception, such as a signal's, has broken it off.
        """
        if self._is_closed:
            return
        self._life.end()
        self._stopping = True
        self._handover.take_back()
        unread = self._handover.tally.unread
        self._aborted = self._aborted or (self._life.has_begun and (unread > 0 or not self.ended))
        self._handover.acknowledge()
        self._pipeline.close()
        rest = self._source.close() or Rest()
        self._handover.tally = self._handover.tally.at_the_end(rest.lost, rest.unread)
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
        return self._life.span(getattr(self._source, "ended", None))

    def stats(self) -> Stats:
        """What has been reported until now."""
        began, ended = self.span
        tally = self._handover.tally
        repeated, over_rate = self._pipeline.left_out()
        return Stats(
            {name: count for name, count in tally.events.items() if count},
            dict(tally.lost),
            tally.cut,
            (ended.boot_ns - began.boot_ns) / 1e9,
            tally.unread,
            self._aborted or not self._life.is_at_home,
            repeated,
            over_rate,
        )

    def waiting(self) -> Waiting | None:
        """How much waits to be polled, in bytes; None where the source does not say, and after `close`."""
        waiting: Callable[[], Waiting | None] | None = getattr(self._source, "waiting", None)
        return waiting() if waiting else None
