"""Sources of events for tests of the monitor."""

import time

from onlooker import Batch, Lost
from onlooker.testing import FakeSource, make

LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 23, "open", "headroom")
PIDS = range(1, 8)


class Endless(FakeSource):
    """One event for each poll, until it is stopped; `log` has the calls."""

    def __init__(self) -> None:
        super().__init__([])
        self.log: list[str] = []
        self.stopped = False

    def start(self, wanted):
        self.log.append("start")

    def poll(self, timeout):
        return None if self.stopped else Batch.of([make("exec")])[0]

    def stop(self):
        self.log.append("stop")
        self.stopped = True

    @property
    def exhausted(self):
        return self.stopped

    def close(self):
        self.log.append("close")
        self.stopped = True


class Silent(Endless):
    """Never an event; each poll takes its time."""

    def poll(self, timeout):
        time.sleep(timeout)


def execs(**batch):
    return FakeSource([make("exec", pid=pid) for pid in PIDS], **batch)


def pids(events):
    return [event.pid for event in events]
