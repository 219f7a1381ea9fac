"""Chmod events: every call that changes permissions, by path and by descriptor."""

import os
from pathlib import Path

import pytest

from onlooker import Chmod, Monitor

from .conftest import Workloads
from .file_calls import AT_FDCWD, COUNT, EMPTY_PATH, attempt, behind, opened, ways

NOFOLLOW = 0x100
PATHS = pytest.mark.parametrize(("call", "compat"), ways(Chmod, "chmod", "fchmodat", "fchmodat2"))
DESCRIPTORS = pytest.mark.parametrize(("call", "compat"), ways(Chmod, "fchmod"))
FLAGS = pytest.mark.parametrize(("call", "compat"), ways(Chmod, "fchmodat2"))


@PATHS
@pytest.mark.parametrize("mode", [0, 0o640, 0o7777])
def test_success(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, mode: int
) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, count=COUNT, mode=mode):
        assert (event.flags, event.real_path, event.device, event.inode, event.cut) == ((), None, None, None, ())
    assert (scratch / "file").stat().st_mode == 0o100000 | mode


@PATHS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, count=COUNT):
        assert (event.errno, event.cut) == ("ENOENT", ())


@DESCRIPTORS
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, count=COUNT, fd=fd):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.errno, event.file_state, event.joined_path, event.cut) == (None, None, None, ())
    assert (scratch / "file").stat().st_mode == 0o100640


@DESCRIPTORS
@pytest.mark.parametrize("fd", [-1, 2323, 2**31 - 1])
def test_no_descriptor(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, fd: int
) -> None:
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, count=COUNT, fd=fd):
        assert (event.errno, event.real_path, event.inode, event.cut) == ("EBADF", None, None, ())


@DESCRIPTORS
def test_a_descriptor_of_a_path(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    """It fails, and which file it was about is known all the same."""
    fd = opened(scratch)
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, fd=fd):
        assert (event.errno, event.real_path, event.cut) == ("EBADF", str(scratch), ())


@DESCRIPTORS
def test_a_deleted_file(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    (scratch / "file").unlink()
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, fd=fd):
        assert (event.errno, event.real_path, event.file_state) == (None, str(scratch / "file"), "deleted")


@FLAGS
@pytest.mark.parametrize(
    ("flags", "names", "errno"),
    [(NOFOLLOW, ("AT_SYMLINK_NOFOLLOW",), "EOPNOTSUPP"), (1, ("0x1",), "EINVAL"), (0, (), None)],
)
def test_flags(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    call: str,
    compat: bool,
    flags: int,
    names: tuple[str, ...],
    errno: str | None,
) -> None:
    (scratch / "file").symlink_to("target")
    (scratch / "target").touch()
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, flags=flags):
        assert (event.flags, event.errno, event.cut) == (names, errno, ())


@FLAGS
def test_an_empty_path(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file")
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, count=COUNT, **given):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.errno, event.flags, event.cut) == (None, ("AT_EMPTY_PATH",), ())
    assert (scratch / "file").stat().st_mode == 0o100640
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, **{**given, "dirfd": AT_FDCWD}):
        assert (event.errno, event.fd, event.joined_path, event.cut) == (None, None, str(scratch), ())
    for event in attempt(file_monitor, workloads, Chmod, call, compat=compat, **{**given, "flags": 0}):
        assert (event.errno, event.fd, event.joined_path, event.cut) == ("ENOENT", None, None, ())
