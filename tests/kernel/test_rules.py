"""What the kernel decides of an expression: never against what is wanted, and as exactly as it says.

A process does many different things, again and again; one monitor sees all of it, another is asked for something else
each time. Whatever plain Python picks of what the first saw, the second must have seen.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from onlooker import Monitor, Open, TaskEvent, UsageError
from onlooker.events import TASK_EVENTS
from onlooker.filters import Filter, fields
from onlooker.filters.expression import And, Expression, Not, Or
from onlooker.filters.expression import Test as Ask
from onlooker.filters.fields import BOOLEAN, FLAGS, LIST, NAME, NUMBER, PATH, TEXT, steps_of, type_of
from onlooker.filters.parse import parse
from onlooker.probe import setup
from onlooker.probe.live import LiveSource

from ..unit.filters import reference
from .conftest import Workloads, fresh_name
from .running import SLOWER
from .test_filters import identity

PREFIX = fresh_name()
EXAMPLES = 100 // SLOWER
SEED = int(os.environ.get("ONLOOKER_TESTS_SEED", "1"))  # another one asks for something else
DOES = Path(__file__).with_name("does_many_things.py")
EVENTS = tuple(TASK_EVENTS)


class Doer:
    """The process that does all of it each time that it is told to."""

    def __init__(self, directory: Path) -> None:
        self.comm = fresh_name()
        (directory / self.comm).symlink_to(sys.executable)
        (directory / f"{self.comm}x").symlink_to(shutil.which("true") or "")
        self.process = subprocess.Popen(
            [directory / self.comm, "-I", "-S", DOES, directory / "place"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.do()

    def do(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end(self) -> None:
        self.process.communicate(timeout=20)
        assert not self.process.returncode


def seen(monitor: Monitor) -> list[TaskEvent]:
    events: list[TaskEvent] = []
    while some := monitor.poll(0):
        events += [event for event in some if isinstance(event, TaskEvent)]
    return events


class Chooser:
    """Random expressions that ask for what there is, or nearly."""

    def __init__(self, events: list[TaskEvent], seed: int) -> None:
        self.random = random.Random(seed)
        self.events = events
        names = [name for name in fields.known_fields() if name not in fields.CONTEXT_FIELDS]  # no record has those
        self.fields = [name for name in names if any(steps_of(name, event) for event in EVENTS)]

    def expression(self, depth: int = 3) -> Expression:
        what = self.random.random()
        if depth and what < 0.25:
            return Not(self.expression(depth - 1))
        if depth and what < 0.75:
            terms = tuple(self.expression(depth - 1) for _ in range(self.random.randint(2, 4)))
            return (And if what < 0.5 else Or)(terms)
        return self.test()

    def test(self) -> Ask:
        pick = self.random.choice
        name = pick(("file", "file", "file", "real_path", "comm", "flags", "errno", "event", *self.fields))
        if name == "event":
            return Ask(name, "==", (pick(EVENTS).encode(),), False)
        kind = type_of(name)
        op = pick(
            {
                NUMBER: ("==", "!=", "<", ">=", "in", "exists"),
                TEXT: ("==", "in", "startswith", "endswith", "glob"),
                PATH: ("==", "!=", "in", "under", "under", "endswith", "endswith", "startswith", "contains", "glob"),
                NAME: ("==", "!=", "in", "exists"),
                LIST: ("contains",),
                FLAGS: ("contains", "exists"),
                BOOLEAN: ("==", "exists"),
            }.get(kind, ("exists",))
        )
        if op == "exists":
            return Ask(name, op)
        count = 1 if op in ("==", "!=", "<", ">=") else self.random.randint(1, 3)
        values = tuple(self.value(name, op) for _ in range(count))
        return Ask(name, op, values, op not in ("==", "!=", "<", ">=") and self.random.random() < 0.3)

    def value(self, name: str, op: str) -> bytes | int:
        """One that an event has, or a part of it."""
        found = [value for event in self.random.sample(self.events, 20) if (value := self.of(event, name)) is not None]
        value = self.random.choice(found) if found else (1 if type_of(name) in (NUMBER, BOOLEAN) else b"none")
        if isinstance(value, int):
            return value
        if isinstance(value, tuple):
            return self.random.choice(value) if value else b"none"
        return self.part(value, op)

    def of(self, event: TaskEvent, name: str) -> bytes | int | tuple[bytes, ...] | None:
        return reference.value_of(Ask(name, "=="), event)

    def part(self, value: bytes, op: str) -> bytes:
        pick, parts = self.random.choice, value.split(b"/")
        if op == "under":
            return b"/".join(parts[: self.random.randint(1, len(parts))]) or b"/"
        if op == "endswith":
            return pick((value[-self.random.randint(1, 20) :], b"/" + parts[-1], parts[-1], parts[-1][-3:])) or b"x"
        if op == "startswith":
            return value[: self.random.randint(1, len(value) + 1)]
        if op == "glob":
            return pick((b"**/*" + parts[-1][-2:], b"**/" + parts[-1], b"/".join(parts[:-1]) + b"/*", b"*" + parts[-1]))
        return pick((value, value, value + b"x", value[:-1])) or b"x"


@pytest.mark.parametrize("resolve", [True, False])
@pytest.mark.parametrize("name", ["", "OLDER_OBJECT"])
def test_nothing_that_is_wanted_is_rejected(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, name: str, resolve: bool
) -> None:
    """With the object for this kernel, and with the one for older ones."""
    if name:
        monkeypatch.setattr(setup, "object_file", lambda: getattr(setup, name))
    doer = Doer(scratch)
    only = {"events": EVENTS, "comm": [doer.comm + "*"], "resolve": resolve}
    with Monitor(**only) as everything, Monitor(**only, where="uid >= 0") as chosen:
        doer.do()
        choose = Chooser(seen(everything), SEED).expression
        seen(chosen)
        rejected = tried = 0
        while tried < EXAMPLES:
            expression = choose()
            try:
                chosen.refine(where=str(expression))
            except UsageError:  # a field can't have that value
                continue
            tried += 1
            doer.do()
            before, found = seen(everything), seen(chosen)
            wanted = [event for event in before if reference.matches(expression, event)]
            assert Counter(map(repr, identity(found))) == Counter(map(repr, identity(wanted))), str(expression)
            rejected += len(before) > len(wanted) > 0
        assert rejected > EXAMPLES / 10
        doer.end()


def test_what_lets_a_name_pass_is_the_name_that_is_shown(workloads: Workloads) -> None:
    """Although another thread changes the process's name all the time."""
    program = workloads["renames_itself"]
    with Monitor(events=["open"], where=f"comm == '{PREFIX}a' or comm == '{PREFIX}b'") as monitor:
        run = subprocess.run([program, PREFIX], capture_output=True, check=True, text=True)
        monitor.stop()
        opens = [event for event in monitor if isinstance(event, Open) and event.path == "/dev/null"]
    assert len(opens) == int(run.stdout)


