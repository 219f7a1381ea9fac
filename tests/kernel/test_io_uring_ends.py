"""Open events: every way in which a request to io_uring can end. Each is shown once, none is missed silently, and the
probe keeps nothing of it.
"""

import os
import resource
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from onlooker import Event, Lost, Monitor, Open

from .bpf import entries
from .commands import wait_until
from .conftest import Workloads
from .flavours import sees_rings
from .running import Process, collect, drain, losses

COUNT = 23
MOST = 4096  # opens under way that the probe can remember: ring_opens in bpf/ring_pending.h
ROOM = 32
FULL = ("ring", ROOM, ROOM, *("nop", 5, "-") * ROOM)  # a ring that has no room for the next completion
TOO_LONG = "f" * 5000

pytestmark = pytest.mark.skipif(not sees_rings(), reason="its tracepoints are those of 6.0")


@pytest.fixture(scope="module")
def program(workloads: Workloads) -> Path:
    return workloads.renamed("rings")


@pytest.fixture(scope="module")
def running(program: Path) -> Iterator[Monitor]:
    with Monitor(comm=[program.name], events=["open"]) as monitor:
        yield monitor


@pytest.fixture
def monitor(running: Monitor) -> Iterator[Monitor]:
    drain(running)  # of the tests with a monitor of their own
    yield running
    assert entries(running, "ring_opens") == 0


@pytest.fixture
def file(scratch: Path) -> str:
    (scratch / "file").touch()
    return str(scratch / "file")


def run(monitor: Monitor, program: Path, *steps: str | int) -> tuple[list[tuple[int, ...]], list[Event]]:
    """The completions, and the events after "begin", with all losses: these have no place among the others."""
    process, [events] = collect(Process(program, *steps), [monitor])
    assert process.code == 0
    begin = max((i for i, event in enumerate(events) if isinstance(event, Open) and event.path == "begin"), default=-1)
    events = [event for i, event in enumerate(events) if i > begin or isinstance(event, Lost)]
    return [tuple(map(int, line.split())) for line in process.output.splitlines()], events


def told(events: list[Event]) -> list[tuple[str, int | None, str | None, tuple[str, ...]]]:
    """What is said of each open; nothing may be lost."""
    assert not losses(events)
    return [(e.path, e.fd, e.errno, e.cut) for e in events if isinstance(e, Open)]


@pytest.mark.parametrize("how", ["-", "a"])
def test_a_completion_without_room(monitor: Monitor, program: Path, scratch: Path, how: str) -> None:
    """It is shown whole, also if many have the same user_data."""
    paths = [f"{scratch}/{number}" for number in range(COUNT)]
    for path in paths[::2]:
        Path(path).touch()
    steps = [step for path in paths for step in ("open", 7, how, path)]
    done, events = run(monitor, program, "begin", *FULL, *steps, "submit", "reap", ROOM + COUNT)
    assert Counter(done) == Counter({(5, 0): ROOM, **Counter((7, e[1] or -2) for e in told(events))})
    assert {(path, errno, cut) for path, _, errno, cut in told(events)} == {
        (path, None if i % 2 == 0 else "ENOENT", ()) for i, path in enumerate(paths)
    }
    assert len(told(events)) == COUNT
    assert {e.path: e.real_path for e in events if isinstance(e, Open) and e.fd} == {p: p for p in paths[::2]}


def test_other_completions_without_room(monitor: Monitor, program: Path) -> None:
    steps = ("nop", 7, "-", "fail", 8, "-") * COUNT
    done, events = run(monitor, program, "begin", *FULL, *steps, "submit", "reap", ROOM + 2 * COUNT)
    assert len(done) == ROOM + 2 * COUNT
    assert told(events) == []


def test_others_with_the_same_user_data_meanwhile(monitor: Monitor, program: Path, scratch: Path) -> None:
    """They are not taken for the open, which waits, however they end."""
    os.mkfifo(scratch / "fifo")
    steps = (*FULL, "open", 7, "a", "fifo", "submit", *("nop", 7, "-") * COUNT, *("fail", 7, "-") * COUNT, "submit")
    done, events = run(monitor, program, "begin", *steps, "write", "fifo", "reap", ROOM + 1 + 2 * COUNT)
    [fd] = [result for user_data, result in done if user_data == 7 and result > 0]
    assert [event for event in told(events) if event[1] == fd] == [("fifo", fd, None, ())]
    assert len(told(events)) == 2  # and that for writing


