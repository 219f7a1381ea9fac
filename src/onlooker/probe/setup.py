"""Opens the probe's object and sets what is wanted."""

import os
import struct
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import LibbpfError, LoadError
from ..events import PROBE_REASONS, TASK_EVENTS, layouts
from ..events.exec import Exec
from ..events.fork import Fork
from ..filters import CommPattern, Filter
from ..schema import wire
from ..schema.fields import COMM_BYTES
from . import executed, kernel, memory
from .attach import EXECUTED, FOLLOWED
from .cgroups import directory_of
from .syscalls import table

if TYPE_CHECKING:
    from ._libbpf import Probe

DEFAULT_RING_BYTES = 16 << 20  # a third of a second of opens in a tight loop on one core, at 150 bytes and 3 us each
SMALLEST_RING_BYTES = 1 << 20  # the longest record takes a quarter of it
LARGEST_RING_BYTES = 1 << 30
HEADROOM = 4  # one byte of the ring in this many is kept for process events
WATERMARK_BYTES = 256 << 10  # some 1900 opens, so that waking, at 5 us, costs each of them 3 ns
OBJECT = Path(__file__).with_name("monitor.bpf.o")
OLDER_OBJECT = Path(__file__).with_name("monitor.older.bpf.o")  # for a kernel without bpf_rdonly_cast: bpf/compat.h
# For records with more than 8 KiB of arguments, 272 KiB each (bpf/probes/exec.h). Filling one takes some 20 us, so that
# even 128 cpus that do nothing but execute such programs rarely need more at once.
LEAST_EXEC_ROOMS, MOST_EXEC_ROOMS = 4, 16
BATCH_BYTES = 512 << 10  # given at once, so that Python's work for a batch is small
BACKLOG = 8  # times the ring: what may wait in this process's memory; with 16 MiB, some 900 000 opens
MOST_BACKLOG_BYTES = 256 << 20
MOST_ARGS_BYTES = 256 << 10  # LARGE_ARGV_BYTES in bpf/probes/exec.h
SETTLED_BYTES = 48 << 20  # what onlooker takes without ring and backlog: 36 MiB, and some for other events than opens
LEAST_BACKLOG_BYTES = 1 << 20
# Processes that can be in a set at the same time. 5 MiB; as many as the kernel allows where nobody has raised its limit
# (kernel.pid_max), and one for each MiB of 64 GiB where somebody has.
SET_ENTRIES = 65536
SET_SLOTS = 16384  # bpf/config.h
FEW_COMMS = 8  # bpf/config.h
RULE_HALVES = 2  # the same file
LONGEST_RECORD_BYTES = 512 << 10  # struct exec_room in bpf/probes/exec.h has 272 KiB


