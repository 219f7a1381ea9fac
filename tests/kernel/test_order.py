"""The order of events is what docs/limits.md promises: one that is over before another begins comes first."""

from collections import defaultdict

from onlooker import Exit, Fork, Monitor, Open, TaskEvent

from .conftest import Workloads
from .running import SLOWER, Process, collect, drain, losses, run_workload, without_skipped

TURNS = 230 // SLOWER


def test_threads_and_processes_that_take_turns_on_several_processors(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["order"], TURNS)
    turns = [event for event in run.of(Open) if event.path in {"first", "second", "third"}]
    assert [event.path for event in turns] == ["first", "second", "third"] * TURNS
    assert len({event.tid for event in turns}) == 3
    times = [event.boot_ns for event in turns]
    assert times == sorted(times)


def test_threads_and_processes_that_are_busy_at_the_same_time(monitor: Monitor, workloads: Workloads) -> None:
    """A thread's events are in the order of their times; a fork comes before, an exit after all events of a process."""
    assert drain(monitor) == []
    run, [seen] = collect(Process(workloads["threads"], 8, 9, workloads["nothing"]), [monitor])
    assert run.code == 23
    lost, skipped = without_skipped(losses(seen))
    assert not lost
    events = [event for event in seen if isinstance(event, TaskEvent)]
    times: dict[tuple[int, int], list[int]] = defaultdict(list)
    created, ended = {run.pid}, set()
    for event in events:
        assert event.pid in created or skipped, event
        assert event.pid not in ended, event
        times[event.pid, event.tid].append(event.boot_ns)
        if isinstance(event, Fork):
            created.add(event.child_pid)
        if isinstance(event, Exit):
            ended.add(event.pid)
    assert ended == created or skipped
    assert len(times) > 8
    assert all(each == sorted(each) for each in times.values())
