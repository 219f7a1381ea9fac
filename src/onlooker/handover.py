"""The hand-over of what happened to the caller: each event exactly once and counted once, whatever breaks it off."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from operator import length_hint

from .arguments import LONGEST_SECONDS, time_to_wait
from .errors import UsageError
from .events import Event
from .lifetime import Lifetime
from .pipeline import Pipeline
from .probe.forks import run_in_children
from .probe.source import Source
from .records import Batch
from .stats import Tally

_SLICE_SECONDS = 0.1  # how often a waiting poll of a source without `fileno` checks for `stop`
_LATE_SECONDS = 0.2  # for which a poll looks beyond its time for events that match, in a flood of others


class Handover:
    """Gives what passes the pipeline, as events or as batches, and counts it.

    A signal's handler may raise wherever something is called, but not where a function returns. So what is given and
    what is counted change without a call in between; until then the source keeps its batch, or this what is left of it.
    """

    def __init__(self, source: Source, pipeline: Pipeline, life: Lifetime) -> None:
        self._source, self._pipeline, self._life = source, pipeline, life
        self.tally = Tally()
        self._batch: Batch | None = None  # counted, and its source may not know yet
        self._ready: Batch | None = None  # counted, and nobody has got it
        self._current: Batch | None = None  # whose events are being given
        self._given: Iterator[Event] = iter(())  # what of them nobody has got yet

    def settle(self) -> None:
        """From now on it gives nothing in children of fork(2)."""
        run_in_children(self._abandon)

    def _abandon(self) -> None:
        """In a child of fork(2): what is left of the batch is the parent's. An iteration holds the same iterator."""
        deque(self._given, maxlen=0)
        self._ready = None

    def events(self) -> Iterator[Event]:
        """Events as they happen; see `Monitor.__iter__`."""
        while True:
            self._life.check_use()
            yield from self._given
            self._life.check_use()  # in a child of fork(2), `_given` ends early
            self._next_events(None)
            if not length_hint(self._given) and self._source.exhausted:
                return

    def batches(self) -> Iterator[Batch]:
        """The same as batches."""
        while True:
            self._life.check_use()
            self._next_batch(None)
            if self._ready is None:
                if self._source.exhausted:
                    return
                continue
            batch, self._ready = self._ready, None  # no call until it is given: see above
            yield batch

    def poll(self, timeout: float | None) -> Sequence[Event]:
        """Events that have come; see `Monitor.poll`."""
        longest = time_to_wait(timeout)
        self._life.check_use()
        if not length_hint(self._given):
            self._next_events(longest)
        return [*self._given]  # not list(): where a function is called, a signal's handler may raise and lose them

    def poll_batch(self, timeout: float | None) -> Batch | None:
        """The same as a batch."""
        longest = time_to_wait(timeout)
        self._life.check_use()
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
            self._pipeline.learn(self._ready)
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
            if self._source.exhausted or (deadline is not None and is_late):
                return

    def _receive(self, batch: Batch) -> None:
        """Nothing is called while the batch and its counts are noted, so that no signal's handler can raise there; the
        source keeps the batch until that is done.
        """
        if not isinstance(batch, Batch):
            hint = "its poll returns a Batch or None; Batch.of(events) makes them"
            raise UsageError(f"the source's poll returned no batch: {batch!r:.100}", hint)
        if batch is not self._batch:
            passed = self._pipeline.passed(batch)
            tally = self.tally.plus(passed)
            ready = passed if len(passed) else None
            self._batch, self._ready, self.tally = batch, ready, tally
        self.acknowledge()

    def acknowledge(self) -> None:
        """Tell the source that it need not keep its batch."""
        taken = getattr(self._source, "taken", None)
        if taken and self._batch is not None:
            taken(self._batch)
        self._batch, self._pipeline.matched = None, (None, None)

    def take_back(self) -> None:
        """Take the events that nobody got out of the counts, all at once or not at all. Losses stay counted."""
        batch, none = self._rest() or self._ready, iter(())
        if batch is None:
            return
        tally = self.tally.minus(batch)
        self._ready, self._given, self.tally = None, none, tally
