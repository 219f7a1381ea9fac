"""What happened, in a form that both witnesses can be put into: plain values that are equal or not."""

import os
from dataclasses import dataclass, field

import onlooker

UNKNOWN = "?"  # the result of a call of which a witness saw only the beginning


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

    `interpreter` is what only onlooker can tell.
    """

    pid: int
    tid: int
    path: bytes
    argv: tuple[bytes, ...]
    result: str
    cut: frozenset[str]
    interpreter: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Exit:
    """A process ended: `result` is its code, or the signal that killed it."""

    pid: int
    result: str
    core_dumped: bool


@dataclass(frozen=True)
class Open:
    """A file was opened, `result` is the descriptor, or it says why not."""

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


Fact = Fork | Exec | Exit | Open
KINDS: dict[str, type[Fact]] = {"fork": Fork, "exec": Exec, "exit": Exit, "open": Open}


def fact(event: onlooker.TaskEvent) -> Fact:
    """The event, as a fact."""
    match event:
        case onlooker.Fork():
            flags = frozenset(event.clone_flags)
            return Fork(event.pid, event.tid, event.syscall, event.child_pid, event.child_tid, flags)
        case onlooker.Exec():
            path, *argv = (os.fsencode(text) for text in (event.path, *event.argv))
            interpreter = None if event.interpreter is None else os.fsencode(event.interpreter)
            result, cut = event.errno or "0", frozenset(event.cut)
            return Exec(event.pid, event.tid, path, tuple(argv), result, cut, interpreter)
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
                frozenset(event.cut),
            )
    raise AssertionError(event)
