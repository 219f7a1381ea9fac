"""Renames, removals, links and directories through io_uring: the events of the system calls, with another `syscall`.
Each is shown or counted, however its request ends, and the probe keeps nothing of it.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Event, Link, Lost, Mkdir, Monitor, Rename, Rmdir, Symlink, TaskEvent, Unlink

from .bpf import entries
from .conftest import Workloads
from .flavours import sees_rings
from .running import Process, collect, drain, losses

pytestmark = pytest.mark.skipif(not sees_rings(), reason="its tracepoints are those of 6.0")

AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, RENAME_EXCHANGE = -100, 0x200, 0x400, 2
RENAME, UNLINK, MKDIR, SYMLINK, LINK = range(35, 40)
EVENTS = ["rename", "unlink", "rmdir", "mkdir", "link", "symlink"]
COUNT = 23
TOO_LONG = "f" * 5000


@pytest.fixture(scope="module")
def program(workloads: Workloads) -> Path:
    return workloads.renamed("rings")


@pytest.fixture(scope="module", params=[None, "raw"])
def running(program: Path, request: pytest.FixtureRequest) -> Iterator[Monitor]:
    with Monitor(comm=[program.name], events=EVENTS, attach=request.param) as monitor:
        assert {"io_uring"} == {each.purpose for each in monitor.attached if "on_change_failed" in each.programs}
        yield monitor


@pytest.fixture
def monitor(running: Monitor, scratch: Path) -> Iterator[Monitor]:
    drain(running)
    for name in ("a", "b", "d/f"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    yield running
    assert entries(running, "ring_changes") == 0


def change(
    opcode: int, path: str, new_path: str = "", *, how: str = "-", dirfd: int = AT_FDCWD, length: int = AT_FDCWD,
    flags: int = 0, data: int = 7,
) -> tuple[str | int, ...]:  # fmt: skip
    return ("change", data, how, opcode, dirfd, path, length, new_path, flags)


def run(monitor: Monitor, program: Path, *steps: str | int) -> tuple[list[int], list[Event]]:
    """What the completions gave, and the events."""
    process, [events] = collect(Process(program, "ring", 32, 64, "begin", *steps), [monitor])
    assert process.code == 0
    return [int(line.split()[1]) for line in process.output.splitlines()], events


def one(monitor: Monitor, program: Path, step: tuple[str | int, ...]) -> TaskEvent:
    """The event of a request, which is done COUNT times: once as it is, and else in vain or again."""
    results, events = run(monitor, program, *((*step, "submit", "reap", 1) * COUNT))
    assert not losses(events)
    shown = [event for event in events if isinstance(event, TaskEvent)]
    assert len(shown) == COUNT
    assert [event.errno for event in shown] == [os_name(result) for result in results]
    assert {event.syscall for event in shown} == {"io_uring"}
    assert {(event.path, event.cut) for event in shown} == {(shown[0].path, ())}
    return shown[0]


def os_name(result: int) -> str | None:
    return None if result >= 0 else errno.errorcode[-result]


@pytest.mark.parametrize("how", ["-", "a"])
def test_rename(monitor: Monitor, program: Path, scratch: Path, how: str) -> None:
    event = one(monitor, program, change(RENAME, "a", f"{scratch}/c", how=how))
    assert isinstance(event, Rename)
    assert (event.path, event.new_path, event.errno, event.flags) == ("a", f"{scratch}/c", None, ())
    assert (event.dirfd, event.new_dirfd) == (AT_FDCWD, AT_FDCWD)
    assert (event.joined_path, event.joined_new_path) == (f"{scratch}/a", f"{scratch}/c")


def test_exchange(monitor: Monitor, program: Path) -> None:
    event = one(monitor, program, change(RENAME, "a", "b", flags=RENAME_EXCHANGE))
    assert isinstance(event, Rename) and event.flags == ("RENAME_EXCHANGE",)


def test_a_directory_of_its_own(monitor: Monitor, program: Path, scratch: Path) -> None:
    directory = os.open("d", os.O_PATH)
    os.set_inheritable(directory, True)
    event = one(monitor, program, change(RENAME, "f", "g", dirfd=directory, length=directory))
    os.close(directory)
    assert isinstance(event, Rename)
    assert (event.dirfd, event.new_dirfd, event.joined_path) == (directory, directory, f"{scratch}/d/f")


def test_unlink(monitor: Monitor, program: Path, scratch: Path) -> None:
    event = one(monitor, program, change(UNLINK, "a", length=0))
    assert isinstance(event, Unlink)
    assert (event.errno, event.dirfd, event.joined_path) == (None, AT_FDCWD, f"{scratch}/a")


def test_rmdir(monitor: Monitor, program: Path) -> None:
    event = one(monitor, program, change(UNLINK, "d", length=0, flags=AT_REMOVEDIR))
    assert isinstance(event, Rmdir) and event.errno == "ENOTEMPTY"


def test_mkdir(monitor: Monitor, program: Path, scratch: Path) -> None:
    event = one(monitor, program, change(MKDIR, "new", length=0o750))
    assert isinstance(event, Mkdir)
    assert (event.mode, event.errno, event.joined_path) == (0o750, None, f"{scratch}/new")


def test_link(monitor: Monitor, program: Path, scratch: Path) -> None:
    event = one(monitor, program, change(LINK, "a", "c", flags=AT_SYMLINK_FOLLOW))
    assert isinstance(event, Link)
    assert (event.new_path, event.flags, event.errno) == ("c", ("AT_SYMLINK_FOLLOW",), None)
    assert (event.joined_path, event.joined_new_path) == (f"{scratch}/a", f"{scratch}/c")


def test_symlink(monitor: Monitor, program: Path, scratch: Path) -> None:
    event = one(monitor, program, change(SYMLINK, "../to", "c", length=0))
    assert isinstance(event, Symlink)
    assert (event.target, event.path, event.errno, event.joined_path) == ("../to", "c", None, f"{scratch}/c")


LONGEST = "./" * 2047 + "f"


@pytest.mark.parametrize("path", [LONGEST, "x"])
def test_two_paths_of_any_length(monitor: Monitor, program: Path, path: str) -> None:
    event = one(monitor, program, change(RENAME, path, LONGEST))
    assert isinstance(event, Rename) and (event.path, event.new_path, event.errno) == (path, LONGEST, "ENOENT")


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (change(RENAME, "a", TOO_LONG), Rename),
        (change(UNLINK, TOO_LONG, length=0), Unlink),
        (change(UNLINK, TOO_LONG, length=0, flags=AT_REMOVEDIR), Rmdir),
        (change(MKDIR, TOO_LONG, length=0o700), Mkdir),
        (change(LINK, TOO_LONG, "c"), Link),
        (change(SYMLINK, "to", TOO_LONG, length=0), Symlink),
    ],
)
def test_a_request_that_the_kernel_does_not_take(
    monitor: Monitor, program: Path, step: tuple[str | int, ...], kind: type[TaskEvent]
) -> None:
    """It is not even submitted, and what it asked for is read from the caller's memory."""
    _, [event] = run(monitor, program, *step, "submit", "reap", 1)
    assert isinstance(event, kind) and event.errno == "ENAMETOOLONG"
    cut = {"new_path", "joined_new_path"} if kind is Rename else {"path", "joined_path"}
    assert set(event.cut) == cut
    assert (event.new_path if kind is Rename else event.path) == "f" * 4095


