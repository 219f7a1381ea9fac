"""Chrome's trace events as JSON, which ui.perfetto.dev and chrome://tracing open.

Each process is a track, its executions are slices. Times are whole microseconds of the boot clock: with fractions, a
reader that computes in floating point would see slices of one process overlap by a nanosecond, which the format
forbids. Perfetto sorts by time, so the order in the file only matters at the same microsecond.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..enrich.users import Users
from ..escaping import command_line
from ..events import PROCESS_EVENTS, TASK_EVENTS, TaskEvent
from ..recordings.process import Execution, ProcessRecord
from ..recordings.processes import Processes
from .source import Source, json_text, matcher_of

EVENTS = PROCESS_EVENTS
FAILED = "errno exists and errno != 'ENOENT'"  # programs look for many files that are not there
_ID_BITS = 22  # of process ids: PID_MAX_LIMIT, include/linux/threads.h
_MOST_USES = (1 << 32 - _ID_BITS) - 1  # a track's id has 32 bits
_PIECE = 1 << 16


class _Tracks:
    """Ids of tracks: the process's own, and another one where that was used again."""

    def __init__(self) -> None:
        self._uses: dict[int, int] = {}
        self._ids: dict[tuple[int, int], int] = {}

    def of(self, pid: int, start_ns: int) -> int:
        key = pid, start_ns
        found = self._ids.get(key)
        if found is None:
            uses = self._uses[pid] = self._uses.get(pid, -1) + 1
            found = self._ids[key] = pid | (uses % _MOST_USES) << _ID_BITS
        return found


