"""Which processes there are and were: what /proc said at the start, and what the events said since."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ..events import Event, TaskEvent
from ..events.exec import Exec
from ..events.exit import Exit
from ..events.fork import Fork
from .ancestry import Ancestors, Line, line

PROC = Path("/proc")
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # /proc tells when a process started in these steps
# A process takes 0.3 KiB and its arguments, which a child shares until it executes: with what is kept of them, all
# together take 50 MiB at most, and those of a usual machine less than 1 MiB.
MOST_ALIVE = 32768  # kernel.pid_max, where nobody has raised it
MOST_ENDED = 4096  # whose events may still come, or that somebody asks for
MOST_ARGV_BYTES = 1024
MOST_ANCESTORS = 64
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h


class Process(msgspec.Struct, eq=False, gc=False):
    """A process as it is known until now. `argv` and `exe` are None where they are not known; `argv_cut`: whether there
    are more arguments. `parent` created it; with CLONE_PARENT it is the creator's parent, and of a process older than
    the monitor, its parent of then. It is None for the first of all, whose `ppid` is 0, and where nothing is known of
    it.
    """

    pid: int
    start_ns: int
    comm: str
    ppid: int
    exe: str | None = None
    argv: tuple[str, ...] | None = None
    argv_cut: bool = False
    uid: int | None = None
    parent: "Process | None" = None
    kin: int | None = None  # what kinship.py found of its parents; None: it has not looked
    line: Line | None = None  # its ancestors as they were, where `has_line`
    has_line: bool = False
    is_exact: bool = True  # else start_ns is rounded down to a tick

    def is_of(self, start_ns: int) -> bool:
        """Whether a process with this id that started then is this one."""
        return start_ns == self.start_ns if self.is_exact else start_ns // TICK_NS == self.start_ns // TICK_NS

    def ancestors(self) -> Iterator["Process"]:
        """Its parent, and so on. Where the last one has a `ppid`, nothing is known further up."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


