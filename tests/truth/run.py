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

from msgspec.structs import replace

import onlooker
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.writer import RecordingWriter

from . import changes, strace
from .facts import Exec, Fact, fact
from .strace import UnclearError
from .strace_facts import Account, read, tellable
from .workloads import Words, Workload, environment

DEADLINE_SECONDS = 120
RECORDING_BYTES = 64 << 20  # of which an eighth is a segment
UNCLEAR_RUNS = 3

# The workload has its own user, so that the kernel can tell it from everything else on the machine: one of those
# that systemd takes for a while where it needs one (DynamicUser=), and that nobody has for good.
USER = random.SystemRandom().randint(61184, 65519)


class Tree:
    """What one process and its descendants did, of all that a monitor reports."""

    def __init__(self, root: int) -> None:
        self.pids = {root}
        self.events: list[onlooker.TaskEvent] = []
        self.others = 0  # events of processes that are not of the tree

    def add(self, events: Iterable[onlooker.Event]) -> None:
        for event in events:
            if not isinstance(event, onlooker.TaskEvent):
                continue
            if event.pid in self.pids:
                self.events.append(event)
                if isinstance(event, onlooker.Fork):
                    self.pids.add(event.child_pid)
            else:
                self.others += 1

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


def run(workload: Workload, attach: str | None = None, *, follow: bool = False, record: bool = False) -> Run:
    """Run it, and again where strace did not tell what happened.

    `attach`: how onlooker is to observe system calls. `follow`: onlooker starts strace and follows it, and the kernel
    chooses whose events come; else a user of its own tells them from all others. `record`: it follows it, too, and what
    is compared is read from a sealed recording.
    """
    for _ in range(UNCLEAR_RUNS):
        with suppress(UnclearError):
            return _run_once(workload, attach, follow=follow, record=record)
    return _run_once(workload, attach, follow=follow, record=record)


def _run_once(workload: Workload, attach: str | None, *, follow: bool, record: bool) -> Run:
    with tempfile.TemporaryDirectory(prefix="onlooker-truth-") as name:
        base = Path(name)
        output = base / "strace" / "task"
        for directory in (base, output.parent, base / "place"):
            directory.mkdir(exist_ok=True)
        words = workload.prepare(base / "place")
        for path in (base, output.parent, *base.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)
        calls = (*strace.CALLS, *changes.CALLS)
        command = [*strace.command(output, seccomp=workload.seccomp, calls=calls), *words]
        if follow or record:
            with onlooker.Monitor(
                events=["all"], command=_as_user(command, base), threads=True, attach=attach
            ) as monitor:
                tree, code = _follow(monitor, base / "recorded.onlook" if record else None)
        else:
            with onlooker.Monitor(events=["all"], uid=[USER], threads=True, attach=attach) as monitor:
                tree, code = _watch(command, base, monitor)
        said = (base / "said").read_text(encoding="utf-8", errors="replace")
        if not (tasks := read(output)):
            raise RuntimeError(f"strace shows nothing of {workload.name}: {said}")
        account = Account(tasks, [str(word) for word in words])
    if account.misses:
        raise RuntimeError(f"strace has missed calls of {workload.name}: run it without its seccomp filter")
    facts = list(account.facts())
    seen = begun([_fact(event) for event in tree.below(account.root)], account.root)
    return Run(code, said, facts, seen, account.notes, monitor.stats().complete)


def _watch(words: Words, base: Path, monitor: onlooker.Monitor) -> tuple[Tree, int]:
    """Run it to its end. Returns what its processes did, and how the first of them ended."""
    with (
        (base / "said").open("wb") as said,
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
        return tree, process.returncode


def _follow(monitor: onlooker.Monitor, recording: Path | None) -> tuple[Tree, int]:
    """The same of the monitor's own command. It ends with the last process, and tells of no other."""
    command = monitor.command
    assert command
    assert command.pid
    tree = Tree(command.pid)
    if recording:
        _record(monitor, recording)
        tree.add(Recording(recording))
    while not monitor.ended:
        tree.add(monitor.poll(1))
        if monitor.stats().seconds > DEADLINE_SECONDS:
            os.killpg(command.pid, signal.SIGKILL)
    if tree.others:
        raise RuntimeError(f"{tree.others} events are of processes that do not descend from the command")
    code = command.wait()
    assert code is not None
    return tree, code


def _record(monitor: onlooker.Monitor, path: Path) -> None:
    """All until the end, in segments so small that there are several."""
    sealer = Sealer(path)
    writer = RecordingWriter(path, Manifest.new(start=now()), seal=sealer, most_bytes=RECORDING_BYTES)
    session = onlooker.Session(monitor, writer, duration=DEADLINE_SECONDS)
    writer.start()
    end = End.of(session.run(), now())
    writer.finish(replace(writer.manifest, end=end))
    sealer.close()
    assert writer.unsealed is None
    assert writer.manifest.rotated == 0


def _as_user(words: Words, base: Path) -> list[str]:
    """The command that makes of itself what `_watch` makes of its child."""
    place = base / "place"
    variables = [f"{name}={value}" for name, value in environment(place).items()]
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    streams = ["sh", "-c", 'said=$1; shift; exec "$@" < /dev/null > "$said" 2>&1', "sh"]
    changed = ["env", "-i", f"--chdir={place}", *variables, "setsid", *user, *streams, base / "said", *words]
    return [str(word) for word in changed]


def _fact(event: onlooker.TaskEvent) -> Fact:
    return changes.seen(event) if event.event in changes.EVENTS else tellable(fact(event))


def begun(facts: list[Fact], root: int) -> list[Fact]:
    """From the first program on: before it, the process was still strace's own code."""
    for at, each in enumerate(facts):
        if isinstance(each, Exec) and each.pid == root and each.result == "0":
            return facts[at:]
    return []
