"""What happened, in a form that fits both strace and onlooker: plain values that are equal or not."""

import os
from dataclasses import dataclass, field

import onlooker

UNKNOWN = "?"  # the result of a call of which only the beginning was seen


@dataclass(frozen=True)
class Fork:
    """A task was created: by which thread, how, and what it is."""

    pid: int
    tid: int
    syscall: str | None
    child_pid: int
    child_tid: int
    flags: frozenset[str]


@dataclass(frozen=True)
class Exec:
    """A program was executed, or `result` says why not. `tid` is the one that the process has afterwards.

    `place` and `file` are as for `Open`, of the file that runs. `interpreter` is what only onlooker can tell.
    """

    pid: int
    tid: int
    path: bytes
    argv: tuple[bytes, ...]
    result: str
    cut: frozenset[str]
    place: bytes | None = None
    state: str | None = None
    file: tuple[int, int] | None = None
    cwd: bytes | None = None
    interpreter: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Exit:
    """A process ended: `result` is its code, or the signal that killed it."""

    pid: int
    result: str
    core_dumped: bool


@dataclass(frozen=True)
class Open:
    """A file was opened, `result` is the descriptor, or it says why not.

    `place` is where the path led to, or would have; None where that is not known or has no answer. `state`: why that is
    no longer the file. `file`: its device and inode.
    """

    pid: int
    tid: int
    syscall: str
    dirfd: int | None
    path: bytes
    flags: frozenset[str]
    mode: int | None
    resolve: frozenset[str]
    result: str
    cut: frozenset[str]
    place: bytes | None = None
    state: str | None = None
    file: tuple[int, int] | None = None


@dataclass(frozen=True)
class Change:
    """A call that changes files, with its arguments by the names of the event's fields; `changes.py`."""

    pid: int
    tid: int
    event: str
    syscall: str
    arguments: tuple[tuple[str, bytes | int | None], ...]
    result: str
    cut: frozenset[str]


Fact = Fork | Exec | Exit | Open | Change
FACTS: dict[str, type[Fact]] = {"fork": Fork, "exec": Exec, "exit": Exit, "open": Open, "other": Change}
ARGUMENTS = frozenset({"path", "argv", "flags"})


def fact(event: onlooker.TaskEvent) -> Fact:
    """The event, as a fact."""
    match event:
        case onlooker.Fork():
            flags = frozenset(event.clone_flags)
            return Fork(event.pid, event.tid, event.syscall, event.child_pid, event.child_tid, flags)
        case onlooker.Exec():
            return Exec(
                event.pid,
                event.tid,
                os.fsencode(event.path),
                tuple(map(os.fsencode, event.argv)),
                event.errno or "0",
                ARGUMENTS.intersection(event.cut),
                _place(event, "joined_path" if event.errno else "exe"),
                event.file_state,
                _file(event),
                _place(event, "cwd"),
                None if event.interpreter is None else os.fsencode(event.interpreter),
            )
        case onlooker.Exit():
            result = event.signal or str(event.exit_code)
            return Exit(event.pid, result, event.core_dumped)
        case onlooker.Open():
            return Open(
                event.pid,
                event.tid,
                event.syscall,
                event.dirfd,
                os.fsencode(event.path),
                frozenset(event.flags),
                event.mode,
                frozenset(event.resolve),
                event.errno or str(event.fd),
                ARGUMENTS.intersection(event.cut),
                _place(event, "joined_path" if event.errno else "real_path"),
                event.file_state,
                _file(event),
            )
    raise AssertionError(event)


def _place(event: onlooker.TaskEvent, name: str) -> bytes | None:
    """A path that the event is sure of."""
    path = getattr(event, name)
    return None if path is None or name in event.cut else os.fsencode(path)


def _file(event: onlooker.Exec | onlooker.Open) -> tuple[int, int] | None:
    return None if event.device is None or event.inode is None else (event.device, event.inode)


def joined(base: bytes | None, path: bytes, *, in_root: bool = False) -> bytes | None:
    """The place that a path would have led to, where no name in it is a link. An empty one leads nowhere.

    `in_root`: openat2(2), RESOLVE_IN_ROOT, with which the base is the root.

    >>> joined(b"/tmp", b"a"), joined(b"/", b"a"), joined(None, b"/a"), joined(b"/tmp", b""), joined(None, b"a")
    (b'/tmp/a', b'/a', b'/a', None, None)
    >>> joined(b"/tmp", b"/a", in_root=True), joined(None, b"/a", in_root=True)
    (b'/tmp/a', None)
    """
    if path.startswith(b"/") and not in_root:
        return path
    if not base or not path:
        return None
    return base.rstrip(b"/") + (path if path.startswith(b"/") else b"/" + path)
