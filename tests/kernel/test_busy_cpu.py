"""Several busy processes on one cpu: the kernel switches between them in the middle of whatever they do."""

import os

import pytest

from onlooker import Monitor, Open

from .conftest import Workloads
from .flavours import loadable, may_be_skipped
from .watching import SLOWER, Process, drain, losses

COUNTS = [count // SLOWER for count in (40_001, 48_007, 56_003, 64_007, 72_003)]


@pytest.mark.parametrize("method", loadable())
def test_nobody_is_skipped_for_another(workloads: Workloads, method: str) -> None:
    """Where the kernel can interrupt a program and then skips it for others, that is counted, and there is a way that
    it can't interrupt.
    """
    program = workloads.renamed("open")
    cpu = str(min(os.sched_getaffinity(0)))
    with Monitor(comm=[program.name], events=["open"], attach=method) as monitor:
        processes = [
            Process(program, "openat", "plain", -100, "/missing", 0, 0, 0, count, under=("taskset", "-c", cpu))
            for count in COUNTS
        ]
        for process in processes:
            process.release()
        events = []
        while not all(process.ended() for process in processes):
            events += monitor.poll(0.1)
        monitor.stop()
        events += drain(monitor)
    opens = [event for event in events if isinstance(event, Open) and event.path == "/missing"]
    shown = [sum(event.pid == process.pid for event in opens) for process in processes]
    lost = losses(events)
    if method == "kprobe" or not may_be_skipped():
        assert (shown, lost) == (COUNTS, {})
    else:
        assert sum(shown) + sum(lost.values()) >= sum(COUNTS)