def test_others_with_the_result_of_an_earlier_request(monitor: Monitor, program: Path, scratch: Path) -> None:
    """What waits still holds the result of the request before it at its address: it is not taken for its own."""
    os.mkfifo(scratch / "fifo")
    before = ("ring", ROOM, ROOM, *("open", 6, "-", "none") * COUNT, "submit", "reap", COUNT)
    waiting = ("open", 7, "a", "fifo", "submit", "sleep", 100, *("nop", 5, "-") * ROOM, *("unlink", 7, "none") * COUNT)
    end = ("submit", "sleep", 100, "write", "fifo", "reap", ROOM + 1 + COUNT)
    done, events = run(monitor, program, *before, "begin", *waiting, *end)
    [fd] = [result for user_data, result in done if user_data == 7 and result > 0]
    assert Counter(done)[7, -2] == COUNT
    assert [event for event in told(events) if event[1] == fd] == [("fifo", fd, None, ())]
    assert len(told(events)) == 2  # and that for writing


def test_a_chain_that_breaks(monitor: Monitor, program: Path, file: str) -> None:
    """The head says nothing of its success, so the others say nothing of being cancelled."""
    chain = ("fail", 1, "ls", *("open", 2, "l", file) * COUNT, "open", 3, "-", file)
    done, events = run(monitor, program, "begin", "ring", 64, 64, *chain, "submit", "reap", 1)
    assert done == [(1, -9)]
    assert told(events) == [(file, None, "ECANCELED", ())] * (COUNT + 1)


@pytest.mark.parametrize("ring", [("ring", ROOM, ROOM), FULL])
def test_a_chain_that_breaks_with_opens_that_say_nothing(
    monitor: Monitor, program: Path, file: str, ring: tuple[str | int, ...]
) -> None:
    """They are shown when they are submitted, and complete nevertheless."""
    chain = ("fail", 1, "l", *("open", 2, "ls", file) * COUNT, "open", 3, "s", file)
    done, events = run(monitor, program, "begin", *ring, *chain, "submit", "reap", 2 + COUNT + ring.count("nop"))
    assert Counter(done) - Counter({(5, 0): ROOM}) == Counter({(1, -9): 1, (2, -125): COUNT, (3, -125): 1})
    assert told(events) == [(file, None, None, ("fd",))] * (COUNT + 1)


@pytest.mark.parametrize("ring", [("ring", ROOM, ROOM), FULL])
@pytest.mark.parametrize("how", ["-", "s"])
def test_a_request_that_can_not_be_prepared(
    monitor: Monitor, program: Path, scratch: Path, ring: tuple[str | int, ...], how: str
) -> None:
    before = ("ring", 64, 64, *("open", 6, "s", str(scratch)) * COUNT, "submit")  # their addresses stay in the map
    steps = ("open", 7, how, TOO_LONG, "submit") * COUNT
    done, events = run(monitor, program, *before, "begin", *ring, *steps, "reap", COUNT + ring.count("nop"))
    assert Counter(done)[7, -36] == COUNT
    found = told(events)
    assert {(path, errno) for path, _, errno, _ in found} == {(TOO_LONG[:4095], "ENAMETOOLONG")}
    assert len(found) == COUNT


def test_only_failures(program: Path, file: str) -> None:
    chain = ("fail", 1, "ls", "open", 2, "l", "a", "open", 3, "s", "b")
    steps = ("open", 4, "-", file, "open", 5, "s", file, "open", 6, "-", "c", "open", 7, "s", "d", "submit", "reap", 4)
    with Monitor(comm=[program.name], events=["open"], failed=True) as monitor:
        _, events = run(monitor, program, "begin", "ring", 64, 64, *chain, *steps)
        assert entries(monitor, "ring_opens") == 0
    # what says nothing of its success is only known from its failure, without its path
    shown = [(path, errno) for path, _, errno, _ in told(events)]
    assert [each for each in shown if each[1] == "ECANCELED"] == [("a", "ECANCELED"), ("", "ECANCELED")]
    # the others are no part of the chain: workers carry them out, whenever they come to it
    others = [each for each in shown if each[1] != "ECANCELED"]
    assert sorted(others) == [("", "ENOENT"), ("c", "ENOENT")]


