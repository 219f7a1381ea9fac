"""Running `tests/workloads/executor.c`, and what its own log says happened.

Its user may write into its own directory and nowhere else.
"""

import errno
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import onlooker

from . import facts, operations
from .run import USER, Tree, begun
from .strace_facts import SHORT
from .workloads import SOURCES

DEADLINE_SECONDS = 60
NO_OP = 2**32 - 1
RECORD = struct.Struct("=IIIIqII")  # struct record in executor.c
DONE, CREATED, ENDED, STARTED = 1, 2, 3, 4
PATH_MAX = 4096
Where = tuple[bytes | None, str | None, tuple[int, int] | None]  # the place, state and file of a fact

# their numbers differ by architecture, and `os` knows them
OPEN_NAMES = (
    *("O_RDONLY", "O_WRONLY", "O_RDWR", "O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK"),
    *("O_DSYNC", "O_SYNC", "O_DIRECTORY", "O_NOFOLLOW", "O_NOATIME", "O_CLOEXEC", "O_PATH", "O_TMPFILE"),
)
RESOLVE_NAMES = ("XDEV", "MAGICLINKS", "SYMLINKS", "BENEATH", "IN_ROOT")  # include/uapi/linux/openat2.h
NUMBERS = {
    **{name: getattr(os, name) for name in OPEN_NAMES},
    **{f"RESOLVE_{'' if at > 2 else 'NO_'}{name}": 1 << at for at, name in enumerate(RESOLVE_NAMES)},
    # include/uapi/linux/sched.h
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_IO": 0x80000000,
    "CLONE_CLEAR_SIGHAND": 0x100000000,
    **{each.name: each.value for each in signal.Signals},
}


@dataclass(frozen=True)
class Record:
    """What the program said of one operation."""

    said: int
    op: int
    pid: int
    tid: int
    result: int
    value: int
    text: bytes

    @property
    def outcome(self) -> str:
        """As in a fact: the result, or the error's name."""
        return str(self.result) if self.result >= 0 else errno.errorcode[-self.result]


def records(log: bytes) -> Iterator[Record]:
    """The log, taken apart."""
    at = 0
    while at < len(log):
        *fields, text_bytes = RECORD.unpack_from(log, at)
        at += RECORD.size + text_bytes
        yield Record(*fields, log[at - text_bytes : at])


def build(directory: Path) -> Path:
    """The program."""
    program = directory / "executor"
    subprocess.run(["cc", "-O1", "-static", "-pthread", "-o", program, SOURCES / "executor.c"], check=True)
    return program


