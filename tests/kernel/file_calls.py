"""Making a call on files, natively or as a 32-bit program does, and finding it among the events."""

import errno as errors
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onlooker import (
    Access,
    Chdir,
    Chmod,
    Chown,
    Link,
    Mkdir,
    Mknod,
    Monitor,
    Readlink,
    Rename,
    Rmdir,
    Stat,
    Symlink,
    TaskEvent,
    Truncate,
    Unlink,
    Utime,
    Xattr,
)
from onlooker.probe import kernel
from onlooker.probe.syscalls import numbers

from .conftest import Workloads
from .running import Run, Task, inherited, run_workload

COUNT = 23
NAMES = {**errors.errorcode, errors.EOPNOTSUPP: "EOPNOTSUPP"}  # ENOTSUP is the C library's word
AT_FDCWD = -100
NATIVE, COMPAT = numbers(platform.machine())

ODD = (
    b"caf\xe9",
    b"\xff\xfe\xfd",
    b"new\nline\ttab\r",
    b"\x1b[31m\x1b]0;title\x07",
    b"\xe2\x80\xaegnp",
    b'"quoted\\',
    b"-",
)
LONGEST = 4095  # bytes of a path without its NUL

# int $0x80 in a 64-bit program: where the kernel was built to run 32-bit programs
takes_compat_calls = pytest.mark.skipif(
    platform.machine() != "x86_64" or not kernel.btf_has("__ia32_compat_sys_open"),
    reason="this kernel runs no 32-bit programs",
)


