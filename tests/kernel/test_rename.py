"""Rename events: every call that renames, with its two paths and its flags."""

from pathlib import Path

import pytest

from onlooker import Monitor, Rename

from .conftest import Workloads
from .file_calls import COUNT, attempt, opened, ways

NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
WAYS = pytest.mark.parametrize(("call", "compat"), ways(Rename))
WITH_FLAGS = pytest.mark.parametrize(("call", "compat"), ways(Rename, "renameat2"))
WITH_DIRECTORIES = pytest.mark.parametrize(("call", "compat"), ways(Rename, "renameat", "renameat2"))


@WAYS
def test_success(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for turn in range(COUNT):
        (scratch / f"old{turn}").touch()
    paths = {"path": "old%d", "new_path": str(scratch / "new%d")}
    for event in attempt(file_monitor, workloads, Rename, call, compat=compat, count=COUNT, **paths):
        assert (event.flags, event.cut) == ((), ())
    assert sorted(path.name for path in scratch.iterdir()) == sorted(f"new{turn}" for turn in range(COUNT))


@WAYS
def test_failure(file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool) -> None:
    for event in attempt(file_monitor, workloads, Rename, call, compat=compat, count=COUNT):
        assert (event.errno, event.flags, event.cut) == ("ENOENT", (), ())


@WITH_DIRECTORIES
def test_from_one_directory_to_another(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, call: str, compat: bool
) -> None:
    (scratch / "a").mkdir()
    (scratch / "b").mkdir()
    (scratch / "a" / "file").touch()
    directories = {"dirfd": opened(scratch / "a"), "new_dirfd": opened(scratch / "b")}
    for event in attempt(file_monitor, workloads, Rename, call, compat=compat, **directories):
        assert (event.errno, event.cut) == (None, ())
        assert event.joined_path == str(scratch / "a" / "file")
        assert event.joined_new_path == str(scratch / "b" / "new")
    assert (scratch / "b" / "new").exists()


@WITH_FLAGS
@pytest.mark.parametrize(
    ("flags", "names", "errno"),
    [
        (NOREPLACE, ("RENAME_NOREPLACE",), "EEXIST"),
        (EXCHANGE, ("RENAME_EXCHANGE",), None),
        (NOREPLACE | EXCHANGE, ("RENAME_NOREPLACE", "RENAME_EXCHANGE"), "EINVAL"),
        (WHITEOUT | 1 << 30, ("RENAME_WHITEOUT", hex(1 << 30)), "EINVAL"),
    ],
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
    (scratch / "file").write_text("file")
    (scratch / "new").write_text("new")
    for event in attempt(file_monitor, workloads, Rename, call, compat=compat, flags=flags):
        assert (event.flags, event.errno, event.cut) == (names, errno, ())
    assert (scratch / "new").read_text() == ("new" if errno else "file")
