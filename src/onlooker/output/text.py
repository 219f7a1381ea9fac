"""The classic lines: `[2023-10-20 15:30:46.123456] Process nginx (PID:5678) opened file /etc/nginx/nginx.conf`."""

import os
import time as clock
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from ..events import PROCESS_EVENTS, UNCERTAIN_REASONS, Event, Exec, Exit, Fork, Lost, Open, TaskEvent
from ..lines import command_line, escape, escape_path
from .file_phrases import FileCall, done


def seconds(nanoseconds: int) -> str:
    """With microseconds.

    >>> seconds(1_572_099)
    '0.001572 s'
    """
    return f"{nanoseconds / 1e9:.6f} s"


def _cut(event: Fork | Exec | Open) -> str:
    return f" [cut: {', '.join(event.cut)}]" if event.cut else ""


def fork(event: Fork) -> str:
    """What a creation says after the process."""
    called = f"sys_{event.syscall}" if event.syscall else "kernel_clone"
    what = f" [thread {event.child_tid}]" if event.thread else " [kernel thread]" if event.kernel else ""
    return f"called {called}{what}{_cut(event)}"


def exec_(event: Exec) -> str:
    """What an exec says after the process."""
    path, arguments = escape_path(event.path), command_line(event.argv)
    if event.errno:
        return f"failed to execute file {path}: {event.errno} [{arguments}]{whole_path(event)}{_cut(event)}"
    by = f" by {escape(event.interpreter)}" if event.interpreter else ""
    return f"executed file {path}{by}: {arguments}{whole_path(event)}{_cut(event)}"


def exit_(event: Exit) -> str:
    """What an end says after the process."""
    core = " (core dumped)" if event.core_dumped else ""
    how = f"was killed by {event.signal}{core}" if event.signal else f"exited with code {event.exit_code}"
    return f"{how} after {seconds(event.duration_ns)}"


def whole_path(event: Open | Exec) -> str:
    """What a path that does not begin with "/" stands for, and what it is instead of a file with a name."""
    state = f" [{event.file_state}]" if event.file_state else ""
    if event.errno:
        label, path = "joined", event.joined_path
    else:
        label, path = "file", event.real_path if isinstance(event, Open) else event.exe
    return state if path is None or event.path.startswith("/") else f" [{label}: {escape(path)}]{state}"


def open_(event: Open) -> str:
    """What an open says after the process."""
    failed = f": {event.errno}" if event.errno else ""
    done = "failed to open" if event.errno else "opened"
    return f"{done} file {escape_path(event.path)}{failed}{whole_path(event)}{_cut(event)}"


_PHRASES: dict[type[Event], Callable[[Any], str]] = {
    **{Fork: fork, Exec: exec_, Exit: exit_, Open: open_},
    **dict.fromkeys(get_args(FileCall), done),
}


class LocalTime:
    """RFC 3339 in UTC to local time with microseconds; the zone is asked once a second."""

    def __init__(self) -> None:
        self._second = self._local = ""

    def __call__(self, time: str) -> str:
        """2023-10-20 15:30:46.123456."""
        if time[:19] != self._second:
            self._second = time[:19]
            # not astimezone(), which refuses some of the zones that TZ can name
            moment = datetime.fromisoformat(self._second).replace(tzinfo=UTC).timestamp()
            self._local = clock.strftime("%Y-%m-%d %H:%M:%S.", clock.localtime(moment))
        return self._local + time[20:26]


class TextFormatter:
    """One classic line for each event."""

    def __init__(self) -> None:
        self._time = LocalTime()
        self._own_pid = os.getpid()

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, events: Sequence[Event]) -> bytes:
        """The lines."""
        return "".join(map(self._line, events)).encode()

    def _line(self, event: Event) -> str:
        if isinstance(event, Lost):
            lost = "may have lost up to" if event.reason in UNCERTAIN_REASONS else "lost"
            who = f"onlooker (PID:{self._own_pid}) {lost} {event.count} {event.of} events: {event.reason}"
        else:
            assert isinstance(event, TaskEvent)
            parent = f", PPID:{event.ppid}" if event.event in PROCESS_EVENTS else ""
            who = f"{escape(event.comm)} (PID:{event.pid}{parent}) {_PHRASES[type(event)](event)}"
        return f"[{self._time(event.time)}] Process {who}\n"
