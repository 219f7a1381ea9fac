"""Stat events: every call that asks for the metadata of a file by a path; none where it asks by a descriptor."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Stat

from .conftest import Workloads
from .file_calls import COUNT, EMPTY_PATH, USUAL, attempt, behind, make, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Stat))
AT = pytest.mark.parametrize(("call", "compat"), ways(Stat, "newfstatat", "statx", "fstatat64"))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Stat, call, compat=compat, count=COUNT):
        assert (event.flags, event.real_path, event.cut) == ((), None, ())
        assert event.errno is None or (event.errno, call[:3]) == ("EOVERFLOW", "old")  # for large inodes


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Stat, call, compat=compat, count=COUNT):
        assert (event.errno, event.joined_path, event.cut) == ("ENOENT", str(scratch / "file"), ())


@WAYS
def test_through_a_descriptor(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    """A path that leads through a descriptor: the file that it leads to, unless the link itself is meant."""
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    for event in attempt(file_monitor, workloads, Stat, call, compat=compat, path=f"/proc/self/fd/{fd}"):
        if event.errno is None:  # an old call can't tell of large numbers
            follows = not call.startswith(("lstat", "oldlstat"))
            assert (event.real_path, event.device, event.inode) == (behind(fd) if follows else (None, None, None))


@AT
def test_a_descriptor_alone_is_no_event(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    given = {**USUAL, "dirfd": fd, "flags": EMPTY_PATH}
    for path in ("", "0"):
        run = make(
            file_monitor, workloads.of_files["call"], call, count=COUNT, compat=compat, **{**given, "path": path}
        )
        assert run.of(Stat) == []
    for event in attempt(file_monitor, workloads, Stat, call, compat=compat, flags=EMPTY_PATH):
        assert (event.errno, event.flags) == (None, ("AT_EMPTY_PATH",))
    for event in attempt(file_monitor, workloads, Stat, call, compat=compat, flags=0x900):
        assert (event.errno, event.flags) == (None, ("AT_SYMLINK_NOFOLLOW", "AT_NO_AUTOMOUNT"))
