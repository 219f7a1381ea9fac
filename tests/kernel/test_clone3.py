"""Fork events of what only clone3(2) can do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Exit, Monitor, Open

from .conftest import Workloads, fresh_name
from .running import Run, drain, run_workload
from .test_identity import cgroup_mount, own_cgroup, remove_cgroup

COUNT = 23
CLONE_PARENT = 0x8000


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """One of the test's own, in the version 2 hierarchy."""
    mount = cgroup_mount()
    if not mount or not os.access(mount / own_cgroup(), os.W_OK):
        pytest.skip("the hierarchy of version 2 is not mounted here, or can't be written")
    made = mount / own_cgroup() / fresh_name()
    made.mkdir()
    yield made
    remove_cgroup(made)


def create(monitor: Monitor, workloads: Workloads, cgroup: Path, flags: int = 0) -> Run:
    """Children in that cgroup; what they saw as their parent is checked."""
    directory = os.open(cgroup, os.O_PATH)
    os.set_inheritable(directory, True)
    run = run_workload(monitor, workloads["cgroup"], directory, COUNT, flags)
    os.close(directory)
    assert len(run.forks) == COUNT
    assert [number for fork in run.forks for number in (fork.child_pid, fork.child_ppid)] == run.numbers
    for fork in run.forks:
        assert (fork.syscall, fork.pid, fork.thread, fork.kernel, fork.cut) == ("clone3", run.pid, False, False, ())
    return run


def test_into_a_cgroup(monitor: Monitor, workloads: Workloads, cgroup: Path) -> None:
    """The creator's events have its cgroup, and all of the child's have the other one."""
    run = create(monitor, workloads, cgroup)
    assert {fork.clone_flags for fork in run.forks} == {("CLONE_INTO_CGROUP", "SIGCHLD")}
    assert {fork.child_ppid for fork in run.forks} == {run.pid}
    there = cgroup.stat().st_ino
    for fork in run.forks:
        child, ended = run.only(Open, fork.child_pid), run.only(Exit, fork.child_pid)
        assert (child.cgroup_id, ended.cgroup_id, child.ppid) == (there, there, run.pid)
        assert fork.cgroup_id == cgroup.parent.stat().st_ino != there


def test_a_sibling(monitor: Monitor, workloads: Workloads, cgroup: Path) -> None:
    """Its parent is its creator's."""
    run = create(monitor, workloads, cgroup, CLONE_PARENT)
    for fork in run.forks:
        os.waitpid(fork.child_pid, 0)
    run.events += drain(monitor)
    assert {fork.clone_flags for fork in run.forks} == {("CLONE_PARENT", "CLONE_INTO_CGROUP")}
    for fork in run.forks:
        assert (fork.child_ppid, fork.ppid) == (os.getpid(), os.getpid())
        assert run.only(Open, fork.child_pid).ppid == run.only(Exit, fork.child_pid).ppid == os.getpid()