class Setup(msgspec.Struct, frozen=True):
    """What to watch, with how large a ring, whether to look up which file a path led to, how much of arguments to
    keep, and whether the end of a command is the end.
    """

    wanted: Filter
    ring_bytes: int
    resolve: bool
    max_args_bytes: int = MOST_ARGS_BYTES
    detach: bool = False

    @property
    def programs(self) -> tuple[str, ...]:
        """Those that are attached to nothing, but run from here."""
        follow = ("adopt", "gather") if self.wanted.follow else ()
        return ("identify", *follow, *(("list_processes", "decide") if self.wanted.exe else ()))

    def open(
        self, by_sys_exit: Collection[str], by_call_exit: Collection[str], by_call_return: Collection[str] = ()
    ) -> "Probe":
        """The object, configured but not loaded; the events that each of the shared programs reports."""
        try:
            return self._open(by_sys_exit, by_call_exit, by_call_return)
        except (KeyError, ValueError) as error:  # a map is missing or too small, a name is no text
            raise _unbuilt("the probe's object file is damaged") from error

    def _open(
        self, by_sys_exit: Collection[str], by_call_exit: Collection[str], by_call_return: Collection[str]
    ) -> "Probe":
        from ._libbpf import Probe

        try:
            image = object_file().read_bytes()
        except FileNotFoundError as error:
            raise _unbuilt("the probe's object file is missing") from error
        try:
            probe = Probe(image)
        except OSError as error:
            kernel.raise_if_exhausted(error)
            raise LoadError(f"the probe's object file can't be read: {error.strerror}", "") from error
        if probe.wire_version != wire.version(layouts(), PROBE_REASONS):
            raise _unbuilt("the probe's object file and the Python part come from different builds")
        wanted = self.wanted
        few = self._few_comms()
        probe.configure(
            ring_bytes=self.ring_bytes,
            headroom_bytes=self.ring_bytes // HEADROOM,
            watermark_bytes=min(WATERMARK_BYTES, self.ring_bytes // 16),
            argv_bytes=self.max_args_bytes,
            kinds_by_sys_exit=_mask(by_sys_exit),
            kinds_by_call_exit=_mask(by_call_exit),
            kinds_by_call_return=_mask(by_call_return),
            calls=table(wanted.events),
            few_comms=_few_comms(few),
            few_comms_count=len(few),
            cgroups=len(wanted.cgroup),
            exes=len(executed.entries(wanted.exe)),
            rules=wanted.has_rules,
            kinds=_mask(e for e in wanted.events if not (wanted.failed and e in (Fork.event, Exec.event))),
            follow=wanted.follow,
            detach=self.detach,
            by_comm=bool(wanted.comm),
            by_pid=bool(wanted.pid),
            by_uid=bool(wanted.uid),
            failed=wanted.failed,
            threads=wanted.threads,
            resolve_paths=self.resolve,
        )
        probe.size_map("exec_rooms", min(max(os.cpu_count() or 1, LEAST_EXEC_ROOMS), MOST_EXEC_ROOMS))
        for name, is_kept in (("tree", wanted.follow), ("executed", wanted.exe)):
            probe.size_map(name, SET_ENTRIES if is_kept else 1)
            probe.size_map(f"{name}_slots", SET_SLOTS if is_kept else 1)
        probe.size_map("rules", RULE_HALVES if wanted.has_rules else 1)
        probe.size_map("unsettled", SET_ENTRIES if wanted.exe else 1)
        for name, entries in (
            ("comms", wanted.comm),
            ("pids", wanted.pid),
            ("uids", wanted.uid),
            ("cgroups", wanted.cgroup),
            ("exes", executed.entries(wanted.exe)),
        ):
            probe.size_map(name, max(1, len(entries)))
        return probe

    def fill(self, probe: "Probe") -> None:
        """Fill the sets of a loaded probe and get ready to read, before anything is attached."""
        for pattern in () if self._few_comms() else self.wanted.comm:
            key = struct.pack(f"=I{COMM_BYTES}s", 8 * _compared(pattern), pattern.name)
            probe.update("comms", key, b"\1")
        for pid in self.wanted.pid:
            probe.update("pids", struct.pack("=I", pid), b"\1")
        for uid in self.wanted.uid:
            probe.update("uids", struct.pack("=I", uid), b"\1")
        for at, entry in enumerate(executed.entries(self.wanted.exe)):
            probe.update("exes", struct.pack("=I", at), entry)
        for at, path in enumerate(self.wanted.cgroup):
            descriptor = os.open(directory_of(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                probe.update("cgroups", struct.pack("=I", at), struct.pack("=I", descriptor))
            finally:
                os.close(descriptor)
        if self.wanted.has_rules:
            probe.set_rules(self.wanted.rules(), attached=False)
        probe.run("identify")
        probe.open_ring(self.ring_bytes, BATCH_BYTES, LONGEST_RECORD_BYTES, self.backlog_bytes())
        probe.open_losses(1 + len(TASK_EVENTS), len(PROBE_REASONS))
        if self.wanted.follow:
            probe.open_tree()

    def _few_comms(self) -> Sequence[CommPattern]:
        """The names, if they are few enough to be compared one by one."""
        return tuple(self.wanted.comm) if len(self.wanted.comm) <= FEW_COMMS else ()

    def backlog_bytes(self) -> int:
        """What may wait in this process's memory: where its control group has a limit, half of what that leaves."""
        most = min(BACKLOG * self.ring_bytes, MOST_BACKLOG_BYTES)
        limit = memory.limit_bytes()
        if limit is None:
            return most
        return max(LEAST_BACKLOG_BYTES, min(most, (limit - self.ring_bytes - SETTLED_BYTES) // 2))


def keeping(wanted: Filter) -> list[str]:
    """Which sets of processes the programs must keep."""
    return [name for name, is_kept in ((FOLLOWED, wanted.follow), (EXECUTED, wanted.exe)) if is_kept]


def object_file() -> Path:
    """The object for this kernel."""
    return OBJECT if kernel.btf_has("bpf_rdonly_cast") else OLDER_OBJECT


def _mask(events: Iterable[str]) -> int:
    kinds = {event: kind for kind, event in enumerate(TASK_EVENTS, 1)}
    return sum(1 << kinds[event] for event in events)


def _compared(pattern: CommPattern) -> int:
    """So many bytes of a name; a whole one includes its NUL."""
    return len(pattern.name) + (not pattern.prefix)


def _few_comms(patterns: Sequence[CommPattern]) -> bytes:
    """The names, and a mask for each of the bytes that count: struct few_comms in bpf/config.h."""
    names = b"".join(pattern.name.ljust(COMM_BYTES, b"\0") for pattern in patterns)
    masks = b"".join((b"\xff" * _compared(pattern)).ljust(COMM_BYTES, b"\0") for pattern in patterns)
    return names.ljust(FEW_COMMS * COMM_BYTES, b"\0") + masks.ljust(FEW_COMMS * COMM_BYTES, b"\0")


def _unbuilt(message: str) -> LibbpfError:
    error = LibbpfError(message)
    error.hint = "make build, or: pip install --force-reinstall ."
    return error