def test_a_chain_that_is_broken(monitor: Monitor, program: Path) -> None:
    """What comes after a failure is not carried out, and says so."""
    steps = ("fail", 3, "l", *change(UNLINK, "a", length=0))
    _, events = run(monitor, program, *steps, "submit", "reap", 2)
    assert not losses(events)
    assert [(event.path, event.errno) for event in events if isinstance(event, Unlink)] == [("a", "ECANCELED")]
    assert Path("a").exists()


@pytest.mark.parametrize(("path", "error"), [("a", None), ("none", "ENOENT")])
def test_a_completion_without_room(monitor: Monitor, program: Path, path: str, error: str | None) -> None:
    nops = ("nop", 5, "-") * 32
    steps = (*nops, "submit", *nops, "submit", *change(UNLINK, path, length=0), "submit", "reap", 65)
    _, events = run(monitor, program, *steps)
    assert not losses(events)
    assert [(event.path, event.errno) for event in events if isinstance(event, Unlink)] == [(path, error)]


@pytest.mark.parametrize("path", ["a", "none"])
def test_a_request_that_does_not_tell_its_success_is_counted(monitor: Monitor, program: Path, path: str) -> None:
    _, events = run(monitor, program, *change(UNLINK, path, length=0, how="s"), "submit", "sleep", 50)
    assert [(event.of, event.count, event.reason) for event in events if isinstance(event, Lost)] == [
        ("unlink", 1, "untracked")
    ]
    assert not [event for event in events if isinstance(event, TaskEvent)]


def test_failures_only(program: Path, scratch: Path) -> None:
    Path("a").touch()
    with Monitor(comm=[program.name], events=EVENTS, failed=True) as monitor:
        _, events = run(
            monitor, program, *change(UNLINK, "a", length=0), *change(UNLINK, "a", length=0), "submit", "reap", 2
        )
        assert entries(monitor, "ring_changes") == 0
    assert [(event.path, event.errno) for event in events if isinstance(event, Unlink)] == [("a", "ENOENT")]
