"""Readlink events: both calls that read a symbolic link."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Readlink

from .conftest import Workloads
from .file_calls import COUNT, EMPTY_PATH, attempt, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Readlink))


@WAYS
@pytest.mark.parametrize("target", ["target", "t", "x" * 4095, "caf\udce9\n"])
def test_success(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, target: str
) -> None:
    (scratch / "file").symlink_to(target)
    given = {"buffer": "", "size": 4096}
    for event in attempt(file_monitor, workloads, Readlink, call, compat=compat, count=COUNT, **given):
        assert (event.errno, event.target, event.joined_path, event.cut) == (None, target, str(scratch / "file"), ())


@WAYS
def test_a_part(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """What the caller got, which is no more than its buffer takes."""
    (scratch / "file").symlink_to("1234567890")
    for event in attempt(file_monitor, workloads, Readlink, call, compat=compat, size=7):
        assert (event.target, event.cut) == ("1234567", ())


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Readlink, call, compat=compat, count=COUNT):
        assert (event.errno, event.target, event.cut) == ("EINVAL", None, ())


@pytest.mark.parametrize(("call", "compat"), ways(Readlink, "readlinkat"))
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """With an empty path, the descriptor is that of the link; `fd` says so as for other calls."""
    (scratch / "file").symlink_to("target")
    fd = opened(scratch / "file", os.O_PATH | os.O_NOFOLLOW)
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Readlink, call, compat=compat, **given):
        assert (event.errno, event.target, event.real_path) == (None, "target", str(scratch / "file"))
