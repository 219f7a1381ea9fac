"""Without the look-up of files there is all that the calls said, and nothing else."""

import json
import os
from pathlib import Path

import pytest

from onlooker import Monitor

from .commands import watching
from .conftest import Workloads, fresh_name
from .flavours import flavours
from .running import Process, run_workload

COUNT = 23
AT_FDCWD = -100
LOOKED_UP = {"real_path", "joined_path", "exe", "cwd", "file_state", "device", "inode"}
METHODS = flavours()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["file", "missing", "/", "/missing/file"])
def test_opens(workloads: Workloads, scratch: Path, method: str, path: str) -> None:
    (scratch / "file").touch()
    program = workloads.renamed("where")
    with Monitor(comm=[program.name], attach=method, resolve=False) as monitor:
        run = run_workload(monitor, program, "openat", AT_FDCWD, path, os.O_CLOEXEC, COUNT)
    assert len(run.opens()) == COUNT
    for event in run.opens():
        assert (event.path, event.flags, event.dirfd, event.cut) == (path, ("O_RDONLY", "O_CLOEXEC"), AT_FDCWD, ())
        assert {name for name in LOOKED_UP if getattr(event, name, None) is not None} == set()
        assert event.errno == ("ENOENT" if "missing" in path else None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", ["execve", "execveat"])
@pytest.mark.parametrize("program", ["self", "missing"])
def test_execs(workloads: Workloads, scratch: Path, method: str, how: str, program: str) -> None:
    prefix = f"{fresh_name()}-"
    path = workloads.renamed(program, f"{prefix}1") if program == "self" else Path("missing")
    with Monitor(comm=[f"{prefix}*"], attach=method, resolve=False) as monitor:
        run = run_workload(monitor, workloads.renamed("exec", f"{prefix}0"), how, AT_FDCWD, 0, path, "zero", "one")
    [event] = run.execs()
    assert (event.path, event.argv, event.cut) == (str(path), ("zero", "one"), ())
    assert event.errno == (None if program == "self" else "ENOENT")
    assert {name for name in LOOKED_UP if getattr(event, name, None) is not None} == set()


@pytest.mark.parametrize("option", [(), ("--no-resolve",)])
def test_the_option(workloads: Workloads, scratch: Path, option: tuple[str, ...]) -> None:
    program = workloads.renamed("where")
    with watching(*option, "--events", "open,exec", "--filter", program.name, "--output-format", "json") as monitor:
        Process(program, "openat", AT_FDCWD, "missing", 0, COUNT).wait()
        Process(program, "openat", AT_FDCWD, "/", 0, COUNT).wait()
        ended = monitor.end().assert_complete()
    found = [json.loads(line) for line in ended.lines]
    keys = {key for event in found if event["path"] in ("/", "missing", str(program)) for key in event}
    assert LOOKED_UP & keys == (set() if option else LOOKED_UP - {"file_state"})
    for path in ("/", "missing"):
        assert sum(1 for event in found if event["path"] == path) == COUNT
