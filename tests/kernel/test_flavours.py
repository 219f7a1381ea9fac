"""Every way to observe system calls tells the same of the same program, or says that something was lost."""

import pytest

from onlooker import Exec, Monitor, Open

from .conftest import Workloads
from .flavours import loadable, may_be_skipped
from .running import Process, collect, losses

COUNT = 23


@pytest.mark.parametrize("method", loadable())
def test_each_way_sees_the_same_or_says_that_it_lost_some(workloads: Workloads, method: str) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], attach=method) as monitor:
        run, [run.events] = collect(Process(program, "openat", "plain", -100, "/missing", 0, 0, 0, COUNT), [monitor])
        opens = [event for event in run.of(Open) if event.path == "/missing"]
    assert {(event.errno, event.joined_path, event.cut) for event in opens} <= {("ENOENT", "/missing", ())}
    assert [event.path for event in run.of(Exec)] == [str(program)]
    lost = losses(run.events)
    assert lost == {} or may_be_skipped()
    assert len(opens) == COUNT or lost
