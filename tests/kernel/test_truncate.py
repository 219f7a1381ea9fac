"""Truncate events: every call that sets a length, also those of 32-bit programs that pass it in two halves."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Truncate

from .conftest import Workloads
from .file_calls import COUNT, attempt, behind, opened, ways
from .running import inherited

PATHS = pytest.mark.parametrize(("call", "compat"), ways(Truncate, "truncate", "truncate64"))
DESCRIPTORS = pytest.mark.parametrize(("call", "compat"), ways(Truncate, "ftruncate", "ftruncate64"))
BOTH = pytest.mark.parametrize(("call", "compat"), ways(Truncate))
LARGE = 5 << 32 | 23


def length_of(call: str, length: int) -> dict[str, int]:
    """The length as the call takes it."""
    return {"low": length & 0xFFFFFFFF, "high": length >> 32} if call.endswith("64") else {"length": length}


@PATHS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, count=COUNT):
        assert (event.length, event.errno, event.real_path, event.inode, event.cut) == (5, None, None, None, ())
    assert (scratch / "file").stat().st_size == 5


@PATHS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, count=COUNT):
        assert (event.length, event.errno, event.cut) == (5, "ENOENT", ())


@DESCRIPTORS
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDWR)
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, count=COUNT, fd=fd):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.length, event.errno, event.file_state, event.cut) == (5, None, None, ())
    assert (scratch / "file").stat().st_size == 5


@DESCRIPTORS
def test_a_descriptor_to_read(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, count=COUNT, fd=fd):
        assert (event.errno, event.real_path, event.cut) == ("EINVAL", str(scratch / "file"), ())


@DESCRIPTORS
def test_memory(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    fd = inherited(os.memfd_create("buffer"))
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, fd=fd):
        assert (event.errno, event.real_path, event.file_state) == (None, "memfd:buffer", "memfd")
    assert os.fstat(fd).st_size == 5


@BOTH
@pytest.mark.parametrize("length", [0, 2**31 - 1, LARGE, -1, -(2**31)])
def test_length(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, length: int
) -> None:
    """A 32-bit program's truncate takes 32 bits of it; nobody takes a negative one."""
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDWR)
    which = {"fd": fd} if call.startswith("f") else {}
    given = {**which, **length_of(call, length)}
    taken = length & 0xFFFFFFFF if compat and not call.endswith("64") and length > 0 else length
    for event in attempt(file_monitor, workloads, Truncate, call, compat=compat, **given):
        assert (event.length, event.errno) == (taken, "EINVAL" if taken < 0 else None)
    assert (scratch / "file").stat().st_size == max(taken, 0)
