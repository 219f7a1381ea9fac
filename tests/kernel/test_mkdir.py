"""Mkdir events: both calls that create a directory."""

from pathlib import Path

import pytest

from onlooker import Mkdir, Monitor

from .conftest import Workloads
from .file_calls import COUNT, attempt, opened, ways

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Mkdir))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    events = attempt(file_monitor, workloads, Mkdir, call, compat=compat, count=COUNT, path="directory%d", mode=0o1710)
    assert {(event.errno, event.mode, event.cut) for event in events} <= {(None, 0o1710, ())}
    assert len(list(scratch.iterdir())) == COUNT
    assert {path.stat().st_mode for path in scratch.iterdir()} == {0o41710}


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    (scratch / "file").touch()
    for event in attempt(file_monitor, workloads, Mkdir, call, compat=compat, count=COUNT):
        assert (event.errno, event.mode, event.cut) == ("EEXIST", 0o640, ())


@pytest.mark.parametrize(("call", "compat"), ways(Mkdir, "mkdirat"))
def test_in_another_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    for event in attempt(file_monitor, workloads, Mkdir, call, compat=compat, dirfd=opened(scratch / "a")):
        assert (event.errno, event.joined_path, event.cut) == (None, str(scratch / "a" / "file"), ())
    assert (scratch / "a" / "file").is_dir()
