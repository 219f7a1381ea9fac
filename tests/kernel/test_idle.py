"""A monitor without events sleeps, and shows the next event at once."""

import os
import select
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from onlooker import Monitor, UsageError

from .commands import wait_until, watching
from .conftest import Workloads
from .running import SLOWER, Process

NOBODY = "nobody-by-name"
QUIET_SECONDS = 2.0
STARTED_SECONDS = 0.3 * SLOWER  # from the word that it watches until all of its threads sleep
IDLE_SECONDS = 1.5
ROUNDS = 23
TOLD_SECONDS = 0.2 * SLOWER


def switches(pid: int) -> int:
    """Voluntary context switches of all threads of a process: so often has it gone to sleep."""
    found = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        words = status.read_text().split()
        found += int(words[words.index("voluntary_ctxt_switches:") + 1])
    return found


@pytest.mark.parametrize("output", ["file", "pipe"])
def test_nothing_wakes_the_command_while_nothing_happens(output: str) -> None:
    reading, writing = os.pipe()
    stdout = None if output == "file" else writing
    with watching("--filter", NOBODY, "--output-format", "json", stdout=stdout) as monitor:
        time.sleep(STARTED_SECONDS)
        before = switches(monitor.process.pid)
        time.sleep(QUIET_SECONDS)
        assert switches(monitor.process.pid) == before
        monitor.end().assert_complete()
    os.close(reading)
    os.close(writing)


def test_an_event_after_a_long_time_of_nothing_is_told_at_once(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    reading, writing = os.pipe()
    with watching("--events", "exec", "--filter", program.name, stdout=writing) as monitor:
        time.sleep(IDLE_SECONDS)
        began = time.monotonic()
        Process(program).wait()
        assert os.read(reading, 4096).count(b"\n") == 1
        assert time.monotonic() - began < TOLD_SECONDS
        monitor.end().assert_complete()
    os.close(reading)
    os.close(writing)


def test_a_record_that_comes_as_the_reader_falls_asleep_is_told(workloads: Workloads) -> None:
    """Again and again, each a little later after the one before, around the moment when it goes to sleep."""
    program = workloads.renamed("nothing")
    deadline = time.monotonic() + 15
    with Monitor(events=["exec"], comm=[program.name]) as monitor:
        for at in range(2 * ROUNDS):
            pid = Process(program).wait().pid
            found = monitor.poll(10)
            assert [event.pid for event in found] == [pid], f"after {at}"
            time.sleep(0.0007 * (at % ROUNDS) + 0.095 * (at % 2))  # it looks once more after 100 ms
            if time.monotonic() > deadline:
                break
        assert monitor.stats().lost == {}


def test_many_monitors_sleep_by_themselves(workloads: Workloads) -> None:
    one, other = workloads.renamed("nothing"), workloads.renamed("nothing")
    with Monitor(events=["exec"], comm=[one.name]) as first, Monitor(events=["exec"], comm=[other.name]) as second:
        for program, monitor, idle in ((one, first, second), (other, second, first)):
            pid = Process(program).wait().pid
            assert [event.pid for event in monitor.poll(10)] == [pid]
            assert not idle.poll(0)


def test_a_descriptor_can_be_waited_for(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    with Monitor(events=["exec"], comm=[program.name]) as monitor:
        waiting = select.poll()
        waiting.register(monitor.fileno(), select.POLLIN)
        assert not waiting.poll(100)
        seen: Counter[int] = Counter()
        pids = [Process(program).wait().pid for _ in range(ROUNDS)]
        while len(seen) < ROUNDS:
            assert waiting.poll(10_000)
            seen.update(event.pid for event in monitor.poll(0))
        assert not waiting.poll(0)
        assert seen == Counter(pids)
        monitor.stop()
        while not monitor.ended:
            assert waiting.poll(10_000)
            monitor.poll(0)
    with pytest.raises(UsageError, match="the monitor is closed"):
        monitor.fileno()


def signalled(monitor: Monitor) -> Callable[[], object]:
    signal.signal(signal.SIGUSR1, lambda number, frame: monitor.stop())
    return lambda: os.kill(os.getpid(), signal.SIGUSR1)


@pytest.mark.parametrize("how", [signalled, lambda monitor: monitor.stop], ids=["signal", "thread"])
def test_a_wait_without_end_is_ended(how: Callable[[Monitor], Callable[[], object]]) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    try:
        with Monitor(comm=[NOBODY]) as monitor:
            stop = how(monitor)
            threading.Timer(0.3, stop).start()
            assert list(monitor) == []
            assert monitor.ended and monitor.stats().complete
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_stopped_reader_has_its_records(workloads: Workloads) -> None:
    """The doorbell rings once, and the rest gathers."""
    program = workloads.renamed("nothing")
    with watching("--events", "exec", "--filter", program.name) as monitor:
        os.kill(monitor.process.pid, signal.SIGSTOP)
        stat = Path(f"/proc/{monitor.process.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(") ")[2].startswith("T"))
        for _ in range(ROUNDS):
            Process(program).wait()
        os.kill(monitor.process.pid, signal.SIGCONT)
        ended = monitor.end().assert_complete()
    assert len(ended.lines) == ROUNDS
