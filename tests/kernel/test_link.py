"""Link events: both calls that give a file another name, also where the file is given by its descriptor."""

import os
from pathlib import Path

import pytest

from onlooker import Link, Monitor

from .conftest import Workloads
from .file_calls import AT_FDCWD, COUNT, EMPTY_PATH, attempt, behind, opened, ways

FOLLOW = 0x400
WAYS = pytest.mark.parametrize(("call", "compat"), ways(Link))
AT = pytest.mark.parametrize(("call", "compat"), ways(Link, "linkat"))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, count=COUNT, new_path="new%d"):
        assert (event.flags, event.real_path, event.device, event.inode, event.cut) == ((), None, None, None, ())
    assert (scratch / "file").stat().st_nlink == 1 + COUNT


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    (scratch / "new").touch()
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, count=COUNT):
        assert (event.errno, event.cut) == ("EEXIST", ())


@AT
def test_from_one_directory_to_another(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    (scratch / "b").mkdir()
    (scratch / "a" / "file").touch()
    directories = {"dirfd": opened(scratch / "a"), "new_dirfd": opened(scratch / "b")}
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, **directories):
        assert (event.errno, event.joined_new_path, event.cut) == (None, str(scratch / "b" / "new"), ())
    assert (scratch / "b" / "new").exists()


@AT
@pytest.mark.parametrize(
    ("flags", "names", "errno"),
    [(FOLLOW, ("AT_SYMLINK_FOLLOW",), None), (0x100, ("AT_SYMLINK_NOFOLLOW",), "EINVAL")],
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
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, flags=flags):
        assert (event.flags, event.errno, event.cut) == (names, errno, ())
    assert (scratch / "target").stat().st_nlink == (1 if errno else 2)


@AT
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH, "new_path": "new%d"}
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, count=COUNT, **given):
        assert (event.real_path, event.device, event.inode) == behind(fd)
        assert (event.flags, event.file_state, event.joined_path, event.cut) == (("AT_EMPTY_PATH",), None, None, ())
    assert (scratch / "file").stat().st_nlink == 1 + COUNT


@AT
def test_a_file_that_had_no_name(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    fd = opened(scratch, os.O_TMPFILE | os.O_RDWR)
    given = {"dirfd": fd, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, **given):
        assert (event.errno, event.device, event.inode) == (None, *behind(fd)[1:])
        assert event.file_state in ("tmpfile", None)  # it has a name now; the kernel keeps the old one of the dentry
    assert (scratch / "new").exists()


@AT
def test_the_working_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    given = {"dirfd": AT_FDCWD, "path": "", "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Link, call, compat=compat, **given):
        assert (event.errno, event.fd, event.joined_path, event.cut) == ("EPERM", None, str(scratch), ())
