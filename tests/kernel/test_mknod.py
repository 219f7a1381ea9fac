"""Mknod events: both calls that make pipes, devices and sockets."""

import stat
from pathlib import Path

import pytest

from onlooker import Mknod, Monitor

from .conftest import Workloads
from .file_calls import COUNT, attempt, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Mknod))


@WAYS
@pytest.mark.parametrize(
    ("mode", "file_type"),
    [(stat.S_IFIFO, "S_IFIFO"), (stat.S_IFSOCK, "S_IFSOCK"), (stat.S_IFREG, "S_IFREG"), (0, "S_IFREG")],
)
def test_success(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, mode: int, file_type: str
) -> None:
    given = {"path": "node%d", "type_and_mode": mode | 0o1710, "rdev": 0}
    events = attempt(file_monitor, workloads, Mknod, call, compat=compat, count=COUNT, **given)
    found = {(event.errno, event.file_type, event.mode, event.rdev, event.cut) for event in events}
    assert found <= {(None, file_type, 0o1710, None, ())}
    assert {path.stat().st_mode for path in scratch.iterdir()} == {(mode or stat.S_IFREG) | 0o1710}


@WAYS
def test_a_device(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """/dev/null; a machine may refuse it."""
    given = {"type_and_mode": stat.S_IFCHR | 0o600, "rdev": 0x103}
    for event in attempt(file_monitor, workloads, Mknod, call, compat=compat, **given):
        assert (event.file_type, event.mode, event.rdev) == ("S_IFCHR", 0o600, 0x103)


@WAYS
@pytest.mark.parametrize(("mode", "file_type"), [(stat.S_IFDIR, "S_IFDIR"), (0o050000, "type 20480")])
def test_failure(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, mode: int, file_type: str
) -> None:
    for event in attempt(file_monitor, workloads, Mknod, call, compat=compat, type_and_mode=mode):
        assert (event.errno in ("EPERM", "EINVAL"), event.file_type) == (True, file_type)


@pytest.mark.parametrize(("call", "compat"), ways(Mknod, "mknodat"))
def test_in_another_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    for event in attempt(file_monitor, workloads, Mknod, call, compat=compat, dirfd=opened(scratch / "a")):
        assert (event.errno, event.joined_path) == (None, str(scratch / "a" / "file"))
