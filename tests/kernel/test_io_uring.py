"""Open events: files opened through io_uring, which passes no system call for them."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Open

from .conftest import Workloads
from .flavours import by_returns, may_be_skipped, sees_rings
from .running import SLOWER, busy, losses, run_workload
from .test_open import AT_FDCWD, COUNT

CALLS = ["openat", "openat2"]
BUSY = [count // SLOWER for count in (8_003, 8_011, 8_017, 8_039, 8_053)]
METHODS = [None, "raw"] if may_be_skipped() else [None]

pytestmark = pytest.mark.skipif(not sees_rings(), reason="its tracepoints are those of 6.0")


def attempt(
    monitor: Monitor,
    workloads: Workloads,
    call: str,
    how: str,
    path: str | Path,
    flags: int = 0,
    *,
    dirfd: int = AT_FDCWD,
    mode: int = 0,
    resolve: int = 0,
    count: int = COUNT,
) -> tuple[int, str, list[Open]]:
    """What the last one gave, where that leads to, and the events."""
    program = workloads["io_uring"]
    run = run_workload(monitor, program, call, how, dirfd, os.fsencode(path), flags, mode, resolve, count)
    result, _, link = run.output.rstrip("\n").partition(" ")
    events = run.opens()
    assert len(events) == count
    assert {(event.syscall, event.pid) for event in events} == {("io_uring", run.pid)}
    return int(result), link, events


def without_largefile(event: Open) -> tuple[str, ...]:
    """The kernel adds it (force_o_largefile, io_uring/openclose.c) before anybody can look."""
    return tuple(flag for flag in event.flags if flag != "O_LARGEFILE")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["plain", "async", "batch"])
def test_success(monitor: Monitor, workloads: Workloads, scratch: Path, call: str, how: str) -> None:
    (scratch / "file").touch()
    (scratch / "link").symlink_to("file")
    fd, link, events = attempt(monitor, workloads, call, how, "./link", os.O_RDWR | os.O_CLOEXEC)
    assert link == str(scratch / "file")
    inode = (scratch / "file").stat()
    for event in events:
        assert (event.path, event.real_path, event.errno, event.cut) == ("./link", link, None, ())
        assert (event.device, event.inode) == (inode.st_dev, inode.st_ino)
        assert (event.dirfd, event.mode, event.file_state) == (AT_FDCWD, None, None)
        assert without_largefile(event) == ("O_RDWR", "O_CLOEXEC")
    assert events[-1].fd == fd or how == "async"
    assert len({event.fd for event in events}) == (COUNT if how == "batch" else 1)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["plain", "async", "batch", "direct"])
def test_failure(monitor: Monitor, workloads: Workloads, scratch: Path, call: str, how: str) -> None:
    result, _, events = attempt(monitor, workloads, call, how, "missing/file")
    assert os.strerror(-result) == "No such file or directory"
    for event in events:
        assert (event.path, event.fd, event.errno, event.real_path) == ("missing/file", None, "ENOENT", None)
        assert (event.joined_path, event.cut) == (f"{scratch}/missing/file", ())


@pytest.mark.parametrize("call", CALLS)
def test_relative_to_a_directory(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    directory = os.open(scratch, os.O_PATH)
    os.set_inheritable(directory, True)
    flags = os.O_CREAT | os.O_WRONLY
    _, link, [event] = attempt(monitor, workloads, call, "plain", "new", flags, dirfd=directory, mode=0o640, count=1)
    os.close(directory)
    assert (event.path, event.dirfd, event.mode, event.real_path) == ("new", directory, 0o640, link)
    assert without_largefile(event) == ("O_WRONLY", "O_CREAT")
    assert (event.created, event.cut) == (True, ())


def test_resolve(monitor: Monitor, workloads: Workloads) -> None:
    _, _, [event] = attempt(monitor, workloads, "openat2", "plain", "/etc", resolve=0x08, count=1)
    assert (event.resolve, event.errno) == (("RESOLVE_BENEATH",), "EXDEV")


@pytest.mark.parametrize("length", [255, 256, 4095])
def test_a_long_path(monitor: Monitor, workloads: Workloads, scratch: Path, length: int) -> None:
    path = "./" * ((length - 1) // 2) + "f" * (1 + (length - 1) % 2)
    _, _, [event] = attempt(monitor, workloads, "openat", "plain", path, os.O_CREAT, mode=0o600, count=1)
    assert (event.path, event.errno, event.cut) == (path, None, ())


def test_a_path_that_the_kernel_does_not_take(monitor: Monitor, workloads: Workloads) -> None:
    """The request is not even submitted, and what it asked for is read from the caller's memory."""
    _, _, [event] = attempt(monitor, workloads, "openat", "plain", "f" * 5000, os.O_RDWR, count=1)
    assert (event.errno, event.path, event.flags) == ("ENAMETOOLONG", "f" * 4095, ("O_RDWR",))
    assert "path" in event.cut
    assert "flags" not in event.cut


def test_a_direct_descriptor(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """It is in a table of the ring's own: there is no descriptor, and no file that could be found by it."""
    (scratch / "file").touch()
    _, _, [event] = attempt(monitor, workloads, "openat", "direct", "file", count=1)
    assert (event.path, event.fd, event.errno, event.real_path) == ("file", None, None, None)
    assert event.cut == ("real_path",)
    _, _, [event] = attempt(monitor, workloads, "openat", "direct", "file", os.O_CREAT, mode=0o600, count=1)
    assert (event.created, event.cut) == (False, ("real_path", "created"))  # not known


@pytest.mark.parametrize("path", ["file", "missing"])
def test_a_request_that_does_not_tell_its_success(
    monitor: Monitor, workloads: Workloads, scratch: Path, path: str
) -> None:
    (scratch / "file").touch()
    _, _, events = attempt(monitor, workloads, "openat", "skip", path)
    assert {(event.path, event.fd, event.errno, event.cut) for event in events} == {(path, None, None, ("fd",))}


@pytest.mark.parametrize("how", ["plain", "async"])
@pytest.mark.parametrize("method", METHODS)
def test_nobody_is_skipped_for_another(workloads: Workloads, how: str, method: str | None) -> None:
    """Several busy processes on one cpu: where the kernel can interrupt a program and then skips it for others, that is
    counted, and there is a way that it can't interrupt.
    """
    program = workloads.renamed("io_uring")
    commands = [("openat", how, AT_FDCWD, "/missing", 0, 0, 0, count) for count in BUSY]
    with Monitor(comm=[program.name], events=["open"], attach=method) as monitor:
        runs, events = busy(monitor, program, commands)
    assert {run.code for run in runs} == {0}
    opens = [event for event in events if isinstance(event, Open) and event.path == "/missing"]
    shown = [sum(event.pid == run.pid for event in opens) for run in runs]
    lost = losses(events)
    if method is None and (by_returns(monitor) or not may_be_skipped()):
        assert (shown, lost) == (BUSY, {})
    else:
        assert sum(shown) + sum(lost.values()) >= sum(BUSY)