# what each call takes, in its order, named as the events' fields
SHAPES = {
    "rename": ("path", "new_path"),
    "renameat": ("dirfd", "path", "new_dirfd", "new_path"),
    "renameat2": ("dirfd", "path", "new_dirfd", "new_path", "flags"),
    "unlink": ("path",),
    "unlinkat": ("dirfd", "path", "flags"),
    "mkdir": ("path", "mode"),
    "mkdirat": ("dirfd", "path", "mode"),
    "rmdir": ("path",),
    "link": ("path", "new_path"),
    "linkat": ("dirfd", "path", "new_dirfd", "new_path", "flags"),
    "symlink": ("target", "path"),
    "symlinkat": ("target", "dirfd", "path"),
    "chmod": ("path", "mode"),
    "fchmod": ("fd", "mode"),
    "fchmodat": ("dirfd", "path", "mode"),
    "fchmodat2": ("dirfd", "path", "mode", "flags"),
    **dict.fromkeys(("chown", "lchown", "chown32", "lchown32"), ("path", "owner", "group")),
    **dict.fromkeys(("fchown", "fchown32"), ("fd", "owner", "group")),
    "fchownat": ("dirfd", "path", "owner", "group", "flags"),
    "truncate": ("path", "length"),
    "ftruncate": ("fd", "length"),
    "truncate64": ("path", "low", "high"),
    "ftruncate64": ("fd", "low", "high"),
    "access": ("path", "access_mode"),
    "faccessat": ("dirfd", "path", "access_mode"),
    "faccessat2": ("dirfd", "path", "access_mode", "flags"),
    **dict.fromkeys(("stat", "lstat", "stat64", "lstat64", "oldstat", "oldlstat"), ("path", "buffer")),
    **dict.fromkeys(("newfstatat", "fstatat64"), ("dirfd", "path", "buffer", "flags")),
    "statx": ("dirfd", "path", "flags", "mask", "buffer"),
    "readlink": ("path", "buffer", "size"),
    "readlinkat": ("dirfd", "path", "buffer", "size"),
    "chdir": ("path",),
    "fchdir": ("fd",),
    "mknod": ("path", "type_and_mode", "rdev"),
    "mknodat": ("dirfd", "path", "type_and_mode", "rdev"),
    **dict.fromkeys(("setxattr", "lsetxattr"), ("path", "attribute", "value", "size", "flags")),
    "fsetxattr": ("fd", "attribute", "value", "size", "flags"),
    "setxattrat": ("dirfd", "path", "at_flags", "attribute", "args", "args_size"),
    **dict.fromkeys(("removexattr", "lremovexattr"), ("path", "attribute")),
    "fremovexattr": ("fd", "attribute"),
    "removexattrat": ("dirfd", "path", "at_flags", "attribute"),
    **dict.fromkeys(("utime", "utimes"), ("path", "none")),
    "futimesat": ("dirfd", "path", "none"),
    **dict.fromkeys(("utimensat", "utimensat_time64"), ("dirfd", "path", "none", "flags")),
}
USUAL: dict[str, "Argument"] = {
    **{"path": "file", "new_path": "new", "target": "target", "dirfd": AT_FDCWD, "new_dirfd": AT_FDCWD},
    **{"flags": 0, "mode": 0o640, "owner": 1000, "group": 2323, "length": 5, "low": 5, "high": 0},
    **{"access_mode": 4, "buffer": "", "mask": 0x7FF, "size": 7, "type_and_mode": 0o10640, "rdev": 0},
    **{"attribute": "user.note", "value": "a value", "at_flags": 0, "none": "0", "args": "", "args_size": 16},
}
CALLS: dict[type[TaskEvent], tuple[str, ...]] = {
    Rename: ("rename", "renameat", "renameat2"),
    Unlink: ("unlink", "unlinkat"),
    Mkdir: ("mkdir", "mkdirat"),
    Rmdir: ("rmdir", "unlinkat"),
    Link: ("link", "linkat"),
    Symlink: ("symlink", "symlinkat"),
    Chmod: ("chmod", "fchmod", "fchmodat", "fchmodat2"),
    Chown: ("chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32"),
    Truncate: ("truncate", "ftruncate", "truncate64", "ftruncate64"),
    Access: ("access", "faccessat", "faccessat2"),
    Stat: ("stat", "lstat", "newfstatat", "statx", "stat64", "lstat64", "fstatat64", "oldstat", "oldlstat"),
    Readlink: ("readlink", "readlinkat"),
    Chdir: ("chdir", "fchdir"),
    Mknod: ("mknod", "mknodat"),
    Xattr: (
        *("setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
        *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
    ),
    Utime: ("utime", "utimes", "futimesat", "utimensat", "utimensat_time64"),
}
NEWER = {"fchmodat2": (6, 6), "setxattrat": (6, 13), "removexattrat": (6, 13)}
MADE_OF_OTHERS = {"readlink": ("target",), "mknod": ("mode",)}  # fields that are no argument of that name
REMOVEDIR, EMPTY_PATH = 0x200, 0x1000


def ways(event_type: type[TaskEvent], *only: str) -> list[Any]:
    """(call, compat) for every way to make such an event here; some calls only."""
    found = []
    for call in only or CALLS[event_type]:
        if kernel.version(kernel.release()) >= NEWER.get(call, (0, 0)):
            found += [pytest.param(call, False, id=call)] if call in NATIVE else []
            found += [pytest.param(call, True, id=f"{call}-32-bit", marks=takes_compat_calls)] if call in COMPAT else []
    return found


@dataclass(frozen=True)
class Edge:
    """A path whose NUL is the last byte before a page that is not there; without `nul`, its last byte is."""

    path: bytes
    nul: bool = True


NOWHERE = ("b", "0")  # a bad pointer, a null pointer
WITHOUT_PATH = ("futimesat", "utimensat", "utimensat_time64")  # for these, no path is no mistake

Argument = int | str | bytes | Path | Edge


def encoded(argument: Argument) -> bytes:
    """As tests/workloads/call.c takes it."""
    if isinstance(argument, int):
        return f"n{argument}".encode()
    if isinstance(argument, Edge):
        return (b"e" if argument.nul else b"o") + argument.path
    return argument.encode() if argument in NOWHERE else b"t" + os.fsencode(argument)


def make(monitor: Monitor, program: Path, call: str, *, count: int, compat: bool, **given: Argument) -> Run:
    """Make the call `count` times under the monitor; `program` is the workload `call` under a name that it watches."""
    way, numbers = ("compat", COMPAT) if compat else ("native", NATIVE)
    arguments = [encoded(given[name]) for name in SHAPES[call]]
    return run_workload(monitor, program, way, numbers[call], count, *arguments)


def attempt(
    monitor: Monitor,
    workloads: Workloads,
    event_type: type[Task],
    call: str,
    *,
    count: int = 1,
    compat: bool = False,
    **given: Argument,
) -> list[Task]:
    """Its events: one for each call, with the arguments as they were passed and its result.

    None if it is a 32-bit call and the monitor said that it does not see such.
    """
    given = {**{name: USUAL[name] for name in SHAPES[call] if name in USUAL}, **given}
    if event_type is Rmdir and call == "unlinkat":
        given["flags"] = REMOVEDIR
    run = make(monitor, workloads.of_files["call"], call, count=count, compat=compat, **given)
    result, number = run.numbers
    made = [each for each in run.events if isinstance(each, tuple(CALLS)) and each.pid == run.pid and not loads(each)]
    events = [each for each in made if isinstance(each, event_type)]
    assert made == events
    if compat and is_blind(monitor, event_type):
        assert events == []
        return []
    assert len(events) == count
    assert (result == -1) == (number != 0)
    for turn, event in enumerate(events):
        found: Any = event
        assert (found.syscall, found.pid, found.tid) == (call, run.pid, run.pid)
        assert found.errno == (NAMES[number] if number else None)
        check_arguments(found, given, turn)
    return events


def loads(event: TaskEvent) -> bool:
    """Whether it is what the dynamic loader does before the program begins."""
    return isinstance(event, Access) and event.path == "/etc/ld.so.preload"


def check_arguments(event: Any, given: dict[str, Any], turn: int) -> None:
    """What was passed is in the fields of that name, and what the call does not take is absent."""
    if given.get("flags") == EMPTY_PATH and given["path"] == "" and given["dirfd"] != AT_FDCWD:
        given = {**given, "dirfd": None, "fd": given["dirfd"]}
    for name in ("path", "new_path", "target", "dirfd", "new_dirfd", "fd", "mode"):
        if not hasattr(event, name) or (name not in given and name in MADE_OF_OTHERS.get(event.event, ())):
            continue
        passed = given.get(name)
        if isinstance(passed, int) or passed is None:
            assert getattr(event, name) == passed, name
        elif not isinstance(passed, Edge) and passed not in NOWHERE:
            assert os.fsencode(getattr(event, name)) == in_time(passed, turn), name
            check_joined(event, name, given, in_time(passed, turn))


def check_joined(event: Any, name: str, given: dict[str, Any], path: bytes) -> None:
    """A path is put together with the directory that it starts from."""
    if name == "target" or not path or {name, f"joined_{name}"} & {*event.cut}:
        return
    dirfd = given.get(name.replace("path", "dirfd"), AT_FDCWD)
    base = b"/proc/self/cwd" if dirfd == AT_FDCWD else b"/proc/self/fd/%d" % dirfd
    joined = getattr(event, f"joined_{name}")
    if path.startswith(b"/") or os.path.exists(base):  # noqa: PTH110
        assert os.fsencode(joined) == (path if path.startswith(b"/") else os.readlink(base) + b"/" + path)  # noqa: PTH115
    else:
        assert joined is None


def behind(fd: int) -> tuple[str, int, int]:
    """`real_path`, `device` and `inode` of an event by that descriptor."""
    file = os.fstat(fd)
    return str(Path(f"/proc/self/fd/{fd}").readlink()), file.st_dev, file.st_ino


def is_blind(monitor: Monitor, event_type: type[TaskEvent]) -> bool:
    """Whether the monitor has said that it does not see 32-bit calls of that event_type."""
    return any("32-bit" in each.blind for each in monitor.attached if each.event == event_type.event)


def in_time(path: str | bytes | Path, turn: int) -> bytes:
    """A path as the call number `turn` had it."""
    return os.fsencode(path).replace(b"%d", b"%d" % turn, 1)


def opened(path: Path, flags: int = os.O_PATH) -> int:
    """A descriptor, which the workload inherits."""
    return inherited(os.open(path, flags))


def long_path(name: bytes, length: int = LONGEST) -> bytes:
    """A path of so many bytes that leads to `name` in the working directory; an odd one begins with "././/"."""
    filler = length - len(name)
    return b"./" * (filler // 2) + b"/" * (filler % 2) + name
