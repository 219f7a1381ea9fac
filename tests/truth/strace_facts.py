"""What strace's output says happened."""

import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from . import changes
from .facts import UNKNOWN, Exec, Exit, Fact, Fork, Open, joined
from .strace import (
    Call,
    End,
    Garbled,
    Line,
    Superseded,
    UnclearError,
    Unread,
    behind,
    members,
    names,
    number,
    parse,
    split,
    string,
)

# why strace's output and what it says happened differ
FAILED_FORK = "a failed or restarted fork: strace shows the call, onlooker what was created"
KILLED_FORK = "killed in a fork: strace does not learn the child's id; it is the task that nobody else created"
KILLED = "killed where strace had stopped it, before a call began"

FORKS = ("fork", "vfork", "clone", "clone3")
# kernel/fork.c: what these two calls, which have no arguments, are short for
SHORT = {"fork": frozenset({"SIGCHLD"}), "vfork": frozenset({"CLONE_VM", "CLONE_VFORK", "SIGCHLD"})}


def read(output: Path) -> dict[int, list[Line]]:
    """What `strace.command(output)` wrote, by task."""
    files = output.parent.glob(f"{output.name}.*")
    return {int(file.suffix[1:]): list(parse(file.read_text("ascii"))) for file in files}


class Account:
    """What happened, as strace tells it of the command `words`.

    `notes` counts by reason what is in its output and not among the facts, or the other way round.
    """

    def __init__(self, tasks: Mapping[int, list[Line]], words: Sequence[str]) -> None:
        self.tasks = dict(tasks)
        self.notes: Counter[str] = Counter()
        self._creators: dict[int, tuple[int, bool]] = {}  # by task: who created it, and whether as a thread
        for tid, lines in tasks.items():
            for call in _forks(lines):
                if call.result.isdecimal():
                    self._creators[int(call.result)] = tid, "CLONE_THREAD" in _clone_flags(call)
        command = tuple(os.fsencode(word) for word in words)
        orphans = tasks.keys() - self._creators.keys()
        roots = [tid for tid in orphans if _begins_with(tasks[tid], command)]
        if len(roots) != 1:
            raise ValueError(f"strace tells of {len(roots)} tasks that began with {words}: {roots}")
        [self.root] = roots
        for orphan in orphans - {self.root}:
            self._adopt(orphan)

    def _adopt(self, orphan: int) -> None:
        """Find the fork by which a task came to be, where its creator did not live to see the result."""
        moved = {line.moved for line in self.tasks[orphan] if isinstance(line, Call)} - {None}
        calls = [
            (tid, at, line)
            for tid, lines in self.tasks.items()
            for at, line in enumerate(lines)
            if isinstance(line, Call) and line.name in FORKS and line.result == UNKNOWN and moved <= {tid}
        ]
        if len(calls) != 1:
            raise UnclearError(f"strace tells of {len(calls)} calls that can have created the task {orphan}")
        [(tid, at, call)] = calls
        self.tasks[tid] = [*self.tasks[tid][:at], replace(call, result=str(orphan)), *self.tasks[tid][at + 1 :]]
        self._creators[orphan] = tid, "CLONE_THREAD" in _clone_flags(call)
        self.notes[KILLED_FORK] += 1

    def pid(self, tid: int) -> int:
        """The process of a task."""
        creator, is_thread = self._creators.get(tid, (0, False))
        return self.pid(creator) if is_thread else tid

    def facts(self) -> Iterator[Fact]:
        """All that happened, in order for each task."""
        for tid, lines in self.tasks.items():
            for line in lines:
                if isinstance(line, Unread):
                    self.notes[KILLED] += 1
                elif isinstance(line, Call) and line.moved is None:
                    yield from self._fact(line, tid)
                elif isinstance(line, Superseded):  # what the other thread called happened here, as this task
                    yield from self._fact(self._moved(line.by, tid), tid)
                elif isinstance(line, End) and self.pid(tid) == tid:
                    yield Exit(tid, _signal(line.signal) if line.signal else str(line.code), line.core_dumped)

    @property
    def misses(self) -> int:
        """How many calls strace has missed, as its own output shows."""
        return sum(isinstance(line, Garbled) for lines in self.tasks.values() for line in lines)

    def _moved(self, by: int, to: int) -> Call:
        """The call by which the task `by` became the task `to`."""
        [call] = (line for line in self.tasks[by] if isinstance(line, Call) and line.moved == to)
        return call

    def _fact(self, call: Call, tid: int) -> Iterator[Fact]:
        pid = self.pid(tid)
        if call.name in FORKS:
            if not call.result.isdecimal():
                self.notes[FAILED_FORK] += 1
                return
            child = int(call.result)
            yield Fork(pid, tid, call.name, self.pid(child), child, _clone_flags(call))
        elif call.name.startswith("exec"):
            yield _exec(call, pid, tid)
        elif call.name in changes.CALLS:
            change = changes.from_strace(call, pid, tid)
            if change:
                yield change
        else:
            yield _open(call, pid, tid)


