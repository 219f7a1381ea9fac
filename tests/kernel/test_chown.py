"""Chown events: every call that changes owner and group, also those of 32-bit programs with ids of 16 bits."""

import os
from pathlib import Path

import pytest

from onlooker import Chown, Monitor

from .conftest import Workloads
from .file_calls import COUNT, EMPTY_PATH, attempt, behind, opened, ways

NOFOLLOW = 0x100
BY_PATH = ("chown", "lchown", "chown32", "lchown32", "fchownat")
PATHS = pytest.mark.parametrize(("call", "compat"), ways(Chown, *BY_PATH))
DESCRIPTORS = pytest.mark.parametrize(("call", "compat"), ways(Chown, "fchown", "fchown32"))
AT = pytest.mark.parametrize(("call", "compat"), ways(Chown, "fchownat"))
UNCHANGED = 2**32 - 1


@PATHS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, count=COUNT):
        assert (event.owner, event.group, event.errno, event.flags, event.cut) == (1000, 2323, None, (), ())
        assert (event.real_path, event.device, event.inode) == (None, None, None)
    found = (scratch / "file").stat()
    assert (found.st_uid, found.st_gid) == (1000, 2323)


@PATHS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, count=COUNT):
        assert (event.owner, event.group, event.errno, event.cut) == (1000, 2323, "ENOENT", ())


def is_of_16_bits(call: str, compat: bool) -> bool:
    return compat and call in ("chown", "lchown", "fchown")


@PATHS
@pytest.mark.parametrize("passed", [0, 65534, 65535, 65536 + 23, UNCHANGED])
def test_ids(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, passed: int) -> None:
    """-1 leaves an id as it is; to a call with 16 bits, 65535 is -1."""
    (scratch / "file").touch()
    taken = passed & 0xFFFF if is_of_16_bits(call, compat) else passed
    unchanged = taken == (0xFFFF if is_of_16_bits(call, compat) else UNCHANGED)
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, owner=passed, group=7):
        assert (event.owner, event.group, event.errno) == (None if unchanged else taken, 7, None)
    assert (scratch / "file").stat().st_uid == (0 if unchanged else taken)
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, owner=8, group=passed):
        assert (event.owner, event.group, event.errno) == (8, None if unchanged else taken, None)
    assert (scratch / "file").stat().st_gid == (7 if unchanged else taken)


@PATHS
def test_a_link(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").symlink_to("target")
    (scratch / "target").touch()
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat):
        assert (event.path, event.joined_path, event.errno) == ("file", str(scratch / "file"), None)
    changed = scratch / ("file" if call.startswith("l") else "target")
    assert changed.lstat().st_uid == 1000


@DESCRIPTORS
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, count=COUNT, fd=fd):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.owner, event.group, event.errno, event.file_state, event.cut) == (1000, 2323, None, None, ())
    assert (scratch / "file").stat().st_gid == 2323


@DESCRIPTORS
def test_no_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, count=COUNT, fd=-1):
        assert (event.errno, event.real_path, event.cut) == ("EBADF", None, ())


@AT
@pytest.mark.parametrize(
    ("flags", "names", "errno"), [(NOFOLLOW, ("AT_SYMLINK_NOFOLLOW",), None), (1, ("0x1",), "EINVAL")]
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
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, flags=flags):
        assert (event.flags, event.errno, event.cut) == (names, errno, ())
    assert (scratch / "file").lstat().st_uid == (0 if errno else 1000)


@AT
def test_an_empty_path(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file")
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Chown, call, compat=compat, count=COUNT, **given):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.errno, event.flags, event.cut) == (None, ("AT_EMPTY_PATH",), ())
    assert (scratch / "file").stat().st_uid == 1000