def test_a_signal_that_ends_refine(tmp_path: Path) -> None:
    """What the monitor says that it asks for, is what the kernel was told."""

    def interrupted(*_: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        with Monitor(events=["stat"], pid=[os.getppid()], where="file under '/etc'") as monitor:
            for delay in range(60):
                with suppress(InterruptedError):
                    signal.setitimer(signal.ITIMER_REAL, 1e-6 + delay / 20_000)
                    monitor.refine(where=f"file under '/{delay}'")
                    signal.setitimer(signal.ITIMER_REAL, 0)
                source = monitor._source
                assert isinstance(source, LiveSource) and source._probe
                assert monitor.filter is source.wanted
                assert source._probe.rules == monitor.filter.rules()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


EXACTLY = (
    "uid == 1234",
    "errno in ('ENOENT', 'ENOTDIR')",
    "errno != 'ENOENT'",
    "flags contains ('O_CREAT', 'O_TMPFILE')",
    "created == true",
    "comm startswith 'nobody' or uid == 1234",
    "mode == 0640 or mode >= 0755 and mode <= 0777",
    "real_path endswith '.so'",
    "real_path under '/etc' and not real_path endswith 'passwd'",
    "not (fd < 0 or fd >= 4) and event == 'open'",
)
ODD = re.compile(r"^$|/$|//|(^|/)\.")  # what a path has to be cleaned of, or may have
NEARLY = ("file under '/etc'", "not file under '/etc'", "file endswith '/file'", "file == '/etc/nobody-has-it'")


@pytest.fixture(scope="module")
def done(as_root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doer, dict[str, Any], Monitor]]:
    """Who does all of it, what is asked of a monitor of it, and one that sees all of that."""
    doer = Doer(tmp_path_factory.mktemp("done"))
    only = {"events": ("open", "stat", "unlink"), "comm": [doer.comm + "*"]}
    with Monitor(**only) as everything:
        yield doer, only, everything
    doer.end()


@pytest.mark.parametrize("text", [*EXACTLY, *NEARLY])
def test_what_is_not_wanted_does_not_reach_onlooker(done: tuple[Doer, dict[str, Any], Monitor], text: str) -> None:
    """But for some paths with names such as ".."."""
    doer, only, everything = done
    source = LiveSource()
    source.start(Filter.of(**only, where=text))
    try:
        assert seen(everything) == []
        doer.do()
        everything_seen = seen(everything)
        expected = [event for event in everything_seen if reference.matches(parse(text), event)]
        passed: list[TaskEvent] = []
        while batch := source.poll(0):
            passed += batch
            source.taken(batch)
    finally:
        source.close()
    wanted, found = (Counter(map(repr, identity(some))) for some in (expected, passed))
    assert not wanted - found
    more = [event for event in identity(passed) if repr(event) in found - wanted]
    assert not more or text in NEARLY
    assert [event for event in more if not ODD.search(event.path) and len(event.path) < 250] == []
    assert 0 < len(expected) <= len(passed) < len(everything_seen)
