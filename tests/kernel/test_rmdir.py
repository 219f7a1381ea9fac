"""Rmdir events: both calls that remove a directory, one of which removes files, too."""

from pathlib import Path

import pytest

from onlooker import Monitor, Rmdir, Unlink

from .conftest import Workloads
from .file_calls import COUNT, NATIVE, REMOVEDIR, attempt, make, opened, ways
from .flavours import flavours

WAYS = pytest.mark.parametrize(("call", "compat"), ways(Rmdir))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for turn in range(COUNT):
        (scratch / f"directory{turn}").mkdir()
    for event in attempt(file_monitor, workloads, Rmdir, call, compat=compat, count=COUNT, path="directory%d"):
        assert event.cut == ()
    assert list(scratch.iterdir()) == []


@WAYS
@pytest.mark.parametrize(("path", "errno"), [("none", "ENOENT"), ("file", "ENOTDIR"), ("full", "ENOTEMPTY")])
def test_failure(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool, path: str, errno: str
) -> None:
    (scratch / "file").touch()
    (scratch / "full" / "of").mkdir(parents=True)
    for event in attempt(file_monitor, workloads, Rmdir, call, compat=compat, count=COUNT, path=path):
        assert (event.errno, event.cut) == (errno, ())


@pytest.mark.parametrize(("call", "compat"), ways(Rmdir, "unlinkat"))
def test_in_another_directory(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a" / "file").mkdir(parents=True)
    for event in attempt(file_monitor, workloads, Rmdir, call, compat=compat, dirfd=opened(scratch / "a")):
        assert (event.errno, event.joined_path, event.cut) == (None, str(scratch / "a" / "file"), ())
    assert list((scratch / "a").iterdir()) == []


@pytest.mark.parametrize("attach", flavours(without="fexit"))
@pytest.mark.parametrize(("event", "flags", "other"), [("rmdir", REMOVEDIR, 0), ("unlink", 0, REMOVEDIR)])
def test_one_of_the_two_events_that_share_a_call(
    workloads: Workloads, scratch: Path, attach: str, event: str, flags: int, other: int
) -> None:
    """Only what is asked for is reported, and once."""
    assert "unlinkat" in NATIVE
    program = workloads.renamed("call")
    with Monitor(events=[event], comm=[program.name], attach=attach) as monitor:
        given = {"dirfd": -100, "path": "none"}
        wanted = make(monitor, program, "unlinkat", count=COUNT, compat=False, flags=flags, **given)
        unwanted = make(monitor, program, "unlinkat", count=COUNT, compat=False, flags=other, **given)
    assert [type(each) for each in wanted.events] == [Rmdir if flags else Unlink] * COUNT
    assert unwanted.events == []
