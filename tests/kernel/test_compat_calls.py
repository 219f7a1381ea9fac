"""System calls as 32-bit programs make them, here by a 64-bit one through `int $0x80`: shown like all others. Only the
tracepoints of single calls do not see them, and say so.
"""

import errno as errors
import os
import platform
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Exec, Exit, Monitor, Open
from onlooker.events import TASK_EVENTS
from onlooker.probe import kernel
from onlooker.probe.attach import METHODS
from onlooker.probe.syscalls import calls_of, functions_of

from .conftest import Workloads
from .running import Process, Run, run_workload

COUNT = 23
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
CLONE_FS, CLONE_VM = 0x200, 0x100
OPENS = ["open", "creat", "openat", "openat2"]

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="int $0x80 is a way into x86 kernels")


@pytest.fixture(scope="module", autouse=True)
def kernel_takes_them(workloads: Workloads) -> None:
    run = Process(workloads.renamed("compat"), "open", 1, 0, 0, 0, 0, "/").wait()
    if run.code == -signal.SIGSEGV:
        pytest.skip("this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)")


def is_seen(monitor: Monitor, event: str) -> bool:
    """Whether the monitor says that it sees them."""
    blind = {each.blind for each in monitor.attached if each.event == event and each.purpose != "io_uring"}
    assert blind <= {"", "32-bit system calls", "calls that a seccomp filter answers"}
    return "32-bit system calls" not in blind


def make(
    monitor: Monitor,
    workloads: Workloads,
    call: str,
    path: str | bytes | Path,
    *args: str | bytes,
    dirfd: int = AT_FDCWD,
    flags: int = 0,
    mode: int = 0,
    resolve: int = 0,
    count: int = COUNT,
) -> Run:
    text = os.fsencode(path)
    run = run_workload(monitor, workloads["compat"], call, count, dirfd, flags, mode, resolve, text, *args)
    assert len(run.numbers) == count
    return run


def opens(monitor: Monitor, run: Run) -> list[Open]:
    """The events, if they can be seen; each with what the workload saw as its result."""
    events = run.opens()
    if not is_seen(monitor, "open"):
        assert events == []
        return []
    assert len(events) == len(run.numbers)
    for event, result in zip(events, run.numbers, strict=True):
        assert (event.pid, event.tid, event.ppid) == (run.pid, run.pid, os.getpid())
        assert (event.fd, event.errno) == ((result, None) if result >= 0 else (None, errors.errorcode[-result]))
        assert event.cut == ()
    return events


