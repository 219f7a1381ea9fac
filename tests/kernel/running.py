"""Starting a known workload under a monitor, and finding what it did among the events."""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from onlooker import Event, Exec, Exit, Fork, Lost, Monitor, Open, TaskEvent

from ..limits import DEADLINE_SECONDS
from ..limits import SLOWER as SLOWER
from .flavours import may_be_skipped

Task = TypeVar("Task", bound=TaskEvent)


@dataclass
class Run:
    """A workload that has ended: its status as wait(2) gave it, what it printed, and the events of its time."""

    pid: int
    status: int
    output: str
    events: list[Event] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """What it printed, where that is numbers only."""
        return [int(word) for word in self.output.split()]

    @property
    def code(self) -> int:
        """Its exit code, or minus the signal that killed it."""
        return os.waitstatus_to_exitcode(self.status)

    def of(self, event_type: type[Task], pid: int | None = None) -> list[Task]:
        """The events of one type; of one process only where `pid` is given."""
        return [event for event in self.events if isinstance(event, event_type) and pid in (None, event.pid)]

    def only(self, event_type: type[Task], pid: int | None = None) -> Task:
        """The event of that type, of which there is exactly one."""
        found = self.of(event_type, pid)
        assert len(found) == 1, found
        return found[0]

    @property
    def forks(self) -> list[Fork]:
        return self.of(Fork)

    @property
    def exits(self) -> list[Exit]:
        return self.of(Exit)

    def execs(self) -> list[Exec]:
        """Without the first, by which the workload itself began."""
        first, *rest = self.of(Exec)
        assert first.pid == self.pid
        return rest

    def opens(self, pid: int | None = None) -> list[Open]:
        """What a process opened after it had said that it begins; before, the dynamic loader opened libraries."""
        found = self.of(Open, pid or self.pid)
        begin = max(at for at, event in enumerate(found) if event.path == "begin")
        return found[begin + 1 :]


class Process:
    """A workload that waits until `release`. Pass every process on to `collect` or `wait`.

    `under`: the command that prepares the process and then executes the workload in it, such as setpriv(1).
    """

    def __init__(self, program: Path, *args: str | bytes | int, under: Sequence[str] = ()) -> None:
        stdin, self._release = os.pipe()
        self._output, stdout = os.pipe()
        words = [word if isinstance(word, bytes) else str(word) for word in (*under, program, *args)]
        moves = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, stdout, 1)]
        self.pid = os.posix_spawnp(words[0], words, {}, file_actions=moves)
        os.close(stdin)
        os.close(stdout)
        self._status: int | None = None

    def release(self) -> None:
        """Let it begin."""
        if self._release >= 0:
            os.close(self._release)
            self._release = -1

    def ended(self) -> bool:
        """Whether it has ended; it is reaped then."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def finish(self) -> Run:
        """What it was, once it has `ended`."""
        assert self._status is not None
        with os.fdopen(self._output, encoding="ascii") as file:
            return Run(self.pid, self._status, file.read())

    def wait(self) -> Run:
        """Release it and wait for its end, while nobody reads events."""
        self.release()
        _, self._status = os.waitpid(self.pid, 0)
        return self.finish()


_INHERITED: list[int] = []


def inherited(descriptor: int) -> int:
    """Let the processes of this test inherit it; the fixture `scratch` closes it."""
    os.set_inheritable(descriptor, True)
    _INHERITED.append(descriptor)
    return descriptor


def close_inherited() -> None:
    """Close what was inherited."""
    while _INHERITED:
        os.close(_INHERITED.pop())


def drain(monitor: Monitor) -> list[Event]:
    """Everything that has happened until now. A record is in the ring before what it tells of is over."""
    events: list[Event] = []
    while batch := monitor.poll(0):
        events += batch
    return events


def collect(process: Process, monitors: Sequence[Monitor]) -> tuple[Run, list[list[Event]]]:
    """Release a process and gather, for each monitor, the events until its end."""
    gathered: list[list[Event]] = [[] for _ in monitors]
    deadline = time.monotonic() + DEADLINE_SECONDS
    process.release()
    while not process.ended():
        for monitor, events in zip(monitors, gathered, strict=True):
            events += monitor.poll(0.01)
        if time.monotonic() > deadline:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError("the workload did not end in time")
    for monitor, events in zip(monitors, gathered, strict=True):
        events += drain(monitor)
    return process.finish(), gathered


def run_workload(
    monitor: Monitor, program: Path, *args: str | bytes | int, code: int | None = 0, under: Sequence[str] = ()
) -> Run:
    """Run a workload under a monitor. It must end with `code`, if that is not None, and nothing may be lost."""
    before = drain(monitor)
    assert before == [], before
    run, [run.events] = collect(Process(program, *args, under=under), [monitor])
    assert code is None or run.code == code, run
    assert not losses(run.events), losses(run.events)
    return run


def busy(monitor: Monitor, program: Path, commands: Sequence[tuple[str | int, ...]]) -> tuple[list[Run], list[Event]]:
    """What processes on one cpu were, each with its arguments, and all events until they had ended."""
    cpu = str(min(os.sched_getaffinity(0)))
    processes = [Process(program, *command, under=("taskset", "-c", cpu)) for command in commands]
    for process in processes:
        process.release()
    events = []
    while not all(process.ended() for process in processes):
        events += monitor.poll(0.1)
    monitor.stop()
    return [process.finish() for process in processes], events + drain(monitor)


def losses(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """How many events were lost, by (event, reason)."""
    total: dict[tuple[str, str], int] = {}
    for event in events:
        if isinstance(event, Lost):
            total[event.of, event.reason] = total.get((event.of, event.reason), 0) + event.count
    return total


def without_skipped(lost: dict[tuple[str, str], int]) -> tuple[dict[tuple[str, str], int], int]:
    """Without what the kernel skipped because it had preempted a program, and how much that was: docs/limits.md."""
    skipped = sum(count for (_, reason), count in lost.items() if reason == "recursion")
    assert not skipped or may_be_skipped()
    return {key: count for key, count in lost.items() if key[1] != "recursion"}, skipped
