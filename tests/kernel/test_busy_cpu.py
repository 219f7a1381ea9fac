"""Several busy processes on one cpu: the kernel switches between them in the middle of whatever they do."""

from collections import Counter

import pytest

from onlooker import Exec, Exit, Fork, Monitor, Open

from .conftest import Workloads
from .flavours import loadable, may_be_skipped
from .running import SLOWER, busy, losses, without_skipped

OPENS = [count // SLOWER for count in (40_001, 48_007, 56_003, 64_007, 72_003)]
SPAWNS = [count // SLOWER for count in (181, 193, 207, 221, 233)]


@pytest.mark.parametrize("method", loadable())
def test_nobody_is_skipped_for_another(workloads: Workloads, method: str) -> None:
    """Where the kernel can interrupt a program and then skips it for others, that is counted, and there is a way that
    it can't interrupt.
    """
    program = workloads.renamed("open")
    commands = [("openat", "plain", -100, "/missing", 0, 0, 0, count) for count in OPENS]
    with Monitor(comm=[program.name], events=["open"], attach=method) as monitor:
        runs, events = busy(monitor, program, commands)
    opens = [event for event in events if isinstance(event, Open) and event.path == "/missing"]
    shown = [sum(event.pid == run.pid for event in opens) for run in runs]
    lost = losses(events)
    if method == "kprobe" or not may_be_skipped():
        assert (shown, lost) == (OPENS, {})
    else:
        assert sum(shown) + sum(lost.values()) >= sum(OPENS)


@pytest.mark.parametrize("method", loadable())
def test_no_process_is_skipped_for_another(workloads: Workloads, method: str) -> None:
    program, child = workloads.renamed("spawn"), workloads.renamed("nothing")
    commands = [(count, str(child)) for count in SPAWNS]
    with Monitor(comm=[program.name, child.name], events=["fork", "exec", "exit"], attach=method) as monitor:
        runs, events = busy(monitor, program, commands)
    children = [pid for run in runs for pid in run.numbers]
    assert [len(run.numbers) for run in runs] == SPAWNS
    all_of_them = Counter([*children, *(run.pid for run in runs)])
    missing = {
        "fork": Counter(children) - Counter(event.child_pid for event in events if isinstance(event, Fork)),
        "exec": all_of_them - Counter(event.pid for event in events if isinstance(event, Exec)),
        "exit": all_of_them - Counter(event.pid for event in events if isinstance(event, Exit)),
    }
    assert (
        sum(isinstance(event, Fork | Exec | Exit) for event in events) + sum(each.total() for each in missing.values())
        == len(children) + 2 * all_of_them.total()
    )
    lost, skipped = without_skipped(losses(events))
    assert not lost
    assert not skipped or method != "kprobe"
    at_tracepoints = method == "raw" and may_be_skipped()  # the others are those of calls, such as failed execs
    for of, each in missing.items():
        assert each.total() <= (losses(events).get((of, "recursion"), 0) if at_tracepoints else 0)
