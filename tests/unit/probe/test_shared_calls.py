"""Calls that several events or only some kernels have: their numbers, and the tracepoints that may be missing."""

from array import array

import pytest

from onlooker.errors import AttachError
from onlooker.events import TASK_EVENTS
from onlooker.probe import chooser, kernel
from onlooker.probe.attach import NEWER_TRACEPOINTS, TRACEPOINTS, hooks
from onlooker.probe.chooser import Chooser
from onlooker.probe.syscalls import CALLS, MACHINES, calls_of, numbers, table

X86_64, _ = numbers("x86_64")
KINDS = {event: number for number, event in enumerate(TASK_EVENTS, 1)}
NEWER = "syscalls/sys_exit_fchmodat2"


def meaning(events, number, *, compat=False, machine="x86_64"):
    found = array("H", table(events, machine))[compat * CALLS + number]
    return found >> 8, found & 0xFF


@pytest.mark.parametrize("events", [("unlink",), ("rmdir",), ("unlink", "rmdir"), ("rmdir", "unlink")])
@pytest.mark.parametrize(("number", "compat"), [(263, False), (301, True)])
def test_unlinkat_is_told_as_an_unlink(events, number, compat):
    assert meaning(events, number, compat=compat) == (KINDS["unlink"], 2)


def test_what_is_not_wanted_is_not_in_the_table():
    assert meaning(("rmdir",), X86_64["unlink"]) == (0, 0)
    assert meaning(("unlink",), X86_64["rmdir"]) == (0, 0)
    assert meaning(("open", "mkdir"), X86_64["unlinkat"]) == (0, 0)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("event", [event for event in TASK_EVENTS if event not in ("exit", "fork", "exec", "open")])
def test_every_call_of_an_event_is_in_the_table(machine, event):
    found = array("H", table([event], machine))
    told = KINDS["unlink" if event == "rmdir" else event]
    for row, known in enumerate(numbers(machine)):
        for place, call in enumerate(calls_of(event), 1):
            if call in known and (event, call) != ("rmdir", "unlinkat"):
                assert found[row * CALLS + known[call]] == KINDS[event] << 8 | place
        used = {known[call] for call in calls_of(event) if call in known}
        assert {at for at in range(CALLS) if found[row * CALLS + at]} == used
    assert {entry >> 8 for entry in found} <= {0, KINDS[event], told}


@pytest.fixture
def tracepoints(monkeypatch):
    """A kernel that lacks functions, and the newer call's tracepoint; what `places` gives there."""

    def choose(lacks=(), without=NEWER, events=("chmod", "unlink", "rmdir")):
        ids = {name: number for number, name in enumerate(TRACEPOINTS) if name != without}
        monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (ids, "here"))
        monkeypatch.setattr(kernel, "btf_has", lambda name: name not in lacks)
        made = Chooser(hooks(events, failed=False), "tracepoint")
        points = made.places(made.choose())["on_call_exit"]
        return [name for name, number in ids.items() if number in points], points

    return choose


def test_a_call_that_the_kernel_has_not_is_no_obstacle(tracepoints):
    names, _ = tracepoints(NEWER_TRACEPOINTS[NEWER])
    assert {"syscalls/sys_exit_fchmodat", "syscalls/sys_exit_rmdir"} <= set(names)
    assert NEWER not in names


def test_the_tracepoint_of_a_call_that_the_kernel_has_is_needed(tracepoints):
    with pytest.raises(AttachError, match="sys_exit_fchmodat2: no such tracepoint"):
        tracepoints()


def test_an_old_call_is_always_needed(tracepoints):
    with pytest.raises(AttachError, match="sys_exit_rmdir: no such tracepoint"):
        tracepoints((), "syscalls/sys_exit_rmdir")


def test_a_tracepoint_of_two_events_is_attached_once(tracepoints):
    names, points = tracepoints((), "")
    assert len(points) == len(set(points)) == len(names)
    assert NEWER in names


def test_newer_calls_have_a_tracepoint():
    assert set(NEWER_TRACEPOINTS) <= set(TRACEPOINTS)
