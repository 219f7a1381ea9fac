"""Symlink events: both calls that create a symbolic link."""

from pathlib import Path

import pytest

from onlooker import Monitor, Symlink

from .conftest import Workloads
from .file_calls import COUNT, LONGEST, NOWHERE, ODD, attempt, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Symlink))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    given = {"target": "../target/%d", "path": "link%d"}
    for event in attempt(file_monitor, workloads, Symlink, call, compat=compat, count=COUNT, **given):
        assert (event.errno, event.cut) == (None, ())
    found = {path.name: str(path.readlink()) for path in scratch.iterdir()}
    assert found == {f"link{turn}": f"../target/{turn}" for turn in range(COUNT)}


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Symlink, call, compat=compat, count=COUNT):
        assert (event.errno, event.cut) == ("EEXIST", ())


@WAYS
@pytest.mark.parametrize("target", [*ODD, b"t" * LONGEST, b""])
def test_targets(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, target: bytes
) -> None:
    for event in attempt(file_monitor, workloads, Symlink, call, compat=compat, target=target):
        assert (event.errno, event.cut) == (None if target else "ENOENT", ())


@WAYS
@pytest.mark.parametrize("target", NOWHERE)
def test_a_target_that_is_nowhere(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, target: str
) -> None:
    for event in attempt(file_monitor, workloads, Symlink, call, compat=compat, target=target):
        assert (event.target, event.errno, event.cut) == ("", "EFAULT", ("target",))
        assert (event.path, event.joined_path) == ("file", str(scratch / "file"))


@pytest.mark.parametrize(("call", "compat"), ways(Symlink, "symlinkat"))
def test_in_another_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    for event in attempt(file_monitor, workloads, Symlink, call, compat=compat, dirfd=opened(scratch / "a")):
        assert (event.errno, event.joined_path, event.cut) == (None, str(scratch / "a" / "file"), ())
    assert (scratch / "a" / "file").is_symlink()
