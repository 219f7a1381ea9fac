"""Paths of control groups: any directories have inode numbers, too."""

from pathlib import Path

import pytest

from onlooker.enrich import cgroups
from onlooker.enrich.cgroups import Cgroups


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cgroup" / "a" / "b\udcff").mkdir(parents=True)
    (tmp_path / "cgroup" / "cgroup.controllers").touch()
    return tmp_path / "cgroup"


def joined(proc: Path, pid: int, path: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cgroup").write_bytes(f"12:cpu:/x\n0::{path}\n".encode("utf-8", "surrogateescape"))


def test_all_are_named_by_one_walk(root: Path, tmp_path: Path) -> None:
    names = Cgroups((tmp_path / "none", root), tmp_path / "proc")
    assert names.name((root / "a" / "b\udcff").stat().st_ino, 1) == "/a/b\udcff"
    (root / "a" / "b\udcff").rmdir()
    assert (names.name(root.stat().st_ino, 1), names.name((root / "a").stat().st_ino, 1)) == ("/", "/a")


def test_a_new_one_is_named_by_its_process_and_keeps_its_name(root: Path, tmp_path: Path) -> None:
    names = Cgroups((root,), tmp_path / "proc")
    assert names.name(1, 1) == "cgroup 1"  # it has walked now, and does not at once again
    new = root / "a" / "new"
    new.mkdir()
    inode = new.stat().st_ino
    assert names.name(inode, 7) == f"cgroup {inode}"
    joined(tmp_path / "proc", 7, "/a/new")
    assert names.name(inode, 7) == "/a/new"
    new.rmdir()
    assert names.name(inode, 7) == "/a/new"


def test_a_process_that_has_moved_tells_nothing_wrong(root: Path, tmp_path: Path) -> None:
    joined(tmp_path / "proc", 7, "/a")
    names = Cgroups((root,), tmp_path / "proc")
    assert names.name(1, 7) == "cgroup 1"
    assert names.name((root / "a").stat().st_ino, 7) == "/a"


def test_it_walks_again_after_a_while(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_MOST_SECONDS", 0.0)
    names = Cgroups((root,), tmp_path / "proc")
    assert names.name(1, 1) == "cgroup 1"
    (root / "new").mkdir()
    assert names.name((root / "new").stat().st_ino, 1) == "/new"


def test_no_more_are_kept_than_there_is_room_for(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "MOST_NAMES", 2)
    names = Cgroups((root,), tmp_path / "proc")
    for pid, path in enumerate((root, root / "a", root / "a" / "b\udcff"), 1):
        joined(tmp_path / "proc", pid, str(path).removeprefix(str(root)) or "/")
        assert names.name(path.stat().st_ino, pid).startswith("/")
        assert len(names._paths) <= 2


def test_without_version_2_there_are_only_ids(tmp_path: Path) -> None:
    assert Cgroups((tmp_path,), tmp_path).name(7, 1) == "cgroup 7"