def _forks(lines: Iterable[Line]) -> Iterator[Call]:
    return (line for line in lines if isinstance(line, Call) and line.name in FORKS)


def _begins_with(lines: Sequence[Line], command: tuple[bytes, ...]) -> bool:
    first = next(iter(lines), None)
    return isinstance(first, Call) and first.name == "execve" and _argv(first.arguments[1])[0] == command


def _clone_flags(call: Call) -> frozenset[str]:
    if call.name in SHORT:
        return SHORT[call.name]
    if call.name == "clone3":
        how = members(call.arguments[0])
        return names(how["flags"]) | names(how["exit_signal"])
    return names(next(part for part in call.arguments if part.startswith("flags=")).removeprefix("flags="))


def _signal(name: str) -> str:
    """strace counts real-time signals from 32, the first that the kernel knows; kill(1) from SIGRTMIN."""
    if not name.startswith("SIGRT_"):
        return name
    above = 32 + int(name.removeprefix("SIGRT_")) - signal.SIGRTMIN
    return f"SIGRTMIN+{above}" if above else "SIGRTMIN"


def _exec(call: Call, pid: int, tid: int) -> Exec:
    dirfd = number(call.arguments[0]) if call.name == "execveat" else -100
    path_text, argv_text = call.arguments[call.name == "execveat" :][:2]
    path, whole = string(path_text)
    argv, argv_whole = _argv(argv_text)
    if call.result == "0" and dirfd != -100 and not path.startswith(b"/"):
        # fs/exec.c, alloc_bprm: the name that the kernel gives a program that is relative to a descriptor
        path = b"/dev/fd/%d/%b" % (dirfd, path) if path else b"/dev/fd/%d" % dirfd
    cut = frozenset(name for name, is_whole in (("path", whole), ("argv", argv_whole)) if not is_whole)
    place = None
    if call.result != "0" and whole:
        base = behind(call.arguments[0]) if call.name == "execveat" else None
        place = joined(base, path) if path else base  # execveat(2), AT_EMPTY_PATH
    return Exec(pid, tid, path, argv, call.result, cut, place)


def _argv(text: str) -> tuple[tuple[bytes, ...], bool]:
    if text == "NULL":  # the same as an empty list
        return (), True
    if not text.startswith("["):
        return (), False
    strings = [string(part) for part in split(text[1:-1])]
    return tuple(each for each, _ in strings), all(whole for _, whole in strings)


def _open(call: Call, pid: int, tid: int) -> Open:
    rest = list(call.arguments)
    directory = rest.pop(0) if call.name.startswith("openat") else None
    dirfd = None if directory is None else number(directory)
    path, whole = string(rest.pop(0))
    cut = frozenset() if whole else frozenset({"path"})
    how = {"flags": "O_WRONLY|O_CREAT|O_TRUNC", "mode": rest[0]} if call.name == "creat" else {}
    if call.name == "openat2":
        how = members(rest[0])
        cut |= frozenset() if rest[0].startswith("{") else {"flags"}
    elif call.name != "creat":
        how = dict(zip(("flags", "mode"), rest, strict=False))
    mode = number(how["mode"]) if "mode" in how else None
    flags, resolve = names(how.get("flags", "O_RDONLY")), names(how.get("resolve", "0"))
    place, state = call.path, None
    if call.deleted:
        state = "tmpfile" if "O_TMPFILE" in flags else "deleted"
    elif place is None and whole:
        place = joined(behind(directory or ""), path, in_root="RESOLVE_IN_ROOT" in resolve)
    return Open(pid, tid, call.name, dirfd, path, flags, mode, resolve, call.result, cut, place, state)


def tellable(fact: Fact) -> Fact:
    """What of a fact strace can tell: not which program runs in the end, nor the directory of calls that take none."""
    if not isinstance(fact, Exec | Open):
        return fact
    fact = replace(fact, file=None)
    if isinstance(fact, Exec):
        fact = replace(fact, cwd=None, state=None)
        unknown = fact.result == "0" or not fact.path.startswith(b"/")
    else:
        unknown = fact.dirfd is None and not fact.result.isdecimal() and not fact.path.startswith(b"/")
    return replace(fact, place=None) if unknown else fact
