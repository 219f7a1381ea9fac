"""The processes of a recording: who began whom, what each executed, and how it ended."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..events import PROCESS_EVENTS, TASK_EVENTS, Event, TaskEvent
from ..events.exec import Exec
from ..events.exit import Exit
from ..events.fork import Fork
from ..events.lost import PROCESS_REASONS, Lost
from ..records import Batch
from .process import Execution, ProcessRecord
from .scope import has_every_exit, said_end, said_start

if TYPE_CHECKING:
    from .recording import Recording

# A process takes some 1.5 kB with its arguments: 300 MB for so many, which is an hour of a machine that starts 50 of
# them each second. Of more than these, those that succeeded and whose children are gone are left out, the oldest first.
MOST_PROCESSES = 200_000
MOST_ARGV_BYTES = 4096  # of one execution
MOST_EXECS = 32  # of one process: the first ones, and the last
_KTHREADD = 2  # the parent of all kernel threads
_OF_ENDS = (Exit.event, "unknown")  # losses that can be of ends


class Processes:
    """Learns from batches, in their order. `recording` is where they come from: it says when it ended, and whether it
    has all ends of processes. `counts`: count each process's events, too, which takes longer.

    `first_ns` and `last_ns` are the times of the recording's first and last event, `offset_ns` the wall clock minus the
    boot clock; `left_out`: of so many processes there is no record, for want of room.

    >>> from onlooker.testing import make
    >>> table = Processes()
    >>> for batch in Batch.of([make("exec", pid=7, argv=("make",)), make("exit", pid=7, exit_code=2)]):
    ...     table.take(batch)
    >>> [(each.pid, each.program.argv, each.exit_code) for each in table.records()]
    [(7, ('make',), 2)]
    """

    def __init__(
        self, recording: "Recording | None" = None, *, counts: bool = False, most: int = MOST_PROCESSES
    ) -> None:
        self._recording = recording
        self._counts = counts
        self._most = most
        self._known: dict[tuple[int, int], ProcessRecord] = {}
        self._alive: dict[int, ProcessRecord] = {}
        # those that can be left out, as they became so: that succeeded, that failed
        self._spare: tuple[deque[ProcessRecord], deque[ProcessRecord]] = (deque(), deque())
        self._first_ns: int | None = None
        self._last: Batch | None = None
        self._lost_ns = self._damaged_ns = -1  # until when ends may be lost, or in a part that can't be read
        self.left_out = 0
        self.offset_ns = self._first_offset_ns = 0

    @property
    def first_ns(self) -> int:
        """0 where there was no event."""
        return self._first_ns or 0

    @property
    def last_ns(self) -> int:
        """The same."""
        return max((each.boot_ns for each in _edge(self._last, last=True)), default=self.first_ns)

    @property
    def end_ns(self) -> int:
        """When the recording ended; where it does not say so, its last event."""
        last = self.last_ns
        said = said_end(self._recording.manifest if self._recording else None)
        if said is None or self._last is None:
            return last
        time, most = said
        return max(last, min(time - self.offset_ns, last + most))

    def zero_ns(self, *, is_command: bool) -> int:
        """When the recording began; where it does not say so, its first event, or `is_command`: its first process."""
        oldest = min((each.start_ns for each in self._known.values()), default=self.first_ns) if is_command else None
        first = self.first_ns if oldest is None else min(self.first_ns, oldest)
        said = said_start(self._recording.manifest if self._recording else None)
        if said is None or self._first_ns is None:
            return first
        time, most = said
        return max(0, min(first, max(time - self._first_offset_ns, first - most)))

    def take(self, batch: Batch, events: Sequence[Event] | None = None) -> None:
        """Learn from it. Objects are made only of what is needed, unless there are some: `events` are those of the
        batch.
        """
        counts = batch.counts()
        if any(name in TASK_EVENTS for name in counts):
            self._last, self.offset_ns = batch, batch.offset_ns
            if self._first_ns is None:
                self._first_ns = next((each.boot_ns for each in _edge(batch)), None)
                self._first_offset_ns = batch.offset_ns
        if Lost.event in counts:
            self._missed(batch.lost())
        if self._counts:
            self._learn(batch.events() if events is None else events)
        elif any(name in counts for name in PROCESS_EVENTS):
            self._learn(batch.select(*PROCESS_EVENTS).events())

    def take_others(self, batch: Batch) -> None:
        """Learn also of the processes of other events, none of which is of `PROCESS_EVENTS`."""
        self._learn(batch.events())

    def _missed(self, losses: Iterable[Lost]) -> None:
        for loss in losses:
            if loss.reason == "damaged":
                self._damaged_ns = loss.boot_ns
            elif loss.reason == "rotated":  # with an end, all that was before it is removed
                continue
            elif loss.of in _OF_ENDS or loss.reason in PROCESS_REASONS:
                self._lost_ns = loss.boot_ns

    def _learn(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Fork):
                self._forked(event)
            elif isinstance(event, Exec):
                self._executed(self._of(event), event)
            elif isinstance(event, Exit):
                self._ended(event)
            elif isinstance(event, TaskEvent) and not _is_of_kernel(event):
                self._of(event)

    def find(self, pid: int, start_ns: int) -> ProcessRecord | None:
        """That process, if there is a record."""
        return self._known.get((pid, start_ns))

    def records(self) -> list[ProcessRecord]:
        """All of them, by the time of their start. Those whose beginning was not seen get the parents that their events
        name.
        """
        found = sorted(self._known.values(), key=lambda each: (each.start_ns, each.pid))
        by_pid: dict[int, list[ProcessRecord]] = {}
        for each in found:
            by_pid.setdefault(each.pid, []).append(each)
        for each in found:
            if each.parent is None and each.ppid:
                each.parent = _parent(each, by_pid.get(each.ppid, []))
        for each in found:
            each.children = []
        for each in found:
            if each.parent is not None:
                each.parent.children.append(each)
        self._find_running(found)
        return found

    def _find_running(self, found: Iterable[ProcessRecord]) -> None:
        """Those that were there at the end: without an end, where that can't be what is missing."""
        recording = self._recording
        missed = self._lost_ns
        if recording is None or recording.is_finished or recording.has_holes:  # else only its end is missing
            missed = max(missed, self._damaged_ns)
        has_ends = has_every_exit(recording.manifest if recording else None)
        end = self.end_ns
        for each in found:
            is_there = each.end_ns is None and not each.is_over and has_ends and each.last_ns > missed
            each.until_ns = end if is_there else None

    def _of(self, event: TaskEvent) -> ProcessRecord:
        """The process that did it, with what every event says."""
        found = self._known.get((event.pid, event.start_ns))
        if found is None:
            found = ProcessRecord(
                event.pid,
                event.start_ns,
                event.ppid,
                event.comm,
                event.uid,
                event.cgroup_id,
                event.boot_ns,
                event.boot_ns,
            )
            self._add(found)
        if event.boot_ns >= found.last_ns:
            found.comm, found.uid, found.cgroup_id, found.last_ns = (
                event.comm,
                event.uid,
                event.cgroup_id,
                event.boot_ns,
            )
        if self._counts:
            found.events[event.event] = found.events.get(event.event, 0) + 1
        return found

    def _forked(self, event: Fork) -> None:
        creator = None if _is_of_kernel(event) else self._of(event)
        if event.thread or event.kernel:
            return
        parent = creator if event.child_ppid == event.pid else self._alive.get(event.child_ppid)
        key = (event.child_pid, event.child_start_ns)
        child = self._known.get(key)
        if child is None:
            child = ProcessRecord(
                *key, event.child_ppid, event.comm, event.uid, event.cgroup_id, event.boot_ns, event.boot_ns
            )
            self._add(child)
        child.has_begun, child.ppid = True, event.child_ppid
        child.inherited = creator.program if creator else None
        # a parent is older: whatever a damaged recording says, nobody is an ancestor of their own
        if parent is not None and child.parent is None and parent.start_ns < child.start_ns:
            child.parent = parent
            parent.kept += 1

    def _executed(self, process: ProcessRecord, event: Exec) -> None:
        if event.errno is not None:
            return
        argv, is_cut = kept_arguments(event.argv)
        made = Execution(event.boot_ns, event.path, argv, event.exe, event.cwd, is_cut or "argv" in event.cut)
        if len(process.execs) == MOST_EXECS:
            process.execs.pop()
            process.execs_left_out += 1
        process.execs.append(made)

    def _ended(self, event: Exit) -> None:
        if (event.pid, event.start_ns) not in self._known and _is_of_kernel(event):
            return
        process = self._of(event)
        process.end_ns, process.exit_code, process.signal = event.boot_ns, event.exit_code, event.signal
        process.core_dumped = event.core_dumped
        process.cpu_user_ns, process.cpu_system_ns = event.cpu_user_ns, event.cpu_system_ns
        if self._alive.get(process.pid) is process:
            del self._alive[process.pid]
        self._over(process)

    def _add(self, process: ProcessRecord) -> None:
        before = self._alive.get(process.pid)
        if before is not None:  # its end was not seen
            self._over(before)
        self._known[process.key] = self._alive[process.pid] = process
        while len(self._known) > self._most and (spare := self._spare[0] or self._spare[1]):
            self._leave_out(spare.popleft())

    def _over(self, process: ProcessRecord) -> None:
        process.is_over = True
        if not process.kept:
            self._spare[process.has_failed].append(process)

    def _leave_out(self, process: ProcessRecord) -> None:
        if process.kept or self._known.pop(process.key, None) is None:
            return
        self.left_out += 1
        parent = process.parent
        if parent is not None:
            parent.left_out += 1 + process.left_out
            parent.kept -= 1
            if parent.is_over and not parent.kept:
                self._spare[parent.has_failed].append(parent)


