"""One run of a workload with both witnesses watching."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onlooker

from . import strace
from .story import Exec, Fact, fact
from .witness import Account, read
from .workloads import Workload, environment

DEADLINE_SECONDS = 120
BUFFER_BYTES = 64 << 20


class Tree:
    """Of everything that a monitor reports, what one process and its descendants did. The rest is never kept."""

    def __init__(self, root: int) -> None:
        self._pids = {root}
        self.events: list[onlooker.TaskEvent] = []

    def add(self, events: Iterable[onlooker.Event]) -> None:
        for event in events:
            if isinstance(event, onlooker.TaskEvent) and event.pid in self._pids:
                self.events.append(event)
                if isinstance(event, onlooker.Fork):
                    self._pids.add(event.child_pid)

    def below(self, root: int) -> list[onlooker.TaskEvent]:
        """What a process of the tree and its descendants did."""
        part = Tree(root)
        part.add(self.events)
        return part.events


@dataclass(frozen=True)
class Run:
    """What both witnesses said, in order for each task; and how the program ended, as its caller saw it."""

    code: int
    said: str
    strace: list[Fact]
    onlooker: list[Fact]
    failed_forks: int
    complete: bool


def run(workload: Workload, attach: str | None = None) -> Run:
    """Run it once. `attach`: how onlooker is to observe system calls."""
    with (
        tempfile.TemporaryDirectory(prefix="onlooker-truth-") as name,
        onlooker.Monitor(threads=True, buffer_bytes=BUFFER_BYTES, attach=attach) as monitor,
    ):
        place, output = Path(name, "place"), Path(name, "strace")
        place.mkdir()
        tree, code, said = _watch(workload, place, output, monitor)
        account = Account(read(output))
    facts = list(account.facts())
    seen = _begun([fact(event) for event in tree.below(account.root)], account.root)
    return Run(code, said, facts, seen, account.failed_forks, monitor.stats().complete)


def _watch(workload: Workload, place: Path, output: Path, monitor: onlooker.Monitor) -> tuple[Tree, int, str]:
    """Run it to its end. Returns what its processes did, and for the first of them its end and what was printed."""
    with (
        output.with_name("said").open("w+b") as said,
        subprocess.Popen(
            [*strace.command(output, seccomp=workload.seccomp), *workload.prepare(place)],
            cwd=place,
            env=environment(place),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        tree = Tree(process.pid)
        while process.poll() is None:
            tree.add(monitor.poll(0.02))
            if monitor.stats().seconds > DEADLINE_SECONDS:
                os.killpg(process.pid, signal.SIGKILL)
        monitor.stop()
        while not monitor.ended:
            tree.add(monitor.poll())
        said.seek(0)
        return tree, process.returncode, said.read().decode(errors="replace")


def _begun(facts: list[Fact], root: int) -> list[Fact]:
    """From the first program on: before it, the process was still strace's own code."""
    for at, each in enumerate(facts):
        if isinstance(each, Exec) and each.pid == root and each.result == "0":
            return facts[at:]
    return []
