"""Which program an exec led to, and from which directory."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Exec, Monitor

from .conftest import Workloads
from .watching import Process, collect, watch

AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPEN_TREE, OPEN_TREE_CLONE = 428, 1  # the number is the same on all machines


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


@pytest.fixture
def program(request: pytest.FixtureRequest, workloads: Workloads, scratch: Path) -> Iterator[tuple[int, str]]:
    """A descriptor of a program that no path leads to, for the workload to inherit; and what it is called."""
    copy = scratch / "copy"
    shutil.copy(workloads["nothing"], copy)
    if request.param == "detached":
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(scratch), OPEN_TREE_CLONE)
        assert descriptor >= 0, os.strerror(ctypes.get_errno())
        name = "/copy"
    else:
        descriptor, name = os.open(copy, os.O_PATH), str(copy)
        copy.unlink()
    os.set_inheritable(descriptor, True)
    yield descriptor, name
    os.close(descriptor)


def lone_exec(workloads: Workloads, *words: str | int | Path) -> Exec:
    """By pid: before Linux 6.14 it is then named after the descriptor's number."""
    process = Process(workloads["exec"], *words)
    with Monitor(pid=[process.pid], attach="raw") as monitor:
        run, [run.events] = collect(process, [monitor])
    return run.only(Exec)


@pytest.mark.parametrize("program", ["deleted"], indirect=True)
def test_a_program_that_was_deleted(workloads: Workloads, program: tuple[int, str]) -> None:
    descriptor, name = program
    event = lone_exec(workloads, "execveat", descriptor, AT_EMPTY_PATH, "", "zero")
    assert (event.path, event.exe, event.file_state) == (f"/dev/fd/{descriptor}", name, "deleted")
    assert (event.inode, event.cut) == (os.fstat(descriptor).st_ino, ())


@pytest.mark.parametrize("program", ["detached"], indirect=True)
def test_a_program_in_a_mount_that_hangs_nowhere(workloads: Workloads, program: tuple[int, str]) -> None:
    descriptor, name = program
    event = lone_exec(workloads, "execveat", descriptor, 0, "copy", "zero")
    assert (event.path, event.exe, event.file_state) == (f"/dev/fd/{descriptor}/copy", name, "detached")
    assert (event.inode, event.cut) == (os.stat("copy", dir_fd=descriptor).st_ino, ())


def test_a_program_in_memory(workloads: Workloads) -> None:
    event = lone_exec(workloads, "memory", 0, 0, workloads["nothing"], "zero")
    assert (event.exe, event.file_state, event.cut) == ("memfd:copy", "memfd", ())
    assert event.path.startswith("/dev/fd/")
    assert event.inode
