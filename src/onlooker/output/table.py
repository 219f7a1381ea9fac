"""A table for eyes: aligned columns, colours on a terminal."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from ..events import UNCERTAIN_REASONS, Event, Exec, Exit, Fork, Lost, Open, TaskEvent
from ..filters import has_failed
from ..lines import command_line, escape, escape_path
from .file_phrases import FileCall, object_of, whole_paths
from .text import LocalTime, seconds, whole_path

# name, width (0: the rest of the line), whether numbers stand to the right
COLUMNS = (
    ("TIME", 15, False),
    ("EVENT", 8, False),  # truncate
    ("PID", 7, True),
    ("PPID", 7, True),
    ("UID", 5, True),
    ("NAME", 15, False),
    ("RESULT", 12, False),  # ENAMETOOLONG
    ("DETAILS", 0, False),
)
PLAIN = Style()
STYLES = {
    "fork": Style(color="cyan"),
    "exec": Style(color="green"),
    "exit": Style(color="blue"),
    "lost": Style(color="red", bold=True),
    "failed": Style(color="red"),
    "head": Style(bold=True),
}


def _cell(text: str, width: int, right: bool) -> str:
    missing = width - cell_len(text)
    if missing < 0:
        return text if right else set_cell_size(text, width - 1) + "…"
    return " " * missing + text if right else text + " " * missing


def result(event: Event) -> str:
    """The RESULT column."""
    if isinstance(event, Fork):
        return str(event.child_tid)
    if isinstance(event, Exec):
        return event.errno or "ok"
    if isinstance(event, Exit):
        return event.signal or str(event.exit_code)
    if isinstance(event, Open):
        return event.errno or f"fd {event.fd}"
    return (event.errno or "ok") if isinstance(event, FileCall) else ""


def details(event: Event) -> str:
    """The DETAILS column."""
    if isinstance(event, Fork):
        what = "thread" if event.thread else "kernel thread" if event.kernel else "process"
        return f"{what} by {event.syscall or 'kernel_clone'} {' '.join(event.clone_flags)}".rstrip()
    if isinstance(event, Exec):
        by = f" by {escape(event.interpreter)}" if event.interpreter else ""
        return f"{escape_path(event.path)}{by}: {command_line(event.argv)}{whole_path(event)}"
    if isinstance(event, Exit):
        return f"after {seconds(event.duration_ns)}{', core dumped' if event.core_dumped else ''}"
    if isinstance(event, Open):
        return f"{escape_path(event.path)}  {' '.join(event.flags)}{whole_path(event)}"
    if isinstance(event, FileCall):
        return f"{object_of(event)}  {' '.join(getattr(event, 'flags', ()))}".rstrip() + whole_paths(event)
    if isinstance(event, Lost):
        return f"{'up to ' * (event.reason in UNCERTAIN_REASONS)}{event.count} {event.of} events: {event.reason}"
    return ""


class TableFormatter:
    """One row for each event; rows are cut to `width` columns (0: never), of the `terminal` if there is one."""

    def __init__(self, *, colour: bool, width: int, terminal: int | None = None) -> None:
        self._colour = colour
        self._width = width
        self._terminal = terminal
        self._time = LocalTime()

    @classmethod
    def for_descriptor(cls, descriptor: int) -> Self:
        """Colours only on a terminal that has them, and not with NO_COLOR set (no-color.org)."""
        terminal = os.isatty(descriptor)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
        return cls(colour=terminal and not plain, width=0, terminal=descriptor if terminal else None)

    def head(self) -> bytes:
        """The names of the columns."""
        self._look_at_the_width()
        names = [name for name, _, _ in COLUMNS]
        return self._row(names, "head").encode()

    def format(self, events: Sequence[Event]) -> bytes:
        """The rows."""
        self._look_at_the_width()
        return "".join(map(self._event, events)).encode()

    def _look_at_the_width(self) -> None:
        """Once for each batch, since a terminal can be resized at any time."""
        if self._terminal is not None:
            with suppress(OSError):  # it was hung up
                self._width = os.get_terminal_size(self._terminal).columns

    def _event(self, event: Event) -> str:
        time = self._time(event.time)[11:]
        detail = details(event)
        if cut := event.cut:
            detail += f" [cut: {', '.join(cut)}]"
        who, style = ["", "", "", ""], event.event
        if isinstance(event, TaskEvent):
            who = [str(event.pid), str(event.ppid), str(event.uid), escape(event.comm)]
            style = "failed" if has_failed(event) else style
        return self._row([time, event.event, *who, result(event), detail], style)

    def _row(self, values: Sequence[str], style: str) -> str:
        cells = [
            _cell(value, width, right) if width else value
            for value, (_, width, right) in zip(values, COLUMNS, strict=True)
        ]
        line = " ".join(cells).rstrip()
        if self._width and cell_len(line) > self._width:
            line = set_cell_size(line, self._width - 1) + "…"
        if self._colour:
            line = STYLES.get(style, PLAIN).render(line, color_system=ColorSystem.STANDARD)
        return line + "\n"
