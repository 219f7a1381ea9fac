"""Exec events: the program that runs, and its directory, are what the new program itself finds in /proc/self."""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from errno import errorcode
from pathlib import Path

import pytest

from onlooker import Exec, Fork, Monitor

from .conftest import Workloads
from .mounts import detached
from .running import SLOWER, Process, Run, collect, run_workload

COUNT = 23
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
DELETED = " (deleted)"  # what readlink(2) adds to the path, fs/d_path.c
LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
INHERITED = 200  # a descriptor that nothing else has


def execute(monitor: Monitor, workloads: Workloads, path: str | Path, *args: str, how: str = "execve") -> Exec:
    """The event of an exec of `self`, checked against what that says of itself."""
    run = run_workload(monitor, workloads["exec"], how, AT_FDCWD, 0, path, "zero", *args)
    [event] = run.execs()
    assert_is(event, run)
    return event


def assert_is(event: Exec, run: Run, *, state: str | None = None, deleted_cwd: bool = False) -> None:
    """`exe`, `cwd`, device and inode are what the program printed; `state` is why its path does not lead to it."""
    numbers, exe, cwd = run.output.splitlines()
    assert [event.device, event.inode] == [int(number) for number in numbers.split()]
    if state == "memfd":
        assert exe == f"/{event.exe}{DELETED}"
    else:
        assert exe == f"{event.exe}{DELETED if state else ''}"
    assert cwd == f"{event.cwd}{DELETED if deleted_cwd else ''}"
    assert (event.errno, event.joined_path, event.file_state) == (None, None, state)
    assert event.cut == (("cwd",) if deleted_cwd else ())


def test_the_program_and_its_directory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    for _ in range(COUNT):
        event = execute(monitor, workloads, workloads["self"])
        assert (event.exe, event.cwd, event.path) == (str(workloads["self"]), str(scratch), str(workloads["self"]))


def by_a_link(scratch: Path, program: Path) -> str:
    Path(program.name).symlink_to(program)
    return program.name


def by_a_directory_s_link(scratch: Path, program: Path) -> str:
    Path("bin").symlink_to(program.parent)
    return f"./bin/.//{program.name}"


def by_another_name(scratch: Path, program: Path) -> str:
    shutil.copy(program, f"{program.name}1")
    os.link(f"{program.name}1", f"{program.name}2")
    return f"{scratch}/{program.name}2"


def relative(scratch: Path, program: Path) -> str:
    return os.path.relpath(program)


@pytest.mark.parametrize("prepare", [by_a_link, by_a_directory_s_link, by_another_name, relative])
def test_a_way_to_the_program(
    monitor: Monitor, workloads: Workloads, scratch: Path, prepare: Callable[[Path, Path], str]
) -> None:
    path = prepare(scratch, workloads["self"])
    for how in ("execve", "execveat", "thread"):
        event = execute(monitor, workloads, path, how=how)
        assert event.path == path
        assert event.cwd == str(scratch)


