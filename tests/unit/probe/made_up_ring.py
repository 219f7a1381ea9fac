"""A ring that is made up, and a live source over it that gives all at once."""

import os

from onlooker.events import PROBE_REASONS, TASK_EVENTS
from onlooker.probe.live import LiveSource


class Ring:
    """A probe whose batches, counters and missed runs the test sets."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []
        self.busy = False
        self.counts = {(event, reason): 0 for event in TASK_EVENTS for reason in PROBE_REASONS}
        self.missed = {"on_exit": 0, "on_open": 0, "on_openat": 0}
        self.calls: list[object] = []
        self.waiting = 0
        self.begun: bytes | None = None
        self.bell = os.eventfd(0, os.EFD_NONBLOCK)

    def fileno(self):
        return self.bell

    def tell(self, of_the_end=False):
        self.calls.append("tell of the end" if of_the_end else "tell")
        os.eventfd_write(self.bell, 1)

    def settle(self):
        self.calls.append("settle")

    def unread(self):
        return self.waiting + (self.begun is not None)

    def abandon(self):
        self.calls.append("abandon")

    def enable(self, enabled):
        self.calls.append(enabled)

    def drain(self, now=False):
        if self.begun is None and self.batches:
            self.begun = self.batches.pop(0)
        return self.begun or b""

    def drained(self):
        self.begun = None

    def has_data(self):
        return self.busy or bool(self.batches)

    def losses(self):
        rows = [[self.counts[event, reason] for reason in PROBE_REASONS] for event in TASK_EVENTS]
        return [[9] * len(PROBE_REASONS), *rows]  # the first row is no event's

    def total_lost(self):
        return sum(self.counts.values())

    def start_reader(self):
        assert True not in self.calls  # before it watches

    def run(self, program):
        assert program == "identify"

    def has_ended(self):
        return False

    def misses(self, program):
        return self.missed[program]

    def close(self):
        self.calls.append("close")


class Taken(LiveSource):
    """What it gives arrives."""

    def poll(self, timeout):
        """The events of all batches that were found together: of the ring's records, and of reports."""
        found = []
        super().poll(timeout)
        while self._found:
            found += self._found[0]
            self.taken(self._found[0])
        return found