class Execution:
    """One run of the program under a monitor: what it said, and what the monitor saw."""

    def __init__(self, program: Path, todo: Sequence[operations.Operation], monitor: onlooker.Monitor) -> None:
        with tempfile.TemporaryDirectory(prefix="onlooker-executor-") as name:
            base = Path(name)
            base.chmod(0o755)
            ground = _ground(base, program)
            self._encoder = operations.Encoder({b"{ground}": os.fsencode(ground)}, NUMBERS)
            (base / "operations").write_bytes(self._encoder.encode(todo))
            self.pid, status, tree = self._run(program, base, ground, monitor)
            self.log = list(records((base / "log").read_bytes()))
        racing = {record.tid for record in self.log if record.op in self._encoder.racing}
        seen = [facts.fact(event) for event in tree.events]
        self.seen = [_comparable(each, racing) for each in begun(seen, self.pid)[1:]]
        self.said = [_comparable(each, racing) for each in (*self._facts(), _exit(self.pid, status))]

    def _run(self, program: Path, base: Path, ground: Path, monitor: onlooker.Monitor) -> tuple[int, int, Tree]:
        directory = os.open(ground, os.O_RDONLY | os.O_DIRECTORY)
        size = (base / "operations").stat().st_size
        log = os.open(base / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with (base / "operations").open("rb") as operations:
            process = subprocess.Popen(
                [program],
                cwd=ground,
                env={"OBEY": f"{NO_OP} {size}"},
                stdin=operations,
                stdout=log,
                stderr=directory,
                user=USER,
                group=USER,
                extra_groups=(),
                umask=0o022,
            )
        os.close(log)
        os.close(directory)
        tree = Tree(process.pid)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while process.poll() is None:
            tree.add(monitor.poll(0.005))
            if time.monotonic() > deadline:
                process.kill()
        while batch := monitor.poll(0):  # a record is there before what it tells of is over
            tree.add(batch)
        return process.pid, process.returncode, tree

    def _facts(self) -> Iterator[facts.Fact]:
        for record in self.log:
            operation = self._encoder.operations[record.op]
            if record.said == ENDED:
                yield _exit(record.result, os.waitstatus_to_exitcode(record.value))
            elif record.said == CREATED and record.value:
                yield facts.Fork(record.pid, record.tid, None, record.pid, record.result, frozenset())
            elif record.said == CREATED and isinstance(operation, operations.Fork) and record.result > 0:
                flags = SHORT.get(operation.how, operation.flags | {operation.signal} - {""})
                yield facts.Fork(record.pid, record.tid, operation.how, record.result, record.result, flags)
            elif isinstance(operation, operations.Open):
                yield self._open(operation, record)
            elif isinstance(operation, operations.Exec):
                yield self._exec(operation, record)

    def _open(self, operation: operations.Open, record: Record) -> facts.Open:
        path, cut = self._path(operation)
        flags, mode, resolve = _seen_flags(operation.flags), operation.mode & 0o7777, operation.resolve
        may_create = flags & {"O_CREAT", "O_TMPFILE"} or operation.call == "creat"
        may_create = may_create or (operation.call == "openat2" and mode)  # it refuses one where it may create nothing
        if operation.call == "creat":
            flags = frozenset({"O_WRONLY", "O_CREAT", "O_TRUNC"})
        if operation.call == "openat2" and operation.how_nowhere:
            flags, resolve, may_create, cut = frozenset({"O_RDONLY"}), frozenset(), False, cut | {"flags"}
        return facts.Open(
            record.pid,
            record.tid,
            operation.call,
            operation.dirfd if operation.call.startswith("openat") else None,
            path,
            flags,
            mode if may_create else None,
            resolve if operation.call == "openat2" else frozenset(),
            record.outcome,
            cut,
            *self._place(operation, record),
        )

    def _exec(self, operation: operations.Exec, record: Record) -> facts.Exec:
        if record.said == STARTED:
            exe, exe_file, cwd, _, *argv, _ = record.text.split(b"\0")
            path = self._encoder.resolved(operation.path)
            if operation.at and operation.at[0] != operations.AT_FDCWD and not path.startswith(b"/"):
                path = b"/dev/fd/%d" % operation.at[0] + (b"/" + path if path else b"")
            where = (*_look(exe, exe_file), _still(cwd))
            return facts.Exec(record.pid, record.tid, path, tuple(argv), "0", frozenset(), *where)
        path, cut = self._path(operation)
        argv = () if operation.argv_nowhere else tuple(map(self._encoder.resolved, operation.argv or ()))
        cut |= {"argv"} if operation.argv_nowhere else set()
        where = (*self._place(operation, record), _still(record.text.split(b"\0")[2]))
        return facts.Exec(record.pid, record.tid, path, argv, record.outcome, cut, *where)

    def _place(self, operation: operations.Open | operations.Exec, record: Record) -> Where:
        """Where the path led to; or would have, which is no file."""
        place, file = record.text.split(b"\0")[:2]
        if record.result >= 0 and place:
            made = (
                isinstance(operation, operations.Open) and "O_TMPFILE" in operation.flags and operation.call != "creat"
            )
            return _look(place, file, "tmpfile" if made else "deleted")
        path, cut = self._path(operation)
        base = _still(place)
        if isinstance(operation, operations.Exec) and operation.at and not path:  # execveat(2), AT_EMPTY_PATH
            path = base or b""
        in_root = (
            isinstance(operation, operations.Open)
            and operation.call == "openat2"
            and "RESOLVE_IN_ROOT" in operation.resolve
        )
        in_root = in_root and not operation.how_nowhere
        return None if "path" in cut else facts.joined(base, path, in_root=in_root), None, None

    def _path(self, operation: operations.Open | operations.Exec) -> tuple[bytes, frozenset[str]]:
        """The part of the path that the kernel can have read, and the fields to mark."""
        path = self._encoder.resolved(operation.path)
        if operation.where in ("null", "nowhere"):
            return b"", frozenset({"path"})
        is_cut = operation.where == "over" or len(path) >= PATH_MAX
        return path[: PATH_MAX - 1], frozenset({"path"} if is_cut else ())


def _look(place: bytes, file: bytes = b"", gone: str = "deleted") -> Where:
    """What executor.c saw in /proc: proc(5) says in the text of a link that what it leads to is no longer there."""
    numbers = tuple(map(int, file.split()))
    path = place.removesuffix(b" (deleted)")
    return path or None, gone if path != place else None, (numbers[0], numbers[1]) if numbers else None


def _still(place: bytes) -> bytes | None:
    """The place, if it is still there."""
    path, gone, _ = _look(place)
    return None if gone else path


def _ground(base: Path, program: Path) -> Path:
    """The directory that it works in: its own, with a few files."""
    ground = base / "ground"
    (ground / "d").mkdir(parents=True)
    shutil.copy(program, base / "program")
    (ground / "self").symlink_to(base / "program")
    (ground / "script").write_bytes(b"#!%b -x\n" % os.fsencode(base / "program"))
    (ground / "script").chmod(0o755)
    (ground / "text").write_text("not a program\n")
    (ground / "text").chmod(0o755)
    (ground / "loop").symlink_to("loop")
    (ground / "out").symlink_to("/etc")
    for each in (ground, *ground.iterdir()):
        os.chown(each, USER, USER, follow_symlinks=False)
    return ground


def _seen_flags(names: frozenset[str]) -> frozenset[str]:
    """Without those that are a part of others."""
    return names - ({"O_DIRECTORY"} if "O_TMPFILE" in names else set()) - ({"O_DSYNC"} if "O_SYNC" in names else set())


def _comparable(fact: facts.Fact, racing: Set[int]) -> facts.Fact:
    """Without what the program cannot know: how the C library creates a thread; and in tasks whose threads `race` each
    other, what was behind a descriptor or where the working directory was when the call was made.
    """
    if isinstance(fact, facts.Fork) and fact.child_pid == fact.pid:
        return replace(fact, syscall=None, flags=frozenset())
    if isinstance(fact, facts.Open) and fact.tid in racing:
        return replace(fact, place=None, state=None, file=None)
    if isinstance(fact, facts.Exec) and fact.tid in racing:
        return replace(fact, place=None, state=None, file=None, cwd=None)
    return fact


def _exit(pid: int, code: int) -> facts.Exit:
    if code >= 0:
        return facts.Exit(pid, str(code), core_dumped=False)
    above = -code - signal.SIGRTMIN
    name = f"SIGRTMIN+{above}" if above > 0 else signal.Signals(-code).name
    return facts.Exit(pid, name, core_dumped=False)
