"""What holds for the paths of all calls on files: every byte, every length, nowhere, directories, filters."""

import errno as errors
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from onlooker import Monitor, Rmdir, TaskEvent
from onlooker.events import DEFAULT_EVENTS, TASK_EVENTS

from .conftest import Workloads
from .file_calls import (
    CALLS,
    COUNT,
    LONGEST,
    NATIVE,
    NOWHERE,
    ODD,
    REMOVEDIR,
    SHAPES,
    USUAL,
    WITHOUT_PATH,
    Edge,
    attempt,
    loads,
    long_path,
    make,
    ways,
)
from .flavours import flavours

# (event_type, call, compat, the path that the test is about)
PATHS = [
    pytest.param(event_type, *way.values, name, id=f"{event_type.__name__}-{way.id}-{name}", marks=way.marks)
    for event_type in CALLS
    for way in ways(event_type)
    for name in ("path", "new_path")
    if name in SHAPES[way.values[0]]
]


def each_path(argument: str, values: Sequence[object]) -> pytest.MarkDecorator:
    """Each path with one of the values, in turns: what reads a path is the same for all calls (append_path_of_call), so
    that what it does with a value need not be seen at each.
    """
    assert len(PATHS) >= len(values)
    pairs = []
    for place, path in enumerate(PATHS):
        which = place % len(values)
        pairs.append(pytest.param(*path.values, values[which], id=f"{path.id}-{which}", marks=path.marks))
    return pytest.mark.parametrize(("event_type", "call", "compat", "name", argument), pairs)


def prepare(directory: Path, event_type: type[TaskEvent]) -> None:
    """What most calls need to succeed."""
    (directory / "file").mkdir() if event_type is Rmdir else (directory / "file").touch()


@each_path("path", [*ODD, b""])
def test_every_byte(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    path: bytes,
) -> None:
    prepare(scratch, event_type)
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **{name: path}):
        assert event.cut == ()
        assert path or event.errno == "ENOENT"


@each_path("length", [255, 256, 4094, LONGEST])
def test_every_length(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    length: int,
) -> None:
    prepare(scratch, event_type)
    path = long_path(b"file", length)
    assert len(path) == length
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **{name: path}):
        assert event.cut == ()
    edge: dict[str, Any] = {name: Edge(path)}
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **edge):
        assert (os.fsencode(getattr(event, name)), event.cut) == (path, ())


@each_path("length", [4096, 5000])
def test_too_long(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    length: int,
) -> None:
    prepare(scratch, event_type)
    path = long_path(b"file", length)
    edge: dict[str, Any] = {name: Edge(path)}
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **edge):
        assert (os.fsencode(getattr(event, name)), event.errno) == (path[:LONGEST], "ENAMETOOLONG")
        assert set(event.cut) == {name, f"joined_{name}"}


@each_path("length", [4, 4096])
def test_the_end_is_not_there(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    length: int,
) -> None:
    """The part before the missing page is shown."""
    prepare(scratch, event_type)
    given: dict[str, Any] = {name: Edge(b"f" * length, nul=False)}
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **given):
        assert getattr(event, name) == "f" * min(length, LONGEST)
        assert set(event.cut) == {name, f"joined_{name}"}
        assert event.errno == ("EFAULT" if length < 4096 else "ENAMETOOLONG")


@each_path("path", NOWHERE)
def test_nowhere(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    path: str,
) -> None:
    prepare(scratch, event_type)
    given: dict[str, Any] = {name: NOWHERE[0] if call in WITHOUT_PATH else path}
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, count=COUNT, **given):
        assert (getattr(event, name), getattr(event, f"joined_{name}")) == ("", None)
        assert (event.errno, event.cut) == ("EFAULT", (name,))


@each_path("dirfd", [-1, 2323])
def test_no_directory(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    compat: bool,
    name: str,
    dirfd: int,
) -> None:
    field = name.replace("path", "dirfd")
    prepare(scratch, event_type)
    given: dict[str, Any] = {field: dirfd} if field in SHAPES[call] else {}
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, **given):
        assert event.cut == ()
        assert (event.errno == "EBADF" and getattr(event, f"joined_{name}") is None) or not given


@pytest.mark.parametrize("attach", flavours(without="fexit"))
@pytest.mark.parametrize("event_type", CALLS)
def test_without_looking_up(workloads: Workloads, scratch: Path, event_type: type[TaskEvent], attach: str) -> None:
    program = workloads.renamed("call")
    with Monitor(events=[event_type.event], comm=[program.name], attach=attach, resolve=False) as monitor:
        for call in CALLS[event_type]:
            if call not in NATIVE:
                continue
            given = {**USUAL, "fd": 0, "flags": REMOVEDIR if event_type is Rmdir else 0}
            run = make(monitor, program, call, count=COUNT, compat=False, **given)
            if (
                run.numbers[-1] == errors.ENOSYS and attach == "tracepoint"
            ):  # the kernel has neither call nor tracepoint
                assert run.events == []
                continue
            events = [event for event in run.of(event_type) if not loads(event)]
            assert len(events) == len([event for event in run.events if not loads(event)]) == COUNT
            for event in events:
                assert event.cut == ()
                names = ("joined_path", "joined_new_path", "real_path", "file_state", "device", "inode")
                assert {getattr(event, name, None) for name in names} == {None}


@pytest.mark.parametrize("attach", flavours(without="fexit"))
def test_only_what_failed(workloads: Workloads, scratch: Path, attach: str) -> None:
    program = workloads.renamed("call")
    with Monitor(events=["all"], failed=True, comm=[program.name], attach=attach) as monitor:
        given = {"dirfd": -100, "path": "file%d", "mode": 0o700}
        first = make(monitor, program, "mkdirat", count=COUNT, compat=False, **given)
        again = make(monitor, program, "mkdirat", count=COUNT, compat=False, **given)
    assert [event for event in first.events if event.event == "mkdir"] == []
    assert [event.errno for event in again.events if event.event == "mkdir"] == ["EEXIST"] * COUNT


def test_what_is_not_asked_for(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """The events that are watched where nothing is said are those of processes, and opens."""
    run = make(monitor, workloads["call"], "mkdirat", count=COUNT, compat=False, dirfd=-100, path="file%d", mode=0o700)
    assert len(list(scratch.iterdir())) == COUNT
    assert {event.event for event in run.events} <= set(DEFAULT_EVENTS) < set(TASK_EVENTS)