@pytest.mark.parametrize("call", OPENS)
def test_a_file_is_opened(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    (scratch / "link").symlink_to("file")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    for event in opens(monitor, make(monitor, workloads, call, "./link", flags=flags, mode=0o640)):
        assert (event.syscall, event.path, event.mode, event.resolve) == (call, "./link", 0o640, ())
        assert event.flags == (
            ("O_WRONLY", "O_CREAT", "O_TRUNC") if call == "creat" else ("O_RDWR", "O_CREAT", "O_CLOEXEC")
        )
        assert event.dirfd == (AT_FDCWD if call.startswith("openat") else None)
        file = (scratch / "file").stat()
        assert (event.real_path, event.device, event.inode) == (f"{scratch}/file", file.st_dev, file.st_ino)
        assert (event.joined_path, event.file_state) == (None, None)


@pytest.mark.parametrize("call", OPENS)
@pytest.mark.parametrize(("path", "joined"), [("missing/file", "{}/missing/file"), ("/missing/file",) * 2, ("", None)])
def test_a_file_can_not_be_opened(
    monitor: Monitor, workloads: Workloads, scratch: Path, call: str, path: str, joined: str | None
) -> None:
    for event in opens(monitor, make(monitor, workloads, call, path)):
        assert (event.syscall, event.path, event.errno) == (call, path, "ENOENT")
        assert event.joined_path == (joined and joined.format(scratch))
        assert (event.real_path, event.inode, event.device) == (None, None, None)


@pytest.fixture
def directory(scratch: Path) -> Iterator[int]:
    """A descriptor, which the workload inherits."""
    (scratch / "d").mkdir()
    (scratch / "d" / "file").touch()
    descriptor = os.open("d", os.O_PATH)
    os.set_inheritable(descriptor, True)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("call", ["openat", "openat2"])
def test_from_a_directory(monitor: Monitor, workloads: Workloads, scratch: Path, directory: int, call: str) -> None:
    for event in opens(monitor, make(monitor, workloads, call, "file", dirfd=directory)):
        assert (event.dirfd, event.real_path) == (directory, f"{scratch}/d/file")
    for event in opens(monitor, make(monitor, workloads, call, "no", dirfd=directory)):
        assert (event.dirfd, event.joined_path, event.errno) == (directory, f"{scratch}/d/no", "ENOENT")
    for event in opens(monitor, make(monitor, workloads, call, "no", dirfd=-1)):
        assert (event.dirfd, event.joined_path, event.errno) == (-1, None, "EBADF")


def test_resolve(monitor: Monitor, workloads: Workloads, scratch: Path, directory: int) -> None:
    run = make(monitor, workloads, "openat2", "/file", dirfd=directory, resolve=0x10)
    for event in opens(monitor, run):
        assert (event.resolve, event.real_path) == (("RESOLVE_IN_ROOT",), f"{scratch}/d/file")


@pytest.mark.parametrize("length", [255, 256, 4095])
def test_a_long_path(monitor: Monitor, workloads: Workloads, scratch: Path, length: int) -> None:
    path = b"./" * ((length - 4) // 2) + b"caf\xe9"[-4:]
    for event in opens(monitor, make(monitor, workloads, "open", path, flags=os.O_CREAT, mode=0o600, count=1)):
        assert os.fsencode(event.path) == path
        assert os.fsencode(event.real_path or "") == os.fsencode(scratch) + b"/caf\xe9"


def test_by_a_handle(monitor: Monitor, workloads: Workloads) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        mount = os.open("/dev/shm", os.O_RDONLY)
        os.set_inheritable(mount, True)
        run = make(monitor, workloads, "handle", file.name, dirfd=mount, flags=os.O_RDWR)
        os.close(mount)
        for event in opens(monitor, run):
            assert (event.syscall, event.path, event.dirfd) == ("open_by_handle_at", "", mount)
            assert (event.real_path, event.inode) == (file.name, os.fstat(file.fileno()).st_ino)
            assert (event.flags, event.mode) == (("O_RDWR",), None)


def failed(monitor: Monitor, run: Run) -> list[Exec]:
    """The failed execs, if they can be seen."""
    events = run.execs()
    assert {errors.errorcode[-result] for result in run.numbers} == {"ENOENT"}
    if not is_seen(monitor, "exec"):
        assert events == []
        return []
    assert len(events) == COUNT
    assert {(event.pid, event.tid, event.errno, event.cut) for event in events} == {(run.pid, run.pid, "ENOENT", ())}
    return events


ARGUMENTS = {
    "none": [],
    "one": [b"zero"],
    "not UTF-8": [b"caf\xe9", b"", b"\xff\n\x1b[31m", b""],
    "many": [b"%d" % i for i in range(123)],
    "long": [b"a" * 3000, b"b" * 1000],
}


@pytest.mark.parametrize("call", ["execve", "execveat"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_exec_fails(monitor: Monitor, workloads: Workloads, scratch: Path, call: str, name: str) -> None:
    for event in failed(monitor, make(monitor, workloads, call, "missing", *ARGUMENTS[name])):
        assert (event.path, event.joined_path, event.cwd) == ("missing", f"{scratch}/missing", str(scratch))
        assert [os.fsencode(arg) for arg in event.argv] == ARGUMENTS[name]
        assert (event.interpreter, event.exe, event.inode) == (None, None, None)


def test_an_exec_fails_from_a_directory(monitor: Monitor, workloads: Workloads, scratch: Path, directory: int) -> None:
    for event in failed(monitor, make(monitor, workloads, "execveat", "no", b"zero", dirfd=directory)):
        assert (event.path, event.joined_path, event.cwd) == ("no", f"{scratch}/d/no", str(scratch))


@pytest.mark.parametrize("call", ["execve", "execveat"])
def test_a_program_is_executed(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    """Seen in any case: by the kernel's own event."""
    path = os.fsencode(workloads["self"])
    run = run_workload(monitor, workloads["compat"], call, 1, AT_FDCWD, 0, 0, 0, path, b"zero", b"\xff", b"")
    [event] = run.execs()
    assert (os.fsencode(event.path), [os.fsencode(arg) for arg in event.argv]) == (path, [b"zero", b"\xff", b""])
    assert run.output.splitlines()[1:] == [event.exe, event.cwd] == [str(workloads["self"]), str(scratch)]
    assert (event.errno, event.cut) == (None, ())


@pytest.mark.parametrize(
    ("call", "flags", "number", "names"),
    [
        ("fork", 0, 0, ("SIGCHLD",)),
        ("vfork", 0, 0, ("CLONE_VM", "CLONE_VFORK", "SIGCHLD")),
        ("clone", CLONE_FS, signal.SIGCHLD, ("CLONE_FS", "SIGCHLD")),
        ("clone", CLONE_FS, signal.SIGURG, ("CLONE_FS", "SIGURG")),
        ("clone3", CLONE_FS, signal.SIGCHLD, ("CLONE_FS", "SIGCHLD")),
        ("clone3", 0x100000000, 0, ("CLONE_CLEAR_SIGHAND",)),
    ],
)
def test_a_process_is_created(
    monitor: Monitor, workloads: Workloads, call: str, flags: int, number: int, names: tuple[str, ...]
) -> None:
    """Seen in any case."""
    run = make(monitor, workloads, call, "", flags=flags, mode=number)
    assert [fork.child_pid for fork in run.forks] == run.numbers
    for fork in run.forks:
        assert (fork.syscall, fork.clone_flags, fork.cut) == (call, names, ())
        assert (fork.pid, fork.child_ppid, fork.thread, fork.kernel) == (run.pid, run.pid, False, False)
        assert run.only(Exit, fork.child_pid).start_ns == fork.child_start_ns


def test_a_call_of_an_x32_program(monitor: Monitor, workloads: Workloads) -> None:
    """Native but for a bit in its number, which most kernels do not take."""
    run = make(monitor, workloads, "x32 openat", "/")
    assert set(run.numbers) <= {3, -errors.ENOSYS}
    ways = {each.method for each in monitor.attached if each.event == "open" and each.purpose != "io_uring"}
    if ways != {METHODS["raw"]} and 3 not in run.numbers:  # it came to no call
        assert run.opens() == []
        return
    for event in opens(monitor, run):
        assert (event.syscall, event.path, event.dirfd) == ("openat", "/", AT_FDCWD)


@pytest.mark.skipif(kernel.version(kernel.release()) < (6, 15), reason="older kernels are not watched in that way")
@pytest.mark.parametrize("event", [event for event in TASK_EVENTS if calls_of(event) and event != "fork"])
def test_the_kernel_has_the_functions_that_are_these_calls(event: str) -> None:
    """If a name were wrong, the way to see them by their functions would never be taken."""
    assert {name for names in functions_of(event) for name in names if not kernel.btf_has(name)} == set()