def test_a_script_runs_its_interpreter(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """By a script that is run by a script, too."""
    names = [scratch / f"{workloads.prefix}{name}" for name in ("one", "two")]
    for name, interpreter in zip(names, (workloads["self"], names[0]), strict=True):
        name.write_text(f"#!{interpreter}\n")
        name.chmod(0o755)
        event = execute(monitor, workloads, f"./{name.name}")
        assert (event.path, event.exe) == (f"./{name.name}", str(workloads["self"]))
        assert event.interpreter == str(workloads["self"])


def test_the_loader_is_the_program_that_runs(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Where it is called by hand, with the program as its argument."""
    named = Path(shutil.copy(LOADERS[platform.machine()], f"{workloads.prefix}loader"))
    event = execute(monitor, workloads, f"./{named}", str(workloads["self"]))
    assert (event.exe, event.argv) == (f"{scratch}/{named}", ("zero", str(workloads["self"])))


def test_in_memory(monitor: Monitor, workloads: Workloads) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        copy = shutil.copy(workloads["self"], directory)
        assert execute(monitor, workloads, copy).exe == copy


def test_another_directory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    Path("link").symlink_to("/usr/bin")
    os.chdir("link")
    assert execute(monitor, workloads, workloads["self"]).cwd == str(Path("/usr/bin").resolve())
    os.chdir("/")
    assert execute(monitor, workloads, workloads["self"]).cwd == "/"


def test_a_directory_that_was_removed(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """No path leads to it; the event has its last name, marked."""
    Path("gone").mkdir()
    os.chdir("gone")
    process = Process(workloads["exec"], "execve", AT_FDCWD, 0, workloads["self"], "zero")
    os.chdir(scratch)
    Path("gone").rmdir()
    run, [run.events] = collect(process, [monitor])
    [event] = run.execs()
    assert_is(event, run, deleted_cwd=True)
    assert event.cwd == f"{scratch}/gone"


def inherited(descriptor: int) -> int:
    """As another one, that the workload inherits."""
    os.dup2(descriptor, INHERITED, inheritable=True)
    os.close(descriptor)
    return INHERITED


def by_descriptor(workloads: Workloads, descriptor: int, path: str = "", flags: int = AT_EMPTY_PATH) -> Run:
    """execveat(2), as fexecve(3) uses it; by pid, because before Linux 6.14 it is then named after the descriptor."""
    process = Process(workloads["exec"], "execveat", inherited(descriptor), flags, path, "zero")
    os.close(INHERITED)
    with Monitor(pid=[process.pid]) as monitor:
        run, [run.events] = collect(process, [monitor])
    assert run.code == 0
    return run


def test_by_a_descriptor(workloads: Workloads) -> None:
    for _ in range(max(2, COUNT // SLOWER)):  # a monitor each
        run = by_descriptor(workloads, os.open(workloads["self"], os.O_PATH))
        event = run.only(Exec)
        assert_is(event, run)
        assert (event.path, event.exe) == (f"/dev/fd/{INHERITED}", str(workloads["self"]))


def test_from_a_directory(workloads: Workloads) -> None:
    name = workloads["self"].name
    run = by_descriptor(workloads, os.open(workloads.directory, os.O_PATH), name, 0)
    event = run.only(Exec)
    assert_is(event, run)
    assert (event.path, event.exe) == (f"/dev/fd/{INHERITED}/{name}", str(workloads["self"]))


def in_memory(program: Path) -> int:
    """fexecve(3) of a file that is nowhere."""
    descriptor = os.memfd_create("a program")
    os.write(descriptor, program.read_bytes())
    return descriptor


def test_a_memfd(workloads: Workloads) -> None:
    run = by_descriptor(workloads, in_memory(workloads["self"]))
    event = run.only(Exec)
    assert_is(event, run, state="memfd")
    assert (event.path, event.exe) == (f"/dev/fd/{INHERITED}", "memfd:a program")


def test_a_deleted_program(workloads: Workloads, scratch: Path) -> None:
    copy = Path(shutil.copy(workloads["self"], scratch / "copy"))
    descriptor = os.open(copy, os.O_PATH)
    copy.unlink()
    run = by_descriptor(workloads, descriptor)
    event = run.only(Exec)
    assert_is(event, run, state="deleted")
    assert event.exe == str(copy)


def test_in_a_mount_that_hangs_nowhere(workloads: Workloads, scratch: Path) -> None:
    """open_tree(2): no path leads there."""
    shutil.copy(workloads["self"], scratch / "copy")
    event = by_descriptor(workloads, detached(scratch), "copy", 0).only(Exec)
    assert (event.path, event.exe) == (f"/dev/fd/{INHERITED}/copy", "/copy")
    assert (event.file_state, event.cut) == ("detached", ())
    assert event.inode == (scratch / "copy").stat().st_ino


def test_a_program_that_deletes_itself_while_it_runs(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """When it is executed, it is there."""
    copy = Path(shutil.copy(workloads["exec"], scratch / f"{workloads.prefix}copy"))
    process = Process(workloads["exec"], "execve", AT_FDCWD, 0, copy, "zero", "execve", "0", "0", workloads["self"])
    run, [run.events] = collect(process, [monitor])
    first, second = run.execs()
    assert (first.exe, first.file_state) == (str(copy), None)
    assert_is(second, run)


def failed(run: Run) -> Exec:
    [event] = run.execs()
    [number] = run.numbers
    assert event.errno == errorcode[number]
    assert (event.exe, event.file_state, event.device, event.inode) == (None,) * 4
    return event


@pytest.mark.parametrize("how", ["execve", "execveat"])
@pytest.mark.parametrize(
    ("path", "joined"),
    [
        ("missing", "{scratch}/missing"),
        ("./a/../missing", "{scratch}/./a/../missing"),
        ("/missing/program", "/missing/program"),
        ("text", "{scratch}/text"),
    ],
)
def test_what_the_path_would_have_been(
    monitor: Monitor, workloads: Workloads, scratch: Path, how: str, path: str, joined: str
) -> None:
    Path("text").write_text("text")
    for _ in range(COUNT):
        event = failed(run_workload(monitor, workloads["exec"], how, AT_FDCWD, 0, path, "zero"))
        assert (event.path, event.joined_path) == (path, joined.format(scratch=scratch))
        assert (event.cwd, event.cut) == (str(scratch), ())


def test_an_empty_path(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    event = failed(run_workload(monitor, workloads["exec"], "execve", AT_FDCWD, 0, "", "zero"))
    assert (event.errno, event.path, event.joined_path, event.cwd) == ("ENOENT", "", None, str(scratch))


@pytest.mark.parametrize(("path", "joined"), [("b/c", "{scratch}/a/b/c"), ("/b/c", "/b/c"), ("", "{scratch}/a")])
def test_what_it_would_have_been_from_a_directory(
    monitor: Monitor, workloads: Workloads, scratch: Path, path: str, joined: str
) -> None:
    """With an empty path it is the directory itself, which is no program."""
    Path("a").mkdir()
    directory = inherited(os.open("a", os.O_PATH))
    flags = 0 if path else AT_EMPTY_PATH
    event = failed(run_workload(monitor, workloads["exec"], "execveat", directory, flags, path, "zero"))
    os.close(directory)
    assert (event.path, event.joined_path, event.cwd) == (path, joined.format(scratch=scratch), str(scratch))
    assert (event.errno, event.cut) == ("ENOENT" if path else "EACCES", ())


def test_from_a_descriptor_that_is_none(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    event = failed(run_workload(monitor, workloads["exec"], "execveat", 2323, 0, "program", "zero"))
    assert (event.errno, event.joined_path, event.cwd, event.cut) == ("EBADF", None, str(scratch), ())


def test_from_a_directory_that_was_removed(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    Path("gone").mkdir()
    os.chdir("gone")
    process = Process(workloads["exec"], "execve", AT_FDCWD, 0, "missing", "zero")
    os.chdir(scratch)
    Path("gone").rmdir()
    run, [run.events] = collect(process, [monitor])
    event = failed(run)
    assert (event.joined_path, event.cwd) == (f"{scratch}/gone/missing", f"{scratch}/gone")
    assert event.cut == ("cwd", "joined_path")


def test_a_child_has_its_creators_directory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    run = run_workload(monitor, workloads["exec"], "child", AT_FDCWD, 0, workloads["self"], "zero")
    event = run.only(Exec, run.only(Fork).child_pid)
    assert_is(event, run)
    assert event.cwd == str(scratch)
