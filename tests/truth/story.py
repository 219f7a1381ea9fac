"""What happened, in a form that both witnesses can be put into: plain values that are equal or not."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import onlooker

UNKNOWN = "?"  # the result of a call of which a witness saw only the beginning


@dataclass(frozen=True, order=True)
class Fork:
    """A task was created: by which thread, how, and what it is."""

    pid: int
    tid: int
    syscall: str | None
    child_pid: int
    child_tid: int
    flags: frozenset[str]


@dataclass(frozen=True, order=True)
class Exec:
    """A program was executed, or `result` says why not. `tid` is the one that the process has afterwards."""

    pid: int
    tid: int
    path: bytes
    argv: tuple[bytes, ...]
    result: str
    cut: frozenset[str]


@dataclass(frozen=True, order=True)
class Exit:
    """A process ended: `result` is its code, or the signal that killed it."""

    pid: int
    result: str
    core_dumped: bool


@dataclass(frozen=True, order=True)
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


def _texts(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(os.fsencode(text) for text in texts)


def fact(event: onlooker.TaskEvent) -> Fact:
    """The event, as a fact."""
    match event:
        case onlooker.Fork():
            flags = frozenset(event.clone_flags)
            return Fork(event.pid, event.tid, event.syscall, event.child_pid, event.child_tid, flags)
        case onlooker.Exec():
            path, cut = os.fsencode(event.path), frozenset(event.cut)
            return Exec(event.pid, event.tid, path, _texts(event.argv), event.errno or "0", cut)
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
