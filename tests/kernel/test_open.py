"""Open events: every way to open a file, with every field as it was passed."""

import errno as errors
import os
import platform
from pathlib import Path

import pytest

from onlooker import Monitor, Open

from .conftest import Workloads
from .flavours import by_functions
from .running import run_workload

COUNT = 23
AT_FDCWD = -100
CALLS = ["openat", "openat2"]
if platform.machine() == "x86_64":  # the other calls are older than other machines
    CALLS += ["open", "creat"]
CREATED = ("O_WRONLY", "O_CREAT", "O_TRUNC")


def attempt(
    monitor: Monitor,
    workloads: Workloads,
    call: str,
    path: str | bytes | Path,
    flags: int = 0,
    *,
    where: str = "plain",
    dirfd: int = AT_FDCWD,
    mode: int = 0,
    resolve: int = 0,
    count: int = 1,
) -> list[Open]:
    """Open a file in that way, and check what the call gave, and what it does not have, against the events."""
    text = os.fsencode(path)
    run = run_workload(monitor, workloads["open"], call, where, dirfd, text, flags, mode, resolve, count)
    fd, number = run.numbers
    events = run.opens()
    assert len(events) == count
    for event in events:
        assert (event.syscall, event.pid, event.tid) == (call, run.pid, run.pid)
        assert (event.fd, event.errno) == ((None, errors.errorcode[number]) if number else (fd, None))
        assert event.dirfd == (dirfd if call.startswith("openat") else None)
    return events


def mode_for(call: str) -> int:
    return 0o640 if call == "creat" else 0


