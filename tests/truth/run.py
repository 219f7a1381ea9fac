"""One run of a program with both witnesses watching."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onlooker

from . import strace
from .story import Exec, Fact, fact
from .witness import Testimony, read

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


def run(
    words: Sequence[str | Path], directory: Path, env: Mapping[str, str], output: Path, attach: str | None = None
) -> Run:
    """Run a command in `directory`; strace writes `output`.TID files."""
    with onlooker.Monitor(threads=True, buffer_bytes=BUFFER_BYTES, attach=attach) as monitor:
        with subprocess.Popen(
            [*strace.command(output), *words],
            cwd=directory,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            tree = Tree(process.pid)
            said = _follow(process, monitor, tree)
        monitor.stop()
        while not monitor.ended:
            tree.add(monitor.poll(0.1))
        complete = monitor.stats().complete
    testimony = Testimony(read(output))
    facts = list(testimony.facts())
    seen = [fact(event) for event in tree.below(testimony.root)]
    return Run(process.returncode, said, facts, _begun(seen, testimony.root), testimony.failed_forks, complete)


def _follow(process: subprocess.Popen[bytes], monitor: onlooker.Monitor, tree: Tree) -> str:
    """Empty the monitor until strace, and with it all that it traced, has ended. Returns what was printed."""
    assert process.stdout
    os.set_blocking(process.stdout.fileno(), False)
    said = b""
    waited = 0.0
    while process.poll() is None:
        tree.add(monitor.poll(0.02))
        said += process.stdout.read() or b""
        waited = monitor.stats().seconds
        if waited > DEADLINE_SECONDS:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"it did not end in {DEADLINE_SECONDS} s: {process.args!r}")
    return (said + (process.stdout.read() or b"")).decode(errors="replace")


def _begun(facts: list[Fact], root: int) -> list[Fact]:
    """From the first program on: before it, the process was still strace's own code."""
    for at, each in enumerate(facts):
        if isinstance(each, Exec) and each.pid == root and each.result == "0":
            return facts[at:]
    return []
