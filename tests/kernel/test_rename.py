"""Rename events: every call that renames, with its two paths and its flags."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor, Rename

from .conftest import Workloads
from .file_calls import AT_FDCWD, COUNT, attempt, opened, ways

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


BOTH = ("joined_path", "joined_new_path")
MOVED = {  # working directory, dirfd, path, new_dirfd, new_path, flags: what is marked
    "the working directory": ("old", None, "../old", None, "../new", 0, BOTH),
    "one above it": ("old/sub", None, "../../old", None, "../../new/", 0, BOTH),
    "to an absolute path": ("old", None, "../old", None, "{}/new", 0, BOTH[:1]),
    "from an absolute path": ("old", None, "{}/old", None, "../new", 0, BOTH[1:]),
    "through a link": ("old", None, "up/old", None, "up/new", 0, BOTH),
    "a descriptor's directory": (".", "old", "../old", "old", "../new", 0, BOTH),
    "one above the other directory": (".", None, "old", "old/sub", "../../new", 0, BOTH[1:]),
    "one above the first directory": (".", "old/sub", "../../old", None, "new", 0, BOTH[:1]),
    "in exchange": ("other", None, "../old", None, "../other", EXCHANGE, BOTH),
    "in exchange for another": ("old", None, "../old", None, "../other", EXCHANGE, BOTH),
    "replaced": ("empty", None, "../old", None, "../empty", 0, BOTH),
    "a name as of the directory": ("other", None, "file", None, "other", 0, ()),
    "two names, one as of the directory": ("other", None, "./file", None, ".//other", 0, ()),
    "out of the directory": ("other", None, "file", None, "{}/old/sub/other", 0, ()),
    "into the directory": ("other", None, "{}/old/file", None, "other", 0, ()),
    "something else": ("old", None, "../other", None, "../new", 0, ()),
    "a failure": ("old", None, "../old", None, "../old/sub/new", 0, ()),
    "it can't be known": ("other", None, "../old/file", None, "../old/other", 0, BOTH),
}


@pytest.mark.parametrize("moved", MOVED)
def test_the_directory_itself_is_moved(file_monitor: Monitor, workloads: Workloads, scratch: Path, moved: str) -> None:
    """Where a path started from is not where that directory is afterwards."""
    for directory in ("old/sub", "other", "empty"):
        (scratch / directory).mkdir(parents=True)
    for file in ("old/file", "other/file"):
        (scratch / file).touch()
    (scratch / "old/up").symlink_to("..")
    where, dirfd, path, new_dirfd, new_path, flags, cut = MOVED[moved]
    start, new_start = (scratch / (each or where) for each in (dirfd, new_dirfd))
    path, new_path = path.format(scratch), new_path.format(scratch)
    os.chdir(where)
    try:
        [event] = attempt(
            file_monitor,
            workloads,
            Rename,
            "renameat2",
            dirfd=opened(start) if dirfd else AT_FDCWD,
            path=path,
            new_dirfd=opened(new_start) if new_dirfd else AT_FDCWD,
            new_path=new_path,
            flags=flags,
        )
    finally:
        os.chdir(scratch)
    assert (event.errno, event.cut) == ("EINVAL" if moved == "a failure" else None, cut)
    if "joined_path" not in cut:
        assert event.joined_path == (path if path.startswith("/") else f"{start}/{path}")
    if "joined_new_path" not in cut:
        assert event.joined_new_path == (new_path if new_path.startswith("/") else f"{new_start}/{new_path}")
