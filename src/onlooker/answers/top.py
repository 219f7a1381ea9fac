"""What happens most, by program, name, user, file, directory or cgroup: counts of the last moments."""

from collections.abc import Callable
from typing import ClassVar

import msgspec

from ..enrich.processes import ProcessTable
from ..events import TaskEvent
from ..events.exec import Exec
from ..events.exit import Exit
from ..events.fork import Fork
from ..events.open import Open
from ..filters import has_failed
from ..records import Batch
from . import Row
from .actions import CHANGES, done, is_change
from .folding import directory

SHORT_NS = 1_000_000_000  # a process that lived less long is a short one
MOST_GROUPS = 10_000
OTHERS = "(others)"
NEEDS_PATHS = ("exe", "file", "dir")  # of `BY`


class Counts(msgspec.Struct, gc=False):
    """Of one group: processes made, programs executed, files opened, files changed or opened for that, failures,
    processes that ended and had lived less than a second, and the processor's time of all that ended, in nanoseconds.
    """

    forks: int = 0
    execs: int = 0
    opens: int = 0
    writes: int = 0
    failed: int = 0
    short: int = 0
    cpu_ns: int = 0

    @property
    def total(self) -> int:
        """Of all, each event once or twice: what is sorted by at first."""
        return self.forks + self.execs + self.opens + self.writes + self.short


class Top:
    """Counts events by group: `by` is one of `BY`."""

    events: ClassVar[tuple[str, ...]] = (Fork.event, Exec.event, Exit.event, *CHANGES)

    def __init__(
        self,
        by: str,
        table: ProcessTable,
        user: Callable[[int], str] = str,
        cgroup: Callable[[int, int], str] = lambda cgroup_id, pid: str(cgroup_id),
    ) -> None:
        """`user` names a user, and `cgroup` a control group that a process is in."""
        self._table = table
        self._user = user
        self._cgroup = cgroup
        self._group = BY[by]
        self._counts: dict[str, Counts] = {}

    def look(self) -> None:
        """At the processes that there are: before the monitor starts, and when it has."""
        self._table.look()

    def take(self, batch: Batch) -> None:
        """Count the events of a batch."""
        for event in batch.events():
            if isinstance(event, TaskEvent):
                self._count(event)

    def _count(self, event: TaskEvent) -> None:
        group = self._group(self, event)
        counts = self._counts.get(group)
        if counts is None:
            if len(self._counts) >= MOST_GROUPS:
                group = OTHERS
            counts = self._counts.setdefault(group, Counts())
        if isinstance(event, Exit):
            counts.short += event.duration_ns < SHORT_NS
            counts.cpu_ns += (event.cpu_user_ns or 0) + (event.cpu_system_ns or 0)
            return
        if has_failed(event):
            counts.failed += 1
        elif isinstance(event, Fork):
            counts.forks += 1
        elif isinstance(event, Exec):
            counts.execs += 1
        else:
            counts.opens += isinstance(event, Open)
            counts.writes += is_change(event)

    def turn(self) -> dict[str, Counts]:
        """The counts since the last turn."""
        counts, self._counts = self._counts, {}
        return counts

    def _exe(self, event: TaskEvent) -> str:
        process = self._table.of(event)
        return process.exe or f"[{event.comm}]"

    def _file(self, event: TaskEvent) -> str:
        return next((file for file, _ in done(event)), "(no file)")


def merged(first: dict[str, Counts], second: dict[str, Counts]) -> dict[str, Counts]:
    """The sums of both."""
    sums = {}
    for group in (*first, *(group for group in second if group not in first)):
        pairs = (msgspec.structs.astuple(each.get(group, Counts())) for each in (first, second))
        sums[group] = Counts(*map(sum, zip(*pairs, strict=True)))
    return sums


def rows(counts: dict[str, Counts], seconds: float) -> list[Row]:
    """As JSON objects, most first."""
    ordered = sorted(counts.items(), key=lambda each: -each[1].total)
    return [{"group": group, "seconds": round(seconds, 3), **msgspec.structs.asdict(each)} for group, each in ordered]


BY: dict[str, Callable[[Top, TaskEvent], str]] = {
    "exe": Top._exe,
    "comm": lambda top, event: event.comm,
    "user": lambda top, event: top._user(event.uid),
    "file": Top._file,
    "dir": lambda top, event: directory(top._file(event)) or top._file(event),
    "cgroup": lambda top, event: top._cgroup(event.cgroup_id, event.pid),
}
