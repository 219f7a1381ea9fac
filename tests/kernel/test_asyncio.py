"""examples/asyncio_events.py: the loop of asyncio waits for the monitor."""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from onlooker import Exec, Monitor, Session

from .conftest import Workloads
from .running import Process

EXAMPLE = Path(__file__).parents[2] / "examples/asyncio_events.py"
COUNT = 23
SECONDS = 60


def example():
    spec = importlib.util.spec_from_file_location("asyncio_events", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_event_comes_while_something_else_runs(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    ticks, seen = [], []

    async def tick():
        while True:
            await asyncio.sleep(0.01)
            ticks.append(len(seen))

    async def run_workload(monitor):
        ticking = asyncio.create_task(tick())
        async for event in example().events(monitor):
            seen.append(event)
            if len(seen) == COUNT:
                monitor.stop()
        ticking.cancel()

    async def main(monitor):
        task = asyncio.create_task(run_workload(monitor))
        for _ in range(COUNT):
            await asyncio.to_thread(Process(program, "openat", "plain", -100, "/", 0, 0, 0, 1).wait)
        await asyncio.wait_for(task, SECONDS)

    with Monitor(events=["exec"], comm=[program.name]) as monitor:
        asyncio.run(main(monitor))
        assert monitor.stats().complete
    assert [type(event) for event in seen] == [Exec] * COUNT
    assert len({event.pid for event in seen}) == COUNT
    assert ticks


@pytest.mark.parametrize("count", [1, 7])
def test_a_session_ends_at_its_count(workloads: Workloads, count: int) -> None:
    program = workloads.renamed("open")
    seen = []

    class Kept:
        def write(self, batch):
            seen.extend(batch)

    with Monitor(events=["open"], comm=[program.name]) as monitor:
        Process(program, "openat", "plain", -100, "/", 0, 0, 0, COUNT).wait()
        summary = Session(monitor, Kept(), count=count, duration=SECONDS).run()
    assert (len(seen), summary.shown, summary.complete) == (count, {"open": count}, True)
    assert summary.seconds < SECONDS


def test_a_session_ends_at_its_time(workloads: Workloads) -> None:
    """Nothing happens in it, and it waits for the whole time."""
    program = workloads.renamed("open")
    summary = Session(Monitor(comm=[program.name]), None, duration=0.5).run()
    assert 0.5 <= summary.seconds < SECONDS
    assert (summary.shown, summary.complete) == ({}, True)
