"""A recording at the speed at which it happened, or so many times faster."""

import time
from bisect import bisect_right

from ..events import UNCOUNTED
from ..records import Batch

_BILLION = 1_000_000_000


class Pace:
    """Says what of a batch is due, counted from the first event that it was asked about. `speed`: 1 as it happened."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._first_ns: int | None = None  # of the first event, by the boot clock
        self._began = 0.0

    def due(self, batch: Batch) -> tuple[Batch, Batch, float]:
        """What is due of it, the rest, and how many seconds there are until something of that is due."""
        times = [event.boot_ns for event in batch if event.event not in UNCOUNTED]
        if not times:
            return batch, batch.after(len(batch)), 0.0
        if self._first_ns is None:
            self._first_ns, self._began = times[0], time.monotonic()
        until = self._first_ns + (time.monotonic() - self._began) * self._speed * _BILLION
        count = bisect_right(times, until)
        now, rest = batch.split(count) if count else (batch.split(0)[0], batch)
        wait = (times[count] - until) / self._speed / _BILLION if count < len(times) else 0.0
        return now, rest, max(0.0, wait)