def test_more_than_can_be_remembered(monitor: Monitor, program: Path, scratch: Path) -> None:
    """What finds no room is counted, and shown without its path where it completes; then there is room again."""
    os.mkfifo(scratch / "fifo")
    blocked, waiting = 64, MOST + 1023
    steps = ("ring", 4096, 32768, *("open", 1, "a", "fifo") * blocked, "submit", *("open", 2, "a", "none") * waiting)
    last = ("ring", 8, 64, *("open", 3, "-", "last") * COUNT, "submit", "reap", COUNT)
    end = ("submit", "write", "fifo", "reap", blocked + waiting, *last)
    _, events = run(monitor, program, "begin", *steps, *end)
    paths = Counter((e.path, e.cut) for e in events if isinstance(e, Open))
    lost = losses(events)
    assert set(lost) == {("open", "untracked")}
    assert 1000 < lost["open", "untracked"] < 1023 + blocked + 100
    assert paths["", ("path", "flags")] == lost["open", "untracked"]
    assert paths["none", ()] + paths["", ("path", "flags")] + paths["fifo", ()] == waiting + blocked + 1
    assert paths["last", ()] == COUNT


@contextmanager
def descriptors(most: int) -> Iterator[None]:
    """What is started meanwhile may have so many open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, max(most, before[1])))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_more_that_say_nothing_than_can_be_remembered(program: Path, scratch: Path, file: str) -> None:
    """Those for which there is no room are counted, and shown only if they fail."""
    os.mkfifo(scratch / "fifo")
    steps = ("ring", 4096, 32768, *("open", 1, "as", "fifo") * (MOST + COUNT), *("open", 2, "s", "none") * COUNT)
    with descriptors(MOST + 1000), Monitor(comm=[program.name], events=["open"]) as monitor:
        done, events = run(monitor, program, "begin", *steps, "submit", "write", "fifo", "reap", COUNT)
        lost = losses(events)
        paths = Counter((e.path, e.errno) for e in events if isinstance(e, Open) and e.syscall == "io_uring")
    assert done == [(2, -2)] * COUNT
    assert lost == {("open", "untracked"): 2 * COUNT}
    assert paths == Counter({("fifo", None): MOST, ("", "ENOENT"): COUNT})


def test_what_was_submitted_before_the_start(program: Path, scratch: Path, file: str) -> None:
    """It is shown without its path where it completes, and counted where its completion finds no room."""
    os.mkfifo(scratch / "fifo")
    full = (*FULL, "open", 7, "a", "fifo", "submit")
    process = Process(program, "ring", 8, 8, "open", 6, "a", "fifo", "submit", *full, "mark", "ready", "begin",
                      "open", 8, "-", file, "submit", "write", "fifo", "sleep", 200, "reap", ROOM + 2)  # fmt: skip
    wait_until(Path("ready").exists)
    with Monitor(comm=[program.name], events=["open"]) as monitor:
        ended, [events] = collect(process, [monitor])
        monitor.stop()
        events += drain(monitor)
        assert entries(monitor, "ring_opens") == 0
        assert not monitor.stats().complete
    assert ended.code == 0
    assert losses(events) == {("open", "untracked"): 1}
    shown = [(e.path, e.cut) for e in events if isinstance(e, Open) and e.syscall == "io_uring"]
    assert sorted(shown) == [("", ("path", "flags")), (file, ())]


def test_a_process_that_is_not_wanted_takes_no_room(program: Path, workloads: Workloads, scratch: Path) -> None:
    other = workloads.renamed("rings")
    os.mkfifo(scratch / "fifo")
    with Monitor(comm=[program.name], events=["open"]) as monitor:
        steps = ("ring", 64, 64, *("open", 1, "a", "fifo") * COUNT, "submit", "mark", "ready", "begin")
        blocked = Process(other, *map(str, steps), "write", "fifo", "reap", COUNT)
        wait_until(Path("ready").exists)
        assert entries(monitor, "ring_opens") == 0
        assert blocked.wait().code == 0
        assert drain(monitor) == []


def test_a_process_that_ends_with_requests_under_way(monitor: Monitor, program: Path, scratch: Path) -> None:
    os.mkfifo(scratch / "fifo")
    steps = ("ring", 64, 64, *("open", 1, "a", "fifo") * COUNT, "submit", *FULL,
             *("open", 1, "a", "fifo") * 3, "submit")  # fmt: skip
    with subprocess.Popen([program, *map(str, steps), "mark", "ready", "reap", "1", "reap", "1"]) as process:
        wait_until(Path("ready").exists)
        process.kill()
    events: list[Event] = []

    def told_all() -> bool:
        events.extend(drain(monitor))
        return len(through_rings()) >= COUNT + 3

    def through_rings() -> list[str]:
        return [e.path for e in events if isinstance(e, Open) and e.syscall == "io_uring"]

    wait_until(told_all)
    assert through_rings() == ["fifo"] * (COUNT + 3)
    wait_until(lambda: entries(monitor, "ring_opens") == 0)