class _Events:
    """Writes events of the trace, with commas between them."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._made = bytearray(b'{"displayTimeUnit":"ms","traceEvents":[')
        self._between = b"\n"

    def add(self, phase: str, name: str, track: int, **fields: Any) -> None:
        self._made += self._between + json_text({"ph": phase, "name": name, "pid": track, "tid": track, **fields})
        self._between = b",\n"
        if len(self._made) > _PIECE:
            self._flush()

    def end(self, about: dict[str, Any]) -> None:
        self._made += b'\n],\n"otherData":' + json_text(about) + b"}\n"
        self._flush()

    def _flush(self) -> None:
        self._write(bytes(self._made))
        self._made.clear()


def export(source: Source, write: Callable[[bytes], object]) -> None:
    """Calls that failed are written while the recording is read; processes at its end, when their order is known."""
    table, tracks, events = Processes(source.recording), _Tracks(), _Events(write)
    failed = matcher_of(FAILED, tuple(TASK_EVENTS))
    for batch in source.batches():
        table.take(batch)
        for event in batch.matching(failed):
            if isinstance(event, TaskEvent):
                _add_failure(events, event, tracks.of(event.pid, event.start_ns))
    records = table.records()
    user = Users().name if source.is_of_this_machine else str
    last = max((table.end_ns, *(each.last_ns for each in records)))
    for order, process in enumerate(_from_the_top(records), 1):
        _Track(process, tracks, user).write(events, order)
    first = tracks.of(*records[0].key) if records else 0
    events.add("i", f"onlooker: {source.verdict}", first, cat="verdict", ts=_us(last), s="g")
    said = {**source.about(), "wall_clock_minus_boot_clock_ns": table.offset_ns}
    events.end(said | ({"processes_not_listed": table.left_out} if table.left_out else {}))


def _add_failure(events: _Events, event: TaskEvent, track: int) -> None:
    errno = getattr(event, "errno", None)
    said = {
        name: value for name in ("path", "joined_path", "new_path", "syscall") if (value := getattr(event, name, None))
    }
    events.add(
        "i", f"{event.event}: {errno}", track, cat="failed", ts=_us(event.boot_ns), s="t", args={**said, "errno": errno}
    )


def _from_the_top(records: list[ProcessRecord]) -> Iterator[ProcessRecord]:
    """A parent before its children, these in the order of their start."""
    below: dict[tuple[int, int], list[ProcessRecord]] = {}
    for each in records:
        if each.parent is not None:
            below.setdefault(each.parent.key, []).append(each)
    waiting = [each for each in reversed(records) if each.parent is None]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += reversed(below.get(process.key, ()))


class _Track:
    """One process."""

    def __init__(self, process: ProcessRecord, tracks: _Tracks, user: Callable[[int], str]) -> None:
        self._process = process
        self._tracks = tracks
        self._track = tracks.of(*process.key)
        self._user = user
        self._begin, self._end = _life(process)

    def write(self, events: _Events, order: int) -> None:
        process, track = self._process, self._track
        name = process.program.name if process.program else process.comm
        shown = f"{name} (PID:{process.pid})" if track != process.pid else name
        events.add("M", "process_name", track, args={"name": shown or "?"})
        events.add("M", "thread_name", track, args={"name": process.comm or shown or "?"})
        events.add("M", "process_sort_index", track, args={"sort_index": order})
        if label := self._label():
            events.add("M", "process_labels", track, args={"labels": label})
        for begin, end, execution in self._slices():
            start = _us(begin)
            said = self._said(execution)
            title = execution.name if execution else self._unexecuted()
            events.add("X", title or "?", track, cat="process", ts=start, dur=_us(end) - start, args=said)
        self._write_arrow(events)
        if process.signal is not None:
            core = ", core dumped" if process.core_dumped else ""
            events.add("i", f"{process.signal}{core}", track, cat="signal", ts=_us(self._end), s="t")

    def _unexecuted(self) -> str:
        """What it ran before it executed something."""
        process = self._process
        name = process.inherited.name if process.inherited else process.comm
        return f"{name} ({'forked' if process.has_begun else 'began before'})"

    def _label(self) -> str:
        process = self._process
        if process.signal is not None:
            return process.signal
        return f"exit {process.exit_code}" if process.exit_code else ""

    def _slices(self) -> Iterator[tuple[int, int, Execution | None]]:
        """From each execution to the next, or to the end; before the first one what the parent ran goes on."""
        execs = self._process.execs
        times = [min(max(each.boot_ns, self._begin), self._end) for each in execs]
        if not execs or _us(times[0]) > _us(self._begin):
            yield self._begin, times[0] if times else self._end, None
        for place, execution in enumerate(execs):
            yield times[place], times[place + 1] if place + 1 < len(times) else self._end, execution

    def _said(self, execution: Execution | None) -> dict[str, Any]:
        process = self._process
        said: dict[str, Any] = {"pid": process.pid, "ppid": process.ppid, "comm": process.comm}
        if execution:
            said |= {"command": command_line(execution.argv), "argv": execution.argv, "path": execution.path}
            said |= {"exe": execution.exe, "cwd": execution.cwd, "argv_cut": execution.argv_cut or None}
        said |= {"uid": process.uid, "user": self._user(process.uid), "start_ns": process.start_ns}
        said |= {"cpu_user_ns": process.cpu_user_ns, "cpu_system_ns": process.cpu_system_ns}
        said |= {"exit_code": process.exit_code, "signal": process.signal}
        if process.end_ns is not None:
            return said | {"duration_ns": process.duration_ns}
        return said | {"end": "running" if process.is_running else "not seen"}

    def _write_arrow(self, events: _Events) -> None:
        """From the parent's slice at that time to the first one of this process."""
        parent = self._process.parent
        if parent is None or not self._process.has_begun:
            return
        begin, end = _life(parent)
        time = _us(self._begin)
        if not _us(begin) <= time < _us(end):  # an arrow begins in the slice that is open
            return
        arrow = {"cat": "fork", "id": self._track, "ts": time}
        events.add("s", "fork", self._tracks.of(*parent.key), **arrow)
        events.add("f", "fork", self._track, **arrow, bp="e")


def _life(process: ProcessRecord) -> tuple[int, int]:
    """When it began, and ended or was seen last. Of one that is older than the recording nothing is known before its
    first event.
    """
    begin = process.start_ns if process.has_begun else process.first_ns
    return begin, max(begin, process.seen_until_ns)


def _us(nanoseconds: int) -> int:
    return nanoseconds // 1000
