"""Access events: every call that asks whether a file may be used."""

import os
from pathlib import Path

import pytest

from onlooker import Access, Monitor

from .conftest import Workloads
from .file_calls import COUNT, EMPTY_PATH, attempt, behind, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Access))
FLAGS = pytest.mark.parametrize(("call", "compat"), ways(Access, "faccessat2"))


@WAYS
@pytest.mark.parametrize(("mode", "names"), [(0, ()), (4, ("R_OK",)), (7, ("R_OK", "W_OK", "X_OK"))])
def test_success(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    call: str,
    compat: bool,
    mode: int,
    names: tuple[str, ...],
) -> None:
    (scratch / "file").touch(0o777)
    for event in attempt(file_monitor, workloads, Access, call, compat=compat, count=COUNT, access_mode=mode):
        assert (event.errno, event.access_mode, event.flags, event.real_path, event.cut) == (None, names, (), None, ())


@WAYS
@pytest.mark.parametrize(("mode", "errno"), [(1, "EACCES"), (8, "EINVAL")])
def test_failure(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, mode: int, errno: str
) -> None:
    """Root, too, can't execute what nobody can."""
    (scratch / "file").touch(0o644)
    for event in attempt(file_monitor, workloads, Access, call, compat=compat, access_mode=mode):
        assert (event.errno, event.access_mode) == (errno, ("X_OK",) if mode == 1 else ("0x8",))
    for event in attempt(file_monitor, workloads, Access, call, compat=compat, count=COUNT, path="missing"):
        assert (event.errno, event.joined_path, event.cut) == ("ENOENT", str(scratch / "missing"), ())


@FLAGS
def test_flags(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Access, call, compat=compat, flags=0x200 | 0x100):
        assert (event.errno, event.flags) == ("ENOENT", ("AT_SYMLINK_NOFOLLOW", "AT_EACCESS"))
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Access, call, compat=compat, **given):
        assert (event.real_path, event.device, event.inode) == behind(fd)
