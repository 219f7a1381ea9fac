"""Unlink events: every call that removes a name of a file."""

from pathlib import Path

import pytest

from onlooker import Monitor, Unlink

from .conftest import Workloads
from .file_calls import COUNT, attempt, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Unlink))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for turn in range(COUNT):
        (scratch / f"file{turn}").touch()
    for event in attempt(file_monitor, workloads, Unlink, call, compat=compat, count=COUNT, path="./file%d"):
        assert event.cut == ()
    assert list(scratch.iterdir()) == []


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Unlink, call, compat=compat, count=COUNT, path=scratch / "none"):
        assert (event.errno, event.cut) == ("ENOENT", ())


@WAYS
def test_of_a_directory(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """It fails, and is still what was tried: an unlink."""
    (scratch / "file").mkdir()
    for event in attempt(file_monitor, workloads, Unlink, call, compat=compat):
        assert (event.errno, event.cut) == ("EISDIR", ())


@pytest.mark.parametrize(("call", "compat"), ways(Unlink, "unlinkat"))
def test_in_another_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    (scratch / "a" / "file").touch()
    for event in attempt(file_monitor, workloads, Unlink, call, compat=compat, dirfd=opened(scratch / "a")):
        assert (event.errno, event.joined_path, event.cut) == (None, str(scratch / "a" / "file"), ())
    assert list((scratch / "a").iterdir()) == []