@pytest.mark.parametrize("call", CALLS)
def test_success(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    path = scratch / "file"
    path.touch()
    for event in attempt(monitor, workloads, call, path, mode=mode_for(call), count=COUNT):
        assert (event.path, event.cut, event.resolve) == (str(path), (), ())
        assert (event.errno, event.fd) == (None, 3)
        assert event.flags == (CREATED if call == "creat" else ("O_RDONLY",))
        assert event.mode == (0o640 if call == "creat" else None)


@pytest.mark.parametrize("call", CALLS)
def test_failure(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    for event in attempt(monitor, workloads, call, "missing/file", mode=mode_for(call), count=COUNT):
        assert (event.path, event.errno, event.fd, event.cut) == ("missing/file", "ENOENT", None, ())


FLAGS = [
    (os.O_WRONLY | os.O_APPEND, ("O_WRONLY", "O_APPEND"), None),
    (os.O_RDWR | os.O_CREAT | os.O_EXCL, ("O_RDWR", "O_CREAT", "O_EXCL"), 0o4751),
    (os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, ("O_RDWR", "O_CREAT", "O_CLOEXEC"), 0o600),
    (os.O_PATH | os.O_NOFOLLOW, ("O_RDONLY", "O_NOFOLLOW", "O_PATH"), None),
    (os.O_DIRECTORY, ("O_RDONLY", "O_DIRECTORY"), None),
    (os.O_RDWR | os.O_SYNC | os.O_NONBLOCK, ("O_RDWR", "O_SYNC", "O_NONBLOCK"), None),
    (os.O_DSYNC | os.O_NOATIME | os.O_NOCTTY, ("O_RDONLY", "O_NOCTTY", "O_DSYNC", "O_NOATIME"), None),
]


@pytest.mark.parametrize("call", [call for call in CALLS if call != "creat"])
@pytest.mark.parametrize(("flags", "names", "mode"), FLAGS)
def test_flags(
    monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    call: str,
    flags: int,
    names: tuple[str, ...],
    mode: int | None,
) -> None:
    if not flags & os.O_CREAT and not flags & os.O_DIRECTORY:
        (scratch / "file").touch()
    [event] = attempt(monitor, workloads, call, "file", flags, mode=mode or 0)
    assert (event.path, event.flags, event.mode, event.cut) == ("file", names, mode, ())
    assert event.errno == ("ENOENT" if flags & os.O_DIRECTORY else None)


@pytest.mark.parametrize("call", [call for call in CALLS if call != "creat"])
def test_a_file_without_a_name(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    [event] = attempt(monitor, workloads, call, scratch, os.O_TMPFILE | os.O_RDWR, mode=0o1600)
    assert (event.path, event.flags, event.mode) == (str(scratch), ("O_RDWR", "O_TMPFILE"), 0o1600)
    assert event.fd == 3 or event.errno == "EOPNOTSUPP"  # the file system's choice
    assert event.created is (event.fd == 3)


@pytest.mark.parametrize("call", CALLS)
def test_created_or_only_opened(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    """Of two opens with the same flags, the first makes the file."""
    events = attempt(monitor, workloads, call, "file", os.O_CREAT | os.O_WRONLY, mode=0o600, count=COUNT)
    assert [event.created for event in events] == [True] + [False] * (COUNT - 1)
    assert {event.cut for event in events} == {()}
    if call != "creat":
        [event] = attempt(monitor, workloads, call, "file", os.O_CREAT | os.O_EXCL, mode=0o600)
        assert (event.errno, event.created) == ("EEXIST", False)


@pytest.mark.parametrize("call", ["openat", "openat2"])
@pytest.mark.parametrize("path", ["here", "missing"])
def test_relative_to_a_directory(monitor: Monitor, workloads: Workloads, scratch: Path, call: str, path: str) -> None:
    (scratch / "here").touch()
    directory = os.open(scratch, os.O_PATH)
    os.set_inheritable(directory, True)
    [event] = attempt(monitor, workloads, call, path, dirfd=directory)
    os.close(directory)
    assert (event.path, event.dirfd, event.errno) == (path, directory, "ENOENT" if path == "missing" else None)


@pytest.mark.parametrize("call", ["openat", "openat2"])
@pytest.mark.parametrize("dirfd", [-1, 2323])
def test_relative_to_nothing(monitor: Monitor, workloads: Workloads, call: str, dirfd: int) -> None:
    [event] = attempt(monitor, workloads, call, "file", dirfd=dirfd)
    assert (event.path, event.dirfd, event.errno) == ("file", dirfd, "EBADF")


@pytest.mark.parametrize(
    ("resolve", "names", "errno"),
    [
        (0x08, ("RESOLVE_BENEATH",), "EXDEV"),
        (0x12, ("RESOLVE_NO_MAGICLINKS", "RESOLVE_IN_ROOT"), "ENOENT"),
        (0x04, ("RESOLVE_NO_SYMLINKS",), None),
        (0x800000, ("0x800000",), "EINVAL"),
    ],
)
def test_resolve(
    monitor: Monitor, workloads: Workloads, scratch: Path, resolve: int, names: tuple[str, ...], errno: str | None
) -> None:
    path = scratch / "file"
    path.touch()
    [event] = attempt(monitor, workloads, "openat2", path, resolve=resolve)
    assert (event.path, event.resolve, event.errno, event.cut) == (str(path), names, errno, ())


def test_unknown_flags(monitor: Monitor, workloads: Workloads) -> None:
    [event] = attempt(monitor, workloads, "openat2", "/", 1 << 40)
    assert (event.flags, event.errno) == (("O_RDONLY", hex(1 << 40)), "EINVAL")
    [event] = attempt(monitor, workloads, "openat", "/", 1 << 40 | os.O_CLOEXEC)
    assert (event.flags, event.errno) == (("O_RDONLY", "O_CLOEXEC"), None)  # the kernel takes 32 bits only


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("where", ["plain", "edge"])
@pytest.mark.parametrize("length", [1, 254, 255, 256, 257, 511, 512, 4094, 4095])
def test_the_length_of_a_path(
    monitor: Monitor, workloads: Workloads, scratch: Path, call: str, where: str, length: int
) -> None:
    """At an edge, the NUL is the last byte before a page that is not there."""
    name = b"f" * (1 + (length - 1) % 2)
    path = b"./" * ((length - 1) // 2) + name
    (scratch / os.fsdecode(name)).touch()
    [event] = attempt(monitor, workloads, call, path, where=where, mode=mode_for(call))
    assert len(path) == length
    assert (os.fsencode(event.path), event.errno, event.cut) == (path, None, ())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("where", ["plain", "edge", "over"])
@pytest.mark.parametrize("length", [4096, 4097, 9000])
def test_a_path_that_is_too_long(monitor: Monitor, workloads: Workloads, call: str, where: str, length: int) -> None:
    path = b"/" * (length - 23) + b"f" * 23
    [event] = attempt(monitor, workloads, call, path, where=where, mode=mode_for(call))
    assert event.errno == "ENAMETOOLONG"
    assert os.fsencode(event.path) == path[:4095]
    assert event.cut == ("path", "joined_path")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("where", "path"), [("null", "f"), ("bad", "f")])
def test_a_path_that_is_nowhere(monitor: Monitor, workloads: Workloads, call: str, where: str, path: str) -> None:
    [event] = attempt(monitor, workloads, call, path, where=where, mode=mode_for(call))
    assert (event.errno, event.path, event.cut) == ("EFAULT", "", ("path",))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("length", [1, 300, 4095])
def test_a_path_whose_end_is_not_there(
    monitor: Monitor, workloads: Workloads, scratch: Path, call: str, length: int
) -> None:
    """The part before the missing page is shown."""
    path = "f" * length
    [event] = attempt(monitor, workloads, call, path, where="over", mode=mode_for(call))
    assert (event.errno, event.path, event.cut) == ("EFAULT", path, ("path", "joined_path"))
    assert event.joined_path == f"{scratch}/{path}"


@pytest.mark.parametrize(
    ("flags", "mode", "shown"),
    [
        (os.O_CREAT | os.O_RDWR, 0xDEAD0000000001FF, 0xDEAD0000000001FF),
        (os.O_CREAT, 0o10600, 0o10600),
        (os.O_RDWR, 0o777, 0o777),
        (os.O_RDWR, 2**64 - 1, 2**64 - 1),
    ],
)
def test_a_mode_that_openat2_refuses(
    monitor: Monitor, workloads: Workloads, scratch: Path, flags: int, mode: int, shown: int
) -> None:
    (scratch / "file").touch()
    [event] = attempt(monitor, workloads, "openat2", "file", flags, mode=mode)
    assert (event.errno, event.mode, event.cut) == ("EINVAL", shown, ())


@pytest.mark.parametrize(("where", "errno"), [("small", "EINVAL"), ("large", "E2BIG")])
def test_a_structure_of_another_size(
    monitor: Monitor, workloads: Workloads, scratch: Path, where: str, errno: str
) -> None:
    """The kernel reads nothing of one that is too small, and its own part of a larger one."""
    [event] = attempt(monitor, workloads, "openat2", "file", os.O_RDWR, where=where, mode=0o777, resolve=1)
    is_read = where == "large"
    assert event.errno == errno
    assert (event.mode, event.resolve) == ((0o777, ("RESOLVE_NO_XDEV",)) if is_read else (None, ()))
    assert event.cut == (() if is_read else ("flags", "mode", "resolve"))


def test_flags_that_are_nowhere(monitor: Monitor, workloads: Workloads) -> None:
    [event] = attempt(monitor, workloads, "openat2", "/", os.O_RDWR, where="how")
    assert (event.path, event.errno, event.cut) == ("/", "EFAULT", ("flags", "mode", "resolve"))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "name",
    [
        b"",
        b" ",
        b"caf\xe9",
        b"\xff\xfe\xfd",
        b"\xed\xa0\x80",
        b"new\nline\ttab\r",
        b"\x1b[31m\x1b]0;title\x07",
        b"\xc2\x9b31m",
        b"\xe2\x80\xaegnp",
        b'"quoted\\',
        "\N{GRINNING FACE}".encode(),
    ],
)
def test_every_byte_of_a_name(monitor: Monitor, workloads: Workloads, scratch: Path, call: str, name: bytes) -> None:
    if name:
        os.close(os.open(name, os.O_CREAT))
    [event] = attempt(monitor, workloads, call, name, mode=mode_for(call))
    assert os.fsencode(event.path) == name
    assert (event.errno, event.cut) == (None if name else "ENOENT", ())


def test_rubbish_in_the_upper_half_of_a_number(monitor: Monitor, workloads: Workloads) -> None:
    """The kernel takes 32 bits of it (do_syscall_64, arch/x86/entry/syscall_64.c). Linux 5.10 does
    so only where calls are traced (syscall_trace_enter), and else has no such call.
    """
    run = run_workload(monitor, workloads["number"], COUNT)
    [opened] = run.numbers
    assert opened == COUNT or (by_functions(monitor) and not opened)
    assert [(event.syscall, event.path, event.errno) for event in run.opens()] == [("openat", "/", None)] * opened
