"""Only what processes in a cgroup do, or below it: whether they are there, come there or are created there."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Event, Exec, Exit, Fork, Monitor, Open, UsageError

from .commands import WATCH, run, watching
from .conftest import Workloads, fresh_name
from .running import Process, collect, drain, losses
from .test_identity import cgroup_mount, own_cgroup, remove_cgroup

COUNT = 23


@pytest.fixture
def made() -> Iterator[Path]:
    """A cgroup of this test, with one below it."""
    mount = cgroup_mount()
    if not mount or not os.access(mount / own_cgroup(), os.W_OK):
        pytest.skip("no cgroup can be made here")
    top = mount / own_cgroup() / fresh_name()
    (top / "below").mkdir(parents=True)
    yield top
    for each in (top / "below", top):
        if each.exists():
            remove_cgroup(each)


def listed(cgroup: Path) -> str:
    """As /proc/PID/cgroup has it."""
    mount = cgroup_mount()
    return f"/{cgroup.relative_to(mount)}" if mount else ""


def opening(workloads: Workloads, path: str, cgroup: Path | None = None) -> Process:
    process = Process(workloads["where"], "openat", -100, path, os.O_RDONLY, COUNT)
    if cgroup:
        (cgroup / "cgroup.procs").write_text(str(process.pid))
    return process


def opened(events: list[Event], paths: str) -> list[str]:
    return [event.path for event in events if isinstance(event, Open) and event.path in paths]


@pytest.mark.usefixtures("each_object")
def test_it_and_what_is_below(workloads: Workloads, scratch: Path, made: Path) -> None:
    """Whether a process was there before or comes, and not one beside it; of several cgroups, any."""
    beside = made.parent / fresh_name()
    beside.mkdir()
    try:
        monitors = [
            Monitor(cgroup=[str(made)], events=["open"]),
            Monitor(cgroup=[listed(made / "below")], events=["open"]),
            Monitor(cgroup=[str(beside), listed(made / "below")], events=["open"]),
        ]
        before = opening(workloads, "a", made)
        for monitor in monitors:
            monitor.start()
        inside, below = opening(workloads, "b", made), opening(workloads, "c", made / "below")
        processes = [before, inside, below, opening(workloads, "d", beside), opening(workloads, "e")]
        found: list[list[Event]] = [[] for _ in monitors]
        for process in processes:
            _, events = collect(process, monitors)
            for each, some in zip(found, events, strict=True):
                each += some
        for monitor, events in zip(monitors, found, strict=True):
            monitor.close()
            assert losses(events) == {}
    finally:
        remove_cgroup(beside)
    assert opened(found[0], "abcde") == [*"a" * COUNT, *"b" * COUNT, *"c" * COUNT]
    assert opened(found[1], "abcde") == [*"c" * COUNT]
    assert opened(found[2], "abcde") == [*"c" * COUNT, *"d" * COUNT]


def test_what_is_created_there(workloads: Workloads, scratch: Path, made: Path) -> None:
    """All that a child does that is created in the cgroup, and not its creation from outside."""
    directory = os.open(made, os.O_PATH)
    os.set_inheritable(directory, True)
    try:
        with Monitor(cgroup=[str(made)]) as monitor:
            ended, [events] = collect(Process(workloads["cgroup"], directory, COUNT, 0), [monitor])
    finally:
        os.close(directory)
    children = ended.numbers[::2]
    assert len(children) == COUNT
    assert [event.pid for event in events if isinstance(event, Exit)] == children
    assert opened(events, "child") == ["child"] * COUNT
    assert not [event for event in events if isinstance(event, Fork | Exec)]


def test_a_cgroup_that_is_gone_is_no_other(workloads: Workloads, scratch: Path, made: Path) -> None:
    below = made / "below"
    with Monitor(cgroup=[str(below)], events=["open"]) as monitor:
        assert monitor.notes == (f"no process is in the cgroup {str(below)!r} now",)
        remove_cgroup(below)
        below.mkdir()
        opening(workloads, "a", below).wait()
        assert drain(monitor) == []


def test_the_command(scratch: Path, made: Path) -> None:
    Path("file").touch()
    with watching("--cgroup", listed(made), "--events", "open,exit") as watch:
        script = f"echo $$ > {made}/below/cgroup.procs; cat file; exit 7"
        subprocess.run(["sh", "-c", script], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(["cat", "file"], check=True, stdout=subprocess.DEVNULL)
        ended = watch.end().assert_complete()
    assert ended.out.count(" opened file file ") == 1
    assert ended.lines[-1].count(" exited with code 7 ") == 1
    assert f"no process is in the cgroup {listed(made)!r} now" in ended.err


def test_what_is_no_cgroup(made: Path) -> None:
    ended = run("--cgroup", f"{made}/none", command=WATCH)
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"onlooker: no such cgroup: '{made}/none'")
    assert "\nhint: " in ended.err
    with pytest.raises(UsageError, match="no such cgroup") as caught, Monitor(cgroup=[made.name + "x"]):
        pass
    assert caught.value.hint
    with pytest.raises(UsageError, match="no such cgroup") as caught, Monitor(cgroup=["below"]):
        pass
    assert caught.value.hint.startswith("did you mean '/")
    assert caught.value.hint.endswith("/below'?")
