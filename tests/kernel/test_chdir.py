"""Chdir events: both calls that change the working directory."""

import os
from pathlib import Path

import pytest

from onlooker import Chdir, Monitor

from .conftest import Workloads
from .file_calls import COUNT, USUAL, attempt, make, opened, ways

PATHS = pytest.mark.parametrize(("call", "compat"), ways(Chdir, "chdir"))
DESCRIPTORS = pytest.mark.parametrize(("call", "compat"), ways(Chdir, "fchdir"))


@PATHS
def test_a_relative_path(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    """The directory that it started in is known no longer; the one that it led to is."""
    deep = scratch.joinpath(*["file"] * COUNT)
    deep.mkdir(parents=True)
    run = make(file_monitor, workloads.of_files["call"], call, count=COUNT, compat=compat, **USUAL)
    events = run.of(Chdir)
    assert [event.cwd for event in events] == [str(scratch.joinpath(*["file"] * n)) for n in range(1, COUNT + 1)] or (
        compat and not events
    )
    assert {(event.path, event.errno, event.joined_path, event.cut) for event in events} <= {("file", None, None, ())}


@PATHS
def test_an_absolute_path(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "link").symlink_to("directory")
    (scratch / "directory").mkdir()
    path = str(scratch / "link")
    for event in attempt(file_monitor, workloads, Chdir, call, compat=compat, count=COUNT, path=path):
        assert (event.errno, event.cwd, event.joined_path, event.cut) == (None, str(scratch / "directory"), path, ())


@PATHS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Chdir, call, compat=compat, count=COUNT):
        assert (event.errno, event.cwd, event.joined_path) == ("ENOTDIR", None, str(scratch / "file"))


@DESCRIPTORS
def test_by_descriptor(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "directory").mkdir()
    fd = opened(scratch / "directory", os.O_RDONLY)
    for event in attempt(file_monitor, workloads, Chdir, call, compat=compat, count=COUNT, fd=fd):
        assert (event.errno, event.cwd, event.joined_path, event.cut) == (None, str(scratch / "directory"), None, ())
    for event in attempt(file_monitor, workloads, Chdir, call, compat=compat, fd=2323):
        assert (event.errno, event.cwd, event.cut) == ("EBADF", None, ())
