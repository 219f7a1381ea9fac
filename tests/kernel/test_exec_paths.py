"""Which program an exec led to, and from which directory."""

import os
import shutil
from pathlib import Path

import pytest

from onlooker import Exec, Monitor

from .conftest import Workloads
from .watching import Process, collect, watch

AT_EMPTY_PATH = 0x1000


def exec_of(monitor: Monitor, workloads: Workloads, how: str, path: str | Path, *args: str, dirfd: int = 0) -> Exec:
    run = watch(monitor, workloads["exec"], how, dirfd, 0, path, "zero", *args)
    [event] = run.execs()
    return event


def test_a_program_and_its_directory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    (scratch / "a").mkdir()
    link = scratch / f"{workloads.prefix}link"
    link.symlink_to(workloads["nothing"])
    event = exec_of(monitor, workloads, "execve", f"./a/../{link.name}")
    found = workloads["nothing"].stat()
    assert (event.exe, event.cwd) == (str(workloads["nothing"]), str(scratch))
    assert (event.device, event.inode, event.file_state, event.cut) == (found.st_dev, found.st_ino, None, ())


def test_a_script_is_run_by_a_program(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    script = scratch / f"{workloads.prefix}script"
    script.write_text(f"#!{workloads['nothing']}\n")
    script.chmod(0o755)
    event = exec_of(monitor, workloads, "execve", f"./{script.name}")
    assert (event.path, event.exe) == (f"./{script.name}", str(workloads["nothing"]))
    assert event.inode == workloads["nothing"].stat().st_ino


def test_a_program_that_fails_from_a_directory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    (scratch / "a").mkdir()
    directory = os.open(scratch / "a", os.O_PATH)
    os.set_inheritable(directory, True)
    event = exec_of(monitor, workloads, "execveat", "b/missing", dirfd=directory)
    os.close(directory)
    assert (event.errno, event.joined_path, event.cwd) == ("ENOENT", f"{scratch}/a/b/missing", str(scratch))
    assert (event.exe, event.inode, event.cut) == (None, None, ())


@pytest.mark.parametrize("how", ["memfd", "deleted"])
def test_a_program_without_a_name(workloads: Workloads, scratch: Path, how: str) -> None:
    if how == "memfd":
        words = ["memory", 0, 0, workloads["nothing"], "zero"]
    else:
        copy = scratch / "copy"
        shutil.copy(workloads["nothing"], copy)
        descriptor = os.open(copy, os.O_PATH)
        os.set_inheritable(descriptor, True)
        copy.unlink()
        words = ["execveat", descriptor, AT_EMPTY_PATH, "", "zero"]
    process = Process(workloads["exec"], *words)
    with Monitor(pid=[process.pid], attach="raw") as monitor:  # by pid: it is then named after the descriptor's number
        run, [run.events] = collect(process, [monitor])
    event = run.only(Exec)
    expected = "memfd:copy" if how == "memfd" else f"{scratch}/copy"
    assert (event.exe, event.file_state, event.cut) == (expected, how, ())
    assert event.path.startswith("/dev/fd/")
    if how == "deleted":
        assert event.inode == os.fstat(descriptor).st_ino
        os.close(descriptor)