class ProcessTable:
    """The processes of this machine, by id and start, so that a process id that is used again confuses nothing.

    What had ended before anybody looked, and is in no event, is not known, and nothing is guessed of it. At most
    `MOST_ALIVE` processes are kept, and `MOST_ENDED` that have ended; `forgotten` says how many others there were.

    >>> from onlooker.testing import make
    >>> table = ProcessTable(proc=None)
    >>> parent = make("exec", pid=7, comm="sh", argv=("sh", "-c", "make"))
    >>> table.take([parent, make("fork", pid=7, child_pid=8, child_ppid=7)])
    >>> made = table.find(8, make("fork").child_start_ns)
    >>> made.ppid, [above.argv for above in made.ancestors()]
    (7, [('sh', '-c', 'make')])
    """

    def __init__(self, proc: Path | None = PROC, *, keeps_lines: bool = False) -> None:
        """`proc`: None in a pid namespace, where /proc has other ids than the events. `keeps_lines`: for
        `ancestors_of`.
        """
        self._proc = proc
        self.keeps_lines = keeps_lines
        self._alive: dict[int, Process] = {}
        self._ended: OrderedDict[tuple[int, int], Process] = OrderedDict()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._alive) + len(self._ended)

    def __iter__(self) -> Iterator[Process]:
        """Those that have not ended."""
        return iter(self._alive.values())

    def look(self) -> None:
        """At all processes that there are now. To be called after the monitor has started, so that no process is
        between the two; and before, too, where it gives up the right to see which programs others run.
        """
        if self._proc is None:
            return
        with suppress(OSError):
            for name in os.listdir(self._proc):  # noqa: PTH208 - only names, of up to thousands
                if name.isdecimal():
                    self._read(int(name))
        for process in self._alive.values():
            if process.parent is None:
                self._link(process)

    def take(self, events: Iterable[Event]) -> None:
        """Learn from events, in their order."""
        for event in events:
            if isinstance(event, TaskEvent):
                self.of(event)

    def of(self, event: TaskEvent) -> Process:
        """The process that did it, as it is after the event, from which it is learned."""
        process = self.find(event.pid, event.start_ns)
        if process is None:
            process = Process(event.pid, event.start_ns, event.comm, event.ppid)
            self._add(process)
            self._link(process)
        process.start_ns, process.is_exact, process.comm, process.uid = event.start_ns, True, event.comm, event.uid
        if isinstance(event, Fork):
            if not event.thread:
                self._forked(process, event)
        elif isinstance(event, Exec):
            if event.errno is None:
                process.exe = event.exe or event.path
                process.argv, process.argv_cut = _kept(event.argv, "argv" in event.cut)
        elif isinstance(event, Exit):
            self._end(process)
        return process

    def find(self, pid: int, start_ns: int) -> Process | None:
        """The process with that id that started then, if it is known or still there."""
        found = self._alive.get(pid)
        if found is not None and found.is_of(start_ns):
            return found
        ended = self._ended.get((pid, start_ns))
        if ended is not None:
            return ended
        read = self._read(pid, start_ns)
        if read is not None:
            self._link(read)
        return read

    def ancestors_of(self, pid: int, start_ns: int) -> Ancestors | None:
        """Names, process ids and programs of a process's ancestors as they were when each created the next, and whether
        there are more. Those of a process older than the table are as it found them. None where it is not known.
        """
        process = self.find(pid, start_ns)
        if process is None:
            return None
        found = self._line(process)
        return ((), (), (), bool(process.ppid)) if found is None else found.ancestors()

    def _line(self, process: Process) -> Line | None:
        unknown: list[Process] = []
        above: Process | None = process
        while above is not None and not above.has_line:
            unknown.append(above)
            above = above.parent
        for each in reversed(unknown):
            parent = each.parent
            if parent is not None:
                is_cut = parent.parent is None and bool(parent.ppid)
                each.line = line(parent.comm, parent.pid, parent.exe, parent.line, is_cut=is_cut)
            each.has_line = True
        return process.line

    def _forked(self, creator: Process, event: Fork) -> None:
        parent = creator if event.child_ppid == creator.pid else self._alive.get(event.child_ppid)
        child = self._alive.get(event.child_pid)
        if child is None or not child.is_of(event.child_start_ns):
            child = Process(event.child_pid, event.child_start_ns, creator.comm, event.child_ppid)
            child.exe, child.argv, child.argv_cut = creator.exe, creator.argv, creator.argv_cut
            child.uid = creator.uid
            self._add(child)
        elif not child.is_exact:  # /proc knew it first, but not as it began
            child.kin, child.has_line = None, False
        child.start_ns, child.is_exact, child.ppid = event.child_start_ns, True, event.child_ppid
        _set_parent(child, parent)
        if self.keeps_lines:
            self._line(child)

    def _add(self, process: Process) -> None:
        before = self._alive.pop(process.pid, None)
        if before is not None:
            self._keep_ended(before)
        elif len(self._alive) >= MOST_ALIVE:
            del self._alive[next(iter(self._alive))]
            self.forgotten += 1
        self._alive[process.pid] = process

    def _end(self, process: Process) -> None:
        if self._alive.get(process.pid) is process:
            del self._alive[process.pid]
            self._keep_ended(process)

    def _keep_ended(self, process: Process) -> None:
        self._ended[process.pid, process.start_ns] = process
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def _link(self, process: Process) -> None:
        """To its parent, if that is known or still there, and that to its own. A parent is older than its children;
        another process with that id is not the parent.
        """
        for _ in range(MOST_ANCESTORS):
            if process.parent is not None or not process.ppid:
                return
            parent = self._alive.get(process.ppid) or self._read(process.ppid)
            if parent is None or parent is process or parent.start_ns > process.start_ns:
                return
            _set_parent(process, parent)
            process = parent

    def _read(self, pid: int, start_ns: int | None = None) -> Process | None:
        """What /proc has of a process now; None if it is not there, or is one that started at another time."""
        if self._proc is None:
            return None
        directory = self._proc / str(pid)
        try:
            comm, ppid, ticks, is_user, is_zombie = _stat((directory / "stat").read_bytes())
        except (OSError, ValueError, IndexError):
            return None
        read = Process(pid, ticks * TICK_NS, comm, ppid, uid=_real_user(directory), is_exact=False)
        if start_ns is not None and not read.is_of(start_ns):
            return None
        if not is_zombie:
            read.argv, read.argv_cut = _command_line(directory) if is_user else ((), False)
            with suppress(OSError):
                read.exe = str((directory / "exe").readlink()).removesuffix(" (deleted)")
        known = self._alive.get(pid)
        if known is None or (not known.is_of(read.start_ns) and not read.is_of(known.start_ns)):
            self._add(read)
            return read
        if not is_zombie and (known.comm, known.argv) != (read.comm, read.argv):
            known.comm, known.exe, known.argv, known.argv_cut = read.comm, read.exe, read.argv, read.argv_cut
        return known


def _set_parent(child: Process, parent: Process | None) -> None:
    if parent is None or child in (parent, parent.parent):
        return
    child.parent = parent
    for number, above in enumerate(child.ancestors(), 1):
        if number == MOST_ANCESTORS:  # each created the next and ended, and that for ever
            above.parent = None


def _stat(data: bytes) -> tuple[str, int, int, bool, bool]:
    """Name, parent, start in ticks, whether it runs a program, whether it is a zombie; proc(5). The name can hold
    anything, also what looks like the end of it.
    """
    before, _, after = data.rpartition(b")")
    fields = after.split()
    comm = before.partition(b"(")[2].decode("utf-8", "surrogateescape")
    return comm, int(fields[1]), int(fields[19]), not int(fields[6]) & _KERNEL_THREAD, fields[0] in (b"Z", b"X")


def _real_user(directory: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int((directory / "status").read_bytes().partition(b"\nUid:")[2].split(None, 1)[0])
    return None


def _command_line(directory: Path) -> tuple[tuple[str, ...] | None, bool]:
    try:
        with (directory / "cmdline").open("rb") as file:
            data = file.read(MOST_ARGV_BYTES + 1)
    except OSError:
        return None, False
    return _kept(data.removesuffix(b"\0").decode("utf-8", "surrogateescape").split("\0"), len(data) > MOST_ARGV_BYTES)


def _kept(argv: Sequence[str], is_cut: bool) -> tuple[tuple[str, ...], bool]:
    """The arguments that are kept: all, or so many that they take no more than they may, the last one cut."""
    kept: list[str] = []
    left = MOST_ARGV_BYTES
    for word in argv:
        if left <= 0:
            return tuple(kept), True
        kept.append(word[:left])
        is_cut |= len(word) > left
        left -= len(word) + 1
    return tuple(kept), is_cut
