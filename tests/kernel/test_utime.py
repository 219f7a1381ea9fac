"""Utime events: every call that sets the times of a file."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Utime

from .conftest import Workloads
from .file_calls import COUNT, EMPTY_PATH, USUAL, attempt, behind, make, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Utime))
AT = pytest.mark.parametrize(("call", "compat"), ways(Utime, "futimesat", "utimensat", "utimensat_time64"))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    os.utime(scratch / "file", (1, 1))
    for event in attempt(file_monitor, workloads, Utime, call, compat=compat, count=COUNT):
        assert (event.errno, event.flags, event.real_path, event.cut) == (None, (), None, ())
    assert (scratch / "file").stat().st_mtime > 1


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Utime, call, compat=compat, count=COUNT):
        assert (event.errno, event.joined_path, event.cut) == ("ENOENT", str(scratch / "file"), ())


@AT
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """Without a path; futimens(3) is such a call."""
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    given = {**USUAL, "dirfd": fd, "path": "0"}
    run = make(file_monitor, workloads.of_files["call"], call, count=COUNT, compat=compat, **given)
    events = run.of(Utime)
    assert len(events) in ((0, COUNT) if compat else (COUNT,))
    for event in events:
        assert (event.path, event.fd, event.dirfd, event.errno) == (None, fd, None, None)
        assert (event.real_path, event.device, event.inode) == behind(fd)


@WAYS
def test_no_path(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """Of no descriptor either: an address that can't be read."""
    run = make(file_monitor, workloads.of_files["call"], call, count=COUNT, compat=compat, **{**USUAL, "path": "0"})
    events = run.of(Utime)
    assert len(events) in ((0, COUNT) if compat else (COUNT,))
    for event in events:
        assert (event.fd, event.errno, event.real_path, event.cut) == (None, "EFAULT", None, ("path",))
        assert event.dirfd == (-100 if "at" in call else None)


@pytest.mark.parametrize(("call", "compat"), ways(Utime, "utimensat", "utimensat_time64"))
def test_flags(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").symlink_to("nowhere")
    for event in attempt(file_monitor, workloads, Utime, call, compat=compat, flags=0x100):
        assert (event.errno, event.flags) == (None, ("AT_SYMLINK_NOFOLLOW",))
    fd = opened(scratch, os.O_RDONLY)
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Utime, call, compat=compat, **given):
        assert event.real_path == (str(scratch) if event.errno is None else None) or event.errno == "EINVAL"
