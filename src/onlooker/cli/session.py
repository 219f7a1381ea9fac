"""One run of `onlooker watch`: from attaching to the verdict."""

import select
from collections import Counter

from ..errors import LoadError, OutputError
from ..events import Lost
from ..monitor import Monitor
from ..output import Formatter
from ..output.writer import ClosedPipeError, StalledError, Writer
from ..probe import kernel
from ..probe.live import LOOK_SECONDS
from ..probe.source import grouped
from ..probe.waiting import wait
from ..records import Batch
from .ending import Ending, notify_systemd
from .report import Log, say
from .summary import End, Report

TICK_SECONDS = 0.1  # how often a reader that has gone is looked for, where nothing can be waited for


class _DroppedError(Exception):
    """The person does not want to wait until all is written."""


class Session:
    """Watches, writes what it sees, and says what was seen, lost and not written."""

    def __init__(
        self,
        monitor: Monitor,
        format_: Formatter,
        writer: Writer,
        ending: Ending,
        log: Log,
        *,
        count: int | None = None,
    ) -> None:
        """`count`: end after so many events."""
        self._monitor = monitor
        self._format = format_
        self._writer = writer
        self._ending = ending
        self._log = log
        self._left = count
        self._beyond: Batch | None = None  # of the last batch, what comes after the count
        self._is_quiet = False  # nothing came when it was asked last
        self._unwritten: Batch | None = None  # of the last batch, what the output did not take

    def run(self, seconds: float | None = None) -> int:
        """The exit code: 0, or 1 if an event was lost or not written. Raises OnlookerError.

        However the watching ends, the monitor is closed and the verdict is said.
        """
        log = self._log
        for note in self._monitor.filter.notes():
            log("warning", note)
        try:
            self._monitor.start()
        except BaseException as error:
            if isinstance(error, LoadError):
                log("debug", error.log)
            self._monitor.close()
            raise
        try:
            self._announce()
            self._ending.end_in(seconds)
            self._watch()
        except ClosedPipeError:
            return self._sum_up(End.CLOSED)
        except _DroppedError:
            return self._sum_up(End.DROPPED)
        except BaseException as error:
            if isinstance(error, StalledError) and self._ending.is_dropped:
                return self._sum_up(End.DROPPED)
            if isinstance(error, OutputError):
                self._sum_up(End.UNWRITTEN, error.cause)
            else:
                self._sum_up(End.FAILED)
            raise
        return self._sum_up(End.ASKED)

    def _announce(self) -> None:
        log = self._log
        for note in (*self._monitor.notes, *self._writer.notes()):
            log("warning", note)
        for events, a in grouped(self._monitor.attached):
            log("info", f"{events} ({a.purpose}): {a.method}, {', '.join(a.programs)}: {a.why}")
            if a.blind:
                how = f"{events} ({a.purpose}) by {a.method}" if a.programs else a.why
                log("warning", f"does not see {a.blind}: {how}")
        wanted = self._monitor.filter
        seen = {a.event for a in self._monitor.attached} or set(wanted.events)
        names = ", ".join(name for name in wanted.events if name in seen)
        if wanted.pid and kernel.in_pid_namespace():
            log("warning", "--pid compares the machine's process ids, and this is a pid namespace with its own")
        some = " of some processes" if wanted.comm or wanted.pid or wanted.uid else ""
        log.tell(f"watching {names}{some}{'; only what failed' if wanted.failed else ''}; Ctrl-C ends it")
        notify_systemd("READY=1")

    def _watch(self) -> None:
        if head := self._format.head():
            self._writer.write(head)
            self._writer.head = head
        while self._left != 0:
            batch = self._next()
            if batch:
                self._show(batch)
            elif self._monitor.ended:
                return
            self._writer.check_reader()
            self._ending.remind()
            if self._ending.is_dropped:
                raise _DroppedError

    def _next(self) -> Batch | None:
        """The next batch; none where something else has happened first: a signal, the end, the reader that goes."""
        try:
            descriptor = self._monitor.fileno()
        except ValueError:
            return self._monitor.poll_batch(TICK_SECONDS)
        wait({descriptor: select.POLLIN, **self._writer.gone()}, self._patience())
        batch = self._monitor.poll_batch(0)
        self._is_quiet = batch is None
        return batch

    def _patience(self) -> float | None:
        """How long nothing need be looked at. After the last event, the monitor looks once more what was lost."""
        left = self._ending.patience()
        if self._is_quiet:
            return left
        return LOOK_SECONDS if left is None else min(left, LOOK_SECONDS)

    def _show(self, batch: Batch) -> None:
        if self._left is not None:
            batch, self._beyond = batch.split(self._left)
            self._left -= _events(batch)
        self._unwritten = batch
        data = self._format.format(batch)
        try:
            self._writer.write(data)
        finally:  # each event is one line, and counts once all of it is written
            self._unwritten = batch.after(data.count(b"\n", 0, self._writer.taken))

    def _sum_up(self, end: End, cause: str = "") -> int:
        """Count a last time, say what was seen and whether it was all, and the `cause` of it; the exit code."""
        self._monitor.close()
        stats = self._monitor.stats()
        hidden = [batch for batch in (self._unwritten, self._beyond) if batch]
        # what comes after the count was not asked for
        unread = stats.unread if self._left is None else min(stats.unread, self._left)
        report = Report(
            shown=Counter(stats.events) - sum((Counter(batch.counts()) for batch in hidden), Counter()),
            lost=stats.lost,
            cut=stats.cut - sum(batch.cut for batch in hidden),
            seconds=stats.seconds,
            unwritten=_events(self._unwritten) + unread,
            end=end,
            cause=cause,
        )
        self._log.tell(str(report))
        if not report.complete and not self._log.says("warning"):
            say(report.verdict)  # what the exit code means
        notify_systemd("STOPPING=1")
        return 0 if report.complete else 1


def _events(batch: Batch | None) -> int:
    """How many, without reports of losses."""
    return len(batch) - batch.counts().get(Lost.event, 0) if batch else 0