def processes(
    batches: Iterable[Batch], recording: "Recording | None" = None, *, counts: bool = False
) -> list[ProcessRecord]:
    """The processes of a recording, by the time of their start: `processes(recording.batches(), recording)`."""
    table = Processes(recording, counts=counts)
    for batch in batches:
        table.take(batch)
    return table.records()


def _is_of_kernel(event: TaskEvent) -> bool:
    """Whether a kernel thread did it. One that has executed a program is none any more."""
    return _KTHREADD in (event.pid, event.ppid)


def _parent(process: ProcessRecord, had_id: list[ProcessRecord]) -> ProcessRecord | None:
    """Of those that had the parent's id, by their start: the last one that is older, if it was there when the child was
    seen first.
    """
    at = bisect_left(had_id, process.start_ns, key=lambda each: each.start_ns)
    above = had_id[at - 1] if at else None
    return above if above and (above.end_ns is None or above.end_ns >= process.first_ns) else None


def _edge(batch: Batch | None, *, last: bool = False) -> list[TaskEvent]:
    """The first event of a batch, or its last one; none where that is the report of a loss."""
    if batch is None or not len(batch):
        return []
    some = batch.after(len(batch) - 1) if last else batch.split(1)[0]
    return [each for each in some.events() if isinstance(each, TaskEvent)][:1]


def kept_arguments(argv: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The arguments that are kept: so many that they take no more than they may, the last one cut."""
    if sum(map(len, argv)) + len(argv) <= MOST_ARGV_BYTES:
        return argv, False
    kept: list[str] = []
    left = MOST_ARGV_BYTES
    for word in argv:
        if left <= 0:
            break
        kept.append(word[:left])
        left -= len(word) + 1
    return tuple(kept), True
