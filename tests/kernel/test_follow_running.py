"""Following a process that already runs: what descends from it when that is asked for, and all that comes later."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from onlooker import Event, Exit, Monitor, Open, UsageError

from .commands import WATCH, run, started, wait_until, watching
from .conftest import Workloads
from .running import SLOWER, Process, drain, losses

COUNT = 23
ROUNDS = 10
PAIRS = 100
LIVES = 500 // SLOWER


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@contextmanager
def two_monitors(workloads: Workloads) -> Iterator[tuple[Monitor, Monitor]]:
    """One of all workloads, and one that follows what it is told to, and at first a process that waits."""
    idle = Process(workloads["exit"], "code", 0)
    with Monitor(comm=[f"{workloads.prefix}*"], events=["exit"]) as everything:
        following = Monitor(events=["exit"])
        following.follow(idle.pid)
        with following:
            yield everything, following
            idle.wait()
            assert [event.pid for event in following if isinstance(event, Exit)][-1:] == [idle.pid]
            assert following.ended


def ends(events: list[Event]) -> dict[int, int]:
    """When each process ended, by its id."""
    return {event.pid: event.boot_ns for event in events if isinstance(event, Exit)}


@pytest.mark.usefixtures("each_object")
def test_no_process_is_missed_that_is_created_meanwhile(workloads: Workloads, scratch: Path) -> None:
    """A storm of forks, of which each parent waits for its children: whoever ends later is followed."""
    late = 0
    with two_monitors(workloads) as (everything, following):
        for turn in range(ROUNDS):
            storm = Process(workloads["storm"], LIVES)
            time.sleep(0.001 * turn)
            following.follow(storm.pid)
            since = now()
            storm.wait()
            all_ends, found = ends(drain(everything)), drain(following)
            assert losses(found) == {}
            expected = {pid for pid, at in all_ends.items() if at > since}
            assert expected <= ends(found).keys() <= all_ends.keys()
            late += len(expected)
    assert late > LIVES  # it was in the midst of them


LARGE = """
import mmap, os
child = os.fork()
if not child:
    memory = mmap.mmap(-1, 128 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
    os.write(1, b"%d\\n" % os.getpid())
    os.read(0, 1)
    os._exit(0)
os.waitpid(child, 0)
os.read(0, 1)
"""


@pytest.mark.usefixtures("each_object")
def test_no_end_is_missed_that_takes_long(workloads: Workloads, scratch: Path) -> None:
    """Before Linux 6.16, a process gives back its memory between its last moment alive and the tracepoint of exits."""
    with two_monitors(workloads) as (_, following), Monitor(events=["exit"]) as everything:
        for turn in range(ROUNDS):
            parent = subprocess.Popen([sys.executable, "-c", LARGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert parent.stdin and parent.stdout
            child = int(parent.stdout.readline())
            os.write(parent.stdin.fileno(), b"x")
            time.sleep(0.001 * turn)
            following.follow(parent.pid)
            since = now()
            parent.communicate(b"x")
            ended, found = ends(drain(everything))[child], ends(drain(following))
            assert parent.pid in found
            assert child in found or ended <= since


@pytest.mark.usefixtures("each_object")
def test_no_process_is_missed_whose_parent_ends_meanwhile(workloads: Workloads, scratch: Path) -> None:
    """It is as if all were looked at in one moment: of the grandchildren, whose parents end one after the other, those
    are followed that had their parent then. Some may have one that had told of its end and was still their parent:
    where the processor is taken from it meanwhile.
    """
    partly = 0
    with two_monitors(workloads) as (everything, following):
        for turn in range(ROUNDS):
            process = Process(workloads["orphans"], PAIRS)
            wait_until(Path("ready").exists)
            release = threading.Timer(0, process.release)
            release.start()
            time.sleep(0.0003 * turn)
            following.follow(process.pid)
            release.join()
            Path("ready").unlink()
            numbers = process.wait().numbers
            all_ends, found = ends(drain(everything)), drain(following)
            assert losses(found) == {}
            pairs = sorted(zip(numbers[::2], numbers[1::2], strict=True), key=lambda pair: all_ends[pair[0]])
            followed = [(parent in ends(found), child in ends(found)) for parent, child in pairs]
            first = followed.index((True, True)) if (True, True) in followed else PAIRS
            assert set(followed[first:]) <= {(True, True), (False, True)}
            partly += 0 < first < PAIRS
    assert partly


def test_the_command_follows_a_running_tree_to_its_end(scratch: Path) -> None:
    wait = "while ! [ -e go ]; do sleep 0.01; done"
    script = f"({wait}; cat go; exit 3) & {wait}; wait; exit 5"
    with (
        started("sh", "-c", script, stdout=subprocess.DEVNULL) as shell,
        watching("--tree", str(shell.pid), "--events", "open,exit") as watch,
    ):
        Path("go").touch()
        ended = watch.end(None).assert_complete()
        assert shell.wait() == 5
    assert f" sh (PID:{shell.pid}, PPID:{os.getpid()}) exited with code 5 " in ended.lines[-1]
    assert ended.out.count(" opened file go ") == 1
    assert "exited with code 3" in ended.out


def test_more_can_be_followed_later(workloads: Workloads, scratch: Path) -> None:
    one, two, other = (
        Process(workloads["where"], "openat", -100, name, os.O_RDONLY, COUNT) for name in ("a", "b", "c")
    )
    monitor = Monitor(events=["open"])
    monitor.follow(one.pid)
    with monitor:
        monitor.follow(two.pid)
        for process in (two, other, one):
            assert process.wait().code == 0
        events = list(monitor)
    assert [event.path for event in events if isinstance(event, Open) and event.path in "abc"] == ["b"] * 23 + [
        "a"
    ] * 23


def test_who_follows_itself_sees_its_children_and_goes_on(workloads: Workloads) -> None:
    monitor = Monitor(events=["exit"])
    monitor.follow(os.getpid())
    with monitor:
        runs = [Process(workloads["exit"], "code", code).wait() for code in range(3)]
        events = drain(monitor)
        assert [event.pid for event in events if isinstance(event, Exit)] == [each.pid for each in runs]


def test_what_cannot_be_followed() -> None:
    ended = run("--tree", "4194304", command=WATCH)
    assert (ended.code, ended.err) == (2, "onlooker: no such process: 4194304\n\nhint: ps -e lists the processes\n")
    with Monitor(events=["exit"]) as monitor, pytest.raises(UsageError, match="follows nothing"):
        monitor.follow(os.getpid())
    with started("true") as process:
        process.wait()
        with pytest.raises(UsageError, match="no such process"):
            Monitor().follow(process.pid)
