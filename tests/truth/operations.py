"""What the program `tests/workloads/executor.c` can do, and the bytes that order it."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

AT_FDCWD = -100
CALLS = (  # enum call in executor.c
    *("open", "openat", "openat2", "creat", "close", "chdir", "mkdir", "symlink", "rename", "remove"),
    *("fork", "thread", "parallel", "exec", "signal", "exit"),
)
WHERE = ("plain", "null", "nowhere", "edge", "over")  # of a path: enum where in executor.c
CREATE = ("fork", "vfork", "clone", "clone3")
NOWHERE = 2  # an argument list that is there
HOW_NOWHERE = 1 << 32  # as a mode: openat2's flags are not there


@dataclass(frozen=True)
class Open:
    """One of the ways to open a file. `flags` and `resolve` are names, or hexadecimal numbers."""

    call: str
    path: bytes
    dirfd: int = AT_FDCWD
    flags: frozenset[str] = frozenset({"O_RDONLY"})
    mode: int = 0
    resolve: frozenset[str] = frozenset()
    where: str = "plain"
    how_nowhere: bool = False


@dataclass(frozen=True)
class Change:
    """Changes where paths lead, without an event (close, chdir, mkdir, symlink, rename, …)."""

    call: str
    paths: tuple[bytes, ...] = ()
    number: int = 0


@dataclass(frozen=True)
class Exec:
    """The program executes itself, or something else; on success it goes on with what follows."""

    path: bytes
    argv: tuple[bytes, ...] | None = ()
    at: tuple[int, int] | None = None  # execveat's descriptor and flags
    where: str = "plain"
    argv_nowhere: bool = False


@dataclass(frozen=True)
class Fork:
    """A child carries out `operations` and ends with code 0 if nothing else ends it; its creator waits."""

    how: str
    operations: "tuple[Operation, ...]"
    flags: frozenset[str] = frozenset()
    signal: str = ""


@dataclass(frozen=True)
class Thread:
    """A thread carries out `operations`; its creator waits."""

    operations: "tuple[Operation, ...]"


@dataclass(frozen=True)
class Parallel:
    """Threads, all at once; their creator waits."""

    threads: tuple[Thread, ...]


@dataclass(frozen=True)
class Finish:
    """The process ends by a code or, in most cases, by a signal."""

    call: str
    number: int


Operation = Open | Change | Exec | Fork | Thread | Parallel | Finish


class Encoder:
    """Operations as bytes. `operations` has afterwards the offset of each, `racing` which of them run
    while other threads of their process do.

    `places` are replaced in all texts, and `numbers` are those of the names of flags and signals.
    """

    HEAD: ClassVar[struct.Struct] = struct.Struct("=HHIIIqqqq")  # struct op in executor.c

    def __init__(self, places: Mapping[bytes, bytes], numbers: Mapping[str, int]) -> None:
        self.operations: dict[int, Operation] = {}
        self.racing: set[int] = set()
        self.places = places
        self.numbers = numbers

    def encode(self, operations: Iterable[Operation], start: int = 0) -> bytes:
        """The list, for a program in which it begins at `start`."""
        done = b""
        for operation in operations:
            self.operations[start + len(done)] = operation
            done += self._encode(operation, start + len(done))
        return done

    def resolved(self, text: bytes) -> bytes:
        """A text with its places."""
        for name, place in self.places.items():
            text = text.replace(name, place)
        return text

    def _encode(self, operation: Operation, start: int) -> bytes:
        match operation:
            case Open():
                mode = operation.mode | HOW_NOWHERE * operation.how_nowhere
                numbers = [operation.dirfd, self._sum(operation.flags), mode, self._sum(operation.resolve)]
                return self._pack(operation.call, [operation.path], numbers, where=operation.where)
            case Change():
                return self._pack(operation.call, operation.paths, [operation.number])
            case Exec():
                argv_at = NOWHERE if operation.argv_nowhere else int(operation.argv is None)
                numbers = [*(operation.at or (0, 0)), int(operation.at is not None), argv_at]
                return self._pack("exec", [operation.path, *(operation.argv or ())], numbers, where=operation.where)
            case Fork():
                numbers = [
                    CREATE.index(operation.how),
                    self._sum(operation.flags),
                    self.numbers.get(operation.signal, 0),
                ]
                return self._pack("fork", [], numbers, operation.operations, start)
            case Thread():
                return self._pack("thread", [], [], operation.operations, start)
            case Parallel():
                packed = self._pack("parallel", [], [], operation.threads, start)
                self.racing |= {at for at in self.operations if start < at < start + len(packed)}
                return packed
            case Finish():
                return self._pack(operation.call, [], [operation.number])

    def _sum(self, names: Iterable[str]) -> int:
        total = 0
        for name in names:
            total |= self.numbers[name] if name in self.numbers else int(name, 16)
        return total

    def _pack(
        self,
        call: str,
        texts: Iterable[bytes],
        numbers: list[int],
        operations: Iterable[Operation] = (),
        start: int = 0,
        *,
        where: str = "plain",
    ) -> bytes:
        text = b"".join(self.resolved(each) + b"\0" for each in texts)
        padded = text.ljust((len(text) + 7) // 8 * 8, b"\0")
        inner = self.encode(operations, start + self.HEAD.size + len(padded))
        numbers = (numbers + [0] * 4)[:4]
        size = self.HEAD.size + len(padded) + len(inner)
        number = CALLS.index(call) + 1
        return self.HEAD.pack(number, WHERE.index(where), size, len(text), len(inner), *numbers) + padded + inner
