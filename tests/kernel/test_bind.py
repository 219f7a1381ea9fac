"""Bind events: local sockets that get a name, by bind and by socketcall."""

import os
from pathlib import Path

import pytest

from onlooker import Bind, Monitor

from .file_calls import COUNT, NAMES, takes_compat_calls
from .flavours import flavours
from .running import Run, run_workload

LONGEST = 108  # bytes of a name, of which a path may use all: unix(7)
CALLS = {"native": "bind", "compat": "bind", "socketcall": "socketcall"}
WAYS = pytest.mark.parametrize(
    "way", ["native", *(pytest.param(way, marks=takes_compat_calls) for way in ("compat", "socketcall"))]
)


@pytest.fixture(scope="module", params=flavours(without="fexit"))
def socket_monitor(request, workloads):
    program = workloads.renamed("bind")
    with Monitor(events=["bind"], comm=[program.name], attach=request.param) as monitor:
        yield monitor, program


def bound(
    watched: tuple[Monitor, Path], way: str, length: int, name: str, count: int = COUNT
) -> tuple[Run, list[Bind]]:
    monitor, program = watched
    run = run_workload(monitor, program, way, count, length, name)
    events = run.of(Bind, run.pid)
    if way != "native" and any("32-bit" in each.blind for each in monitor.attached):
        assert events == []
    else:
        fd, number = run.numbers
        assert len(events) == count
        assert {(event.syscall, event.errno) for event in events} == {(CALLS[way], NAMES.get(number))}
        assert events[-1].fd == fd
    return run, events


@WAYS
@pytest.mark.parametrize("more", [0, 1])  # the NUL may be in the length or not
def test_a_relative_path(socket_monitor, scratch, way, more):
    _, events = bound(socket_monitor, way, len("a.sock") + more, "a.sock")
    for event in events:
        assert (event.path, event.abstract, event.errno, event.cut) == ("a.sock", None, None, ())
        assert event.joined_path == str(scratch / "a.sock")


@WAYS
def test_a_path(socket_monitor, scratch, way):
    path = str(scratch / "b.sock")
    for event in bound(socket_monitor, way, len(path), path)[1]:
        assert (event.path, event.joined_path, event.errno, event.cut) == (path, path, None, ())


@WAYS
def test_the_longest_path_has_no_nul(socket_monitor, scratch, way):
    path = "x" * LONGEST
    for event in bound(socket_monitor, way, LONGEST, path, 1)[1]:
        assert (event.path, event.joined_path, event.cut) == (path, str(scratch / path), ())


@WAYS
def test_an_abstract_name(socket_monitor, scratch, way):
    name = f"onlooker-{os.getpid()}"
    for event in bound(socket_monitor, way, 1 + len(name), f"@{name}")[1]:
        assert (event.path, event.abstract, event.joined_path, event.cut) == (None, name, None, ())


@WAYS
def test_failure(socket_monitor, scratch, way):
    for event in bound(socket_monitor, way, len("no/where"), "no/where")[1]:
        assert (event.errno, event.joined_path, event.cut) == ("ENOENT", str(scratch / "no/where"), ())


@WAYS
@pytest.mark.parametrize(("length", "name"), [(0, "x"), (14, "=")])  # the kernel chooses a name; a network's address
def test_what_is_no_event(socket_monitor, scratch, way, length, name):
    monitor, program = socket_monitor
    assert run_workload(monitor, program, way, COUNT, length, name).of(Bind) == []
