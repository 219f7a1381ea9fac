"""A table for people: aligned columns, colours on a terminal."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from ..escaping import escape
from ..events import Event, TaskEvent
from ..events.alert import Alert
from ..filters import has_failed
from ..records import Batch
from ..records.fold import ContextLines

# name, width (0: the rest of the line), whether it is aligned to the right
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
Columns = tuple[tuple[str, int, bool], ...]
# with names of users
_NAMING_COLUMNS: Columns = tuple(("USER", 8, False) if each[0] == "UID" else each for each in COLUMNS)

# Where DETAILS would get less than half of the width, this is given up, one after the other, the least wanted first.
# 0: the whole column; a TIME of 8 has whole seconds.
_GIVEN_UP = (
    ("UID", 0),
    ("PPID", 0),
    ("TIME", 8),
    ("NAME", 10),
    ("RESULT", 7),  # SIGKILL
    ("TIME", 0),
    ("PID", 0),
    ("USER", 0),
    ("NAME", 0),
)


def _columns(width: int, columns: Columns) -> Columns:
    """Those of the columns that there is room for; 0: no limit."""
    for name, smaller in _GIVEN_UP:
        if not width or 2 * sum(each + 1 for _, each, _ in columns[:-1]) <= width:
            break
        kept = ((each, smaller if each == name else own, right) for each, own, right in columns)
        columns = tuple(column for column in kept if column[1] or column[0] == "DETAILS")
    return columns


_LOOKED_AT = 4  # characters for each column of a row: some take none, as accents do
STYLES = {
    "fork": Style(color="cyan"),
    "exec": Style(color="green"),
    "exit": Style(color="blue"),
    "lost": Style(color="red", bold=True),
    "failed": Style(color="red"),
    "head": Style(bold=True),
}
# what comes before and after a row
_COLOURS = {
    name: tuple(style.render("|", color_system=ColorSystem.STANDARD).split("|")) for name, style in STYLES.items()
}


def _fit(text: str, width: int) -> str:
    """The text, cut to that many columns, with a mark where it was cut."""
    if text.isascii():
        return text if len(text) <= width else text[: width - 1] + "…"
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _cell(text: str, width: int, right: bool) -> str:
    if right:
        return text.rjust(width)
    fitting = _fit(text, width)
    return fitting + " " * (width - (len(fitting) if fitting.isascii() else cell_len(fitting)))


class TableFormatter:
    """One row for each event; rows are cut to `width` columns (0: never), of the `terminal` if there is one.

    `user` says the name of a user, where names are shown.
    """

    def __init__(
        self,
        *,
        colour: bool,
        width: int,
        terminal: int | None = None,
        user: Callable[[int], str] | None = None,
        context: ContextLines | None = None,
    ) -> None:
        self._colour = colour
        self._width = width
        self._terminal = terminal
        self._user = user
        self._context = context
        self._all = COLUMNS if user is None else _NAMING_COLUMNS
        self._columns: Columns = self._all
        self._headed: Columns | None = None  # the columns that the last head named
        self._process: tuple[object, ...] | None = None
        self._shown_process = ""

    @classmethod
    def for_descriptor(
        cls, descriptor: int, user: Callable[[int], str] | None = None, context: ContextLines | None = None
    ) -> Self:
        """Colours only on a terminal that has them, and not with NO_COLOR set (no-color.org)."""
        terminal = os.isatty(descriptor)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
        shown_on = descriptor if terminal else None
        return cls(colour=terminal and not plain, width=0, terminal=shown_on, user=user, context=context)

    def head(self) -> bytes:
        """The names of the columns."""
        self._look_at_the_width()
        return self._head().encode()

    def _head(self) -> str:
        self._headed = self._columns
        names = [_cell(name, width, right) if width else name for name, width, right in self._columns]
        return self._row(" ".join(names), "head")

    def format(self, batch: Batch) -> bytes:
        """The rows."""
        self._look_at_the_width()
        changed = self._headed is not None and self._headed != self._columns
        most = _LOOKED_AT * self._width
        details = self._context.details(batch, most) if self._context else batch.details(most)
        rows = map(self._event, batch.events(), batch.local_times(), batch.results(), details)
        return ((self._head() if changed else "") + "".join(rows)).encode()

    def _look_at_the_width(self) -> None:
        """Once for each batch, since a terminal can be resized at any time."""
        if self._terminal is not None:
            with suppress(OSError):  # the terminal hung up
                self._width = os.get_terminal_size(self._terminal).columns
        columns = _columns(self._width, self._all)
        if columns != self._columns:
            self._columns, self._process = columns, None

    def _event(self, event: Event, time: str, result: str, details: str) -> str:
        widths = {name: width for name, width, _ in self._columns}
        if isinstance(event, TaskEvent | Alert):
            who = self._who(event)
            style = "failed" if isinstance(event, Alert) or has_failed(event) else event.event
        else:
            who = " ".join(" " * widths[name] for name in ("PID", "PPID", "UID", "USER", "NAME") if name in widths)
            style = event.event
        outcome = _cell(result, widths["RESULT"], False)
        shown = time[11 : 11 + widths["TIME"]] + " " if "TIME" in widths else ""
        return self._row(f"{shown}{event.event:<8} {who}{' ' if who else ''}{outcome} {details}", style)

    def _who(self, event: TaskEvent | Alert) -> str:
        """The columns of the process; most events are by the process of the event before."""
        user = self._user(event.uid) if self._user else ""
        process = (event.pid, event.ppid, event.uid, event.comm, user)
        if process != self._process:
            self._process = process
            values = {
                "PID": event.pid,
                "PPID": event.ppid,
                "UID": event.uid,
                "USER": escape(user),
                "NAME": escape(event.comm),
            }
            cells = [_cell(str(values[name]), width, right) for name, width, right in self._columns if name in values]
            self._shown_process = " ".join(cells)
        return self._shown_process

    def _row(self, line: str, style: str) -> str:
        line = line.rstrip()
        if self._width:
            line = _fit(line, self._width)
        if self._colour and style in _COLOURS:
            before, after = _COLOURS[style]
            return f"{before}{line}{after}\n"
        return line + "\n"
