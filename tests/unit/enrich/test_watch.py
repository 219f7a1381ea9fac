"""Control groups are seen when they are made, however short they live; any directories have inotify, too."""

import json
import time
from pathlib import Path

import pytest

from onlooker.enrich.cgroups import Cgroups
from onlooker.enrich.state import Facts, StateFiles
from onlooker.enrich.watch import CgroupWatch

DEADLINE_SECONDS = 10
ID = "a1" * 32


@pytest.fixture
def hierarchy(tmp_path):
    root = tmp_path / "cgroup"
    (root / "old").mkdir(parents=True)
    (root / "cgroup.controllers").touch()
    return root


@pytest.fixture
def watch(tmp_path, hierarchy):
    made = CgroupWatch(Cgroups((hierarchy,), tmp_path / "proc"), StateFiles(tmp_path))
    made.start()
    yield made
    made.close()


def tasks():
    return {each.name for each in Path("/proc/self/task").iterdir()}


def until(condition):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def known(watch, inode):
    return watch._cgroups._paths.get(inode)


@pytest.mark.parametrize("path", ["new", "old/new", "a/b/c/d"])
def test_one_that_is_removed_soon(watch, hierarchy, path):
    directory = hierarchy / path
    directory.mkdir(parents=True)
    inode = directory.stat().st_ino
    until(lambda: known(watch, inode))
    for each in (directory, *directory.parents):
        if each in (hierarchy, hierarchy / "old"):
            break
        each.rmdir()
    assert known(watch, inode) == f"/{path}"


def test_many_at_once(watch, hierarchy):
    made = [hierarchy / "old" / f"{number}" / "below" for number in range(200)]
    for each in made:
        each.mkdir(parents=True)
    until(lambda: all(known(watch, each.stat().st_ino) for each in made))


def test_what_a_runtime_says_while_it_is_there(watch, hierarchy, tmp_path):
    directory = hierarchy / f"docker-{ID}.scope"
    directory.mkdir()
    inode = directory.stat().st_ino
    state = tmp_path / "var/lib/docker/containers" / ID
    state.mkdir(parents=True)
    (state / "config.v2.json").write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx"}}))
    until(lambda: watch.facts(inode))
    (state / "config.v2.json").unlink()
    directory.rmdir()
    assert watch.facts(inode) == Facts("docker", "web", "nginx")


def test_it_sleeps_while_nothing_is_made_and_ends(tmp_path, hierarchy):
    made = CgroupWatch(Cgroups((hierarchy,), tmp_path / "proc"), StateFiles(tmp_path))
    before = tasks()
    made.start()
    [task] = tasks() - before
    time.sleep(0.05)
    switches = Path(f"/proc/self/task/{task}/status").read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0]
    assert int(switches) < 10
    made.close()
    until(lambda: task not in tasks())
    made.close()


def test_without_a_hierarchy_there_is_nothing_to_see(tmp_path):
    made = CgroupWatch(Cgroups((tmp_path / "none",), tmp_path / "proc"), StateFiles(tmp_path))
    made.start()
    assert made.facts(1) is None
    made.close()
