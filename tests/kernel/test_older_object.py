"""The probe for kernels without bpf_rdonly_cast shows the same, on a kernel that has it as well."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Exec, Exit, Monitor, Rename
from onlooker.probe import setup

from .conftest import Workloads
from .file_calls import make
from .running import run_workload

COUNT = 23
DEEP = 40  # names; more than one stage of the walk
DIRECTORIES = {"dirfd": -100, "new_dirfd": -100}


@pytest.fixture(scope="module")
def older(workloads: Workloads) -> Iterator[Monitor]:
    """Of all events, so that each program of the object is loaded that this kernel needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "object_file", lambda: setup.OLDER_OBJECT)
        with Monitor(events=["all"], comm=[f"{workloads.prefix}*"]) as monitor:
            yield monitor


def test_opens(older: Monitor, workloads: Workloads, scratch: Path) -> None:
    directory = scratch.joinpath(*["d"] * DEEP)
    directory.mkdir(parents=True)
    (directory / "file").touch()
    for name, failure in (("file", None), ("none", "ENOENT")):
        path = str(directory / name)
        events = run_workload(older, workloads["where"], "openat", -100, path, os.O_RDONLY, COUNT).opens()
        assert len(events) == COUNT
        assert {(event.path, event.errno, event.cut) for event in events} == {(path, failure, ())}
        assert {event.joined_path if failure else event.real_path for event in events} == {path}


def test_processes(older: Monitor, workloads: Workloads) -> None:
    run = run_workload(older, workloads["where"], "openat", -100, "/", os.O_RDONLY, 1)
    assert run.only(Exec, run.pid).exe == str(workloads["where"])
    assert run.only(Exit, run.pid).exit_code == 0


def test_renames(older: Monitor, workloads: Workloads, scratch: Path) -> None:
    for turn in range(COUNT):
        (scratch / f"old{turn}").touch()
    paths = {"path": "old%d", "new_path": str(scratch / "new%d")}
    run = make(older, workloads["call"], "renameat2", count=COUNT, compat=False, **DIRECTORIES, **paths, flags=0)
    found = [(event.joined_path, event.joined_new_path, event.cut) for event in run.of(Rename, run.pid)]
    assert found == [(f"{scratch}/old{turn}", f"{scratch}/new{turn}", ()) for turn in range(COUNT)]
