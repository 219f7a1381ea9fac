"""The one loop: it gives what a monitor sees to a sink until the end, then sums up and says if that was all."""

import select
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from .errors import OutputError, UsageError
from .monitor import Monitor
from .output.writer import ClosedPipeError
from .probe.live import LOOK_SECONDS
from .probe.waiting import wait
from .records import Batch
from .summary import End, Summary

TICK_SECONDS = 0.1  # how often a source without a descriptor is asked


class Sink(Protocol):
    """Where batches go."""

    def write(self, batch: Batch) -> None:
        """Take all of it, or raise. One that takes a part says in `unwritten` what of the last batch did not arrive."""


class DroppedError(Exception):
    """Drop what was seen and is not written yet; a sink may raise it."""


class Session:
    """Gives what `monitor` sees to `sink`, at most `count` events and for at most `duration` seconds.

    >>> from onlooker.testing import FakeSource, make
    >>> class Paths:
    ...     def write(self, batch):
    ...         print(*(event.path for event in batch))
    >>> session = Session(Monitor(source=FakeSource([make("open", path=path) for path in "abc"])), Paths(), count=2)
    >>> session.run().verdict
    a b
    'complete'

    Raises UsageError for a count or a duration that makes no sense.
    """

    def __init__(
        self, monitor: Monitor, sink: Sink, *, count: int | None = None, duration: float | None = None
    ) -> None:
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise UsageError(f"not a count: {count!r}", "a whole number, 1 or more")
        if duration is not None and not (isinstance(duration, int | float) and duration > 0):
            raise UsageError(f"not a duration: {duration!r}", "seconds, more than 0")
        self.monitor = monitor
        self.summary: Summary | None = None
        self._sink = sink
        self._left = count
        self._duration = duration
        self._ends_at = float("inf")
        self._alarm: threading.Timer | None = None
        self._is_quiet = True  # nothing came, and the monitor has looked once more for losses; or nothing ever came
        self._beyond: Batch | None = None  # of the last batch, what comes after the count
        self._unwritten: Batch | None = None  # of the last batch, what the sink did not take

    def stop(self) -> None:
        """Watch nothing more from now on; what happened before is still given to the sink. Returns at once, and may be
        called by signal handlers and other threads.
        """
        self.monitor.stop()

    def run(self) -> Summary:
        """Until the count or the duration is reached, or `stop` is called. However it ends, the monitor is closed then,
        and `summary` has the sums; it is None only where the monitor could not start.

        Raises what the monitor and the sink raise. A ClosedPipeError, from a closed output, is a normal
        end.
        """
        end, cause = End.FAILED, ""
        try:
            self.monitor.start()
        except BaseException:
            self.monitor.close()
            raise
        try:
            self._started()
            self._watch()
            end = End.ASKED
        except ClosedPipeError:
            end = End.CLOSED
        except DroppedError:
            end = End.DROPPED
        except OutputError as error:
            end, cause = End.UNWRITTEN, error.cause
            raise
        finally:
            try:
                summary = self._finish(end, cause)
            except BaseException:  # a second interrupt, say: nothing stays attached, and there are sums, all the same
                self._finish(end, cause)
                raise
        return summary

    def _finish(self, end: End, cause: str) -> Summary:
        """May be called again where something has broken it off."""
        alarm, self._alarm = self._alarm, None  # never cancelled twice: the first may have kept the alarm's lock
        if alarm:
            alarm.cancel()
        self.monitor.close()
        self.summary = self._sum_up(end, cause)
        return self.summary

    def _started(self) -> None:
        """After this, no event is missed."""
        if self._duration is not None and self._duration <= threading.TIMEOUT_MAX:
            self._ends_at = time.monotonic() + self._duration
            self._alarm = _alarm(self._duration, self.stop)

    def _watch(self) -> None:
        while self._left != 0:
            batch = self._next()
            if batch:
                self._give(batch)
            elif self.monitor.ended:
                return
            self._looked()

    def _next(self) -> Batch | None:
        """The next batch; none if something else happened first, such as a signal or the end."""
        try:
            descriptor = self.monitor.fileno()
        except ValueError:
            return self.monitor.poll_batch(TICK_SECONDS)
        began = time.monotonic()
        wait({descriptor: select.POLLIN, **self._also_waits_for()}, self._patience())
        batch = self.monitor.poll_batch(0)
        # a signal may have ended the wait before the monitor looked once more
        self._is_quiet = batch is None and (self._is_quiet or time.monotonic() - began >= LOOK_SECONDS)
        return batch

    def _also_waits_for(self) -> dict[int, int]:
        """Descriptors and their events that end a wait, as poll(2) takes them."""
        return {}

    def _patience(self) -> float | None:
        """How long it may wait. After the last event, the monitor checks once more for losses."""
        has_alarm = self._alarm is not None and self._alarm.is_alive()
        left = None if has_alarm or self._ends_at == float("inf") else max(0.0, self._ends_at - time.monotonic())
        if self._is_quiet:
            return left
        return LOOK_SECONDS if left is None else min(left, LOOK_SECONDS)

    def _looked(self) -> None:
        """After each look at the monitor."""
        if time.monotonic() >= self._ends_at:
            self.stop()  # the alarm has done it already, if there could be one

    def _give(self, batch: Batch) -> None:
        if self._left is not None:
            batch, self._beyond = batch.split(self._left)
            self._left -= batch.counted
        self._unwritten = batch
        try:
            self._sink.write(batch)
        except BaseException:
            self._unwritten = getattr(self._sink, "unwritten", batch)
            raise
        self._unwritten = None

    def _sum_up(self, end: End, cause: str) -> Summary:
        stats = self.monitor.stats()
        hidden = [batch for batch in (self._unwritten, self._beyond) if batch]
        # nobody asked for what comes after the count
        unread = stats.unread if self._left is None else min(stats.unread, self._left)
        return Summary(
            shown=Counter(stats.events) - sum((Counter(batch.counts()) for batch in hidden), Counter()),
            lost=stats.lost,
            cut=stats.cut - sum(batch.cut for batch in hidden),
            seconds=stats.seconds,
            repeated=stats.repeated,
            over_rate=stats.over_rate,
            unwritten=(self._unwritten.counted if self._unwritten else 0) + unread,
            end=end,
            cause=cause,
        )


def _alarm(seconds: float, stop: Callable[[], None]) -> threading.Timer:
    """Calls `stop` after that time, whatever this thread does then: a sink may wait for its reader."""
    made = threading.Timer(seconds, stop)
    made.daemon = True
    # it inherits the mask: signals are for this thread, whose waits they interrupt
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    with suppress(RuntimeError):  # no more threads: then the loop does it
        made.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return made
