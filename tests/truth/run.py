"""One run of a workload under strace and onlooker."""

import os
import random
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import onlooker

from . import strace
from .facts import Exec, Fact, fact
from .strace import UnclearError
from .strace_facts import Account, read, tellable
from .workloads import Words, Workload, environment

DEADLINE_SECONDS = 120
UNCLEAR_RUNS = 3

# The workload has its own user, so that the kernel can tell it from everything else on the machine: one of those
# that systemd takes for a while where it needs one (DynamicUser=), and that nobody has for good.
USER = random.SystemRandom().randint(61184, 65519)


class Tree:
    """What one process and its descendants did, of all that a monitor reports."""

    def __init__(self, root: int) -> None:
        self.pids = {root}
        self.events: list[onlooker.TaskEvent] = []

    def add(self, events: Iterable[onlooker.Event]) -> None:
        for event in events:
            if isinstance(event, onlooker.TaskEvent) and event.pid in self.pids:
                self.events.append(event)
                if isinstance(event, onlooker.Fork):
                    self.pids.add(event.child_pid)

    def below(self, root: int) -> list[onlooker.TaskEvent]:
        """What a process of the tree and its descendants did."""
        part = Tree(root)
        part.add(self.events)
        return part.events


@dataclass(frozen=True)
class Run:
    """What strace and onlooker showed, in order for each task; and how the program ended, as its caller saw it."""

    code: int
    said: str
    strace: list[Fact]
    onlooker: list[Fact]
    notes: Counter[str]
    complete: bool


def run(workload: Workload, attach: str | None = None) -> Run:
    """Run it, and again where strace did not tell what happened. `attach`: how onlooker is to observe system calls."""
    for _ in range(UNCLEAR_RUNS):
        with suppress(UnclearError):
            return _run_once(workload, attach)
    return _run_once(workload, attach)


def _run_once(workload: Workload, attach: str | None) -> Run:
    with tempfile.TemporaryDirectory(prefix="onlooker-truth-") as name:
        base = Path(name)
        output = base / "strace" / "task"
        for directory in (base, output.parent, base / "place"):
            directory.mkdir(exist_ok=True)
        words = workload.prepare(base / "place")
        for path in (base, output.parent, *base.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)
        with onlooker.Monitor(uid=[USER], threads=True, attach=attach) as monitor:
            tree, code, said = _watch([*strace.command(output, seccomp=workload.seccomp), *words], base, monitor)
        if not (tasks := read(output)):
            raise RuntimeError(f"strace shows nothing of {workload.name}: {said}")
        account = Account(tasks, [str(word) for word in words])
    if account.misses:
        raise RuntimeError(f"strace has missed calls of {workload.name}: run it without its seccomp filter")
    facts = list(account.facts())
    seen = begun([tellable(fact(event)) for event in tree.below(account.root)], account.root)
    return Run(code, said, facts, seen, account.notes, monitor.stats().complete)


def _watch(words: Words, base: Path, monitor: onlooker.Monitor) -> tuple[Tree, int, str]:
    """Run it to its end. Returns what its processes did, and for the first of them its end and what was printed."""
    with (
        (base / "said").open("w+b") as said,
        subprocess.Popen(
            words,
            cwd=base / "place",
            env=environment(base / "place"),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=USER,
            group=USER,
            extra_groups=(),
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


def begun(facts: list[Fact], root: int) -> list[Fact]:
    """From the first program on: before it, the process was still strace's own code."""
    for at, each in enumerate(facts):
        if isinstance(each, Exec) and each.pid == root and each.result == "0":
            return facts[at:]
    return []
