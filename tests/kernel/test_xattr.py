"""Xattr events: every call that sets or removes an extended attribute."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Xattr

from .conftest import Workloads
from .file_calls import CALLS, COUNT, EMPTY_PATH, attempt, behind, opened, ways

SETS = [call for call in CALLS[Xattr] if "setx" in call]
REMOVES = [call for call in CALLS[Xattr] if "removex" in call]
SIZES = {"setxattrat": 0}  # its arguments here are all zero


def given_to(call: str, scratch: Path) -> dict[str, int]:
    return {"fd": opened(scratch / "file", os.O_RDONLY)} if call.startswith("f") else {}


@pytest.mark.parametrize(("call", "compat"), ways(Xattr, *SETS))
def test_set(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    given = given_to(call, scratch)
    for event in attempt(file_monitor, workloads, Xattr, call, compat=compat, count=COUNT, **given):
        assert (event.attribute, event.size, event.flags) == ("user.note", SIZES.get(call, 7), ())
        assert (event.errno, event.cut) == (None, ()) or event.errno == "EOPNOTSUPP"  # by what holds /tmp
        assert not given or (event.real_path, event.device, event.inode) == behind(given["fd"])


@pytest.mark.parametrize(("call", "compat"), ways(Xattr, *REMOVES))
def test_remove(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    given = given_to(call, scratch)
    for event in attempt(file_monitor, workloads, Xattr, call, compat=compat, count=COUNT, **given):
        assert (event.attribute, event.size, event.flags, event.cut) == ("user.note", None, (), ())
        assert event.errno in ("ENODATA", "EOPNOTSUPP")


@pytest.mark.parametrize(("call", "compat"), ways(Xattr, "setxattr", "fsetxattr"))
def test_flags(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    given = {**given_to(call, scratch), "flags": 3}
    for event in attempt(file_monitor, workloads, Xattr, call, compat=compat, **given):
        assert event.flags == ("XATTR_CREATE", "XATTR_REPLACE")
        assert event.errno


@pytest.mark.parametrize(("call", "compat"), ways(Xattr, "setxattrat", "removexattrat"))
def test_at_a_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDONLY)
    given = {"dirfd": fd, "path": "", "at_flags": EMPTY_PATH, "flags": EMPTY_PATH}
    for event in attempt(file_monitor, workloads, Xattr, call, compat=compat, **given):
        assert (event.at_flags, event.real_path, event.device, event.inode) == (("AT_EMPTY_PATH",), *behind(fd))
