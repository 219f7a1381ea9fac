"""Which of many processes alike are shown in a terminal, and what is said of the others."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from ..counted import counted
from ..escaping import escape
from . import Row
from .folding import Group
from .page import listed

_MOST_LINES = 12  # of one kind, as long as there is room for it on the screen
_LEAST_LINES = 3
_MOST_KINDS = 1000
_MOST_NAMED = 1000  # files that are not shown, for the directory that they are in; and processes, for their number
_PAUSE_SECONDS = 10.0  # what one kind does after it did nothing for so long is shown again


class _Kind(msgspec.Struct, gc=False):
    lines: int = 0
    seconds: float = 0.0  # when it did something last
    folded: int = 0
    processes: dict[int, None] = {}
    actions: dict[str, None] = {}
    files: dict[str, None] = {}


class Alike:
    """Processes are alike that have one name and user, and whose parents have the same names."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._lines = 0  # of all that was shown
        self._seconds = 0.0  # when anything happened last

    def is_known(self, row: Row) -> bool:
        """Whether one like it was shown."""
        return _key(row) in self._kinds

    def has_room(self, row: Row, lines: int, most: int) -> bool:
        """Whether a change that takes so many lines is to be shown, on a screen of `most`; else it is counted."""
        kind = self._kinds.get(_key(row))
        if kind is None:
            if len(self._kinds) >= _MOST_KINDS:
                del self._kinds[next(iter(self._kinds))]
            kind = self._kinds[_key(row)] = _Kind()
        now = datetime.fromisoformat(row["time"][:23] + "+00:00").timestamp()
        if now - kind.seconds > _PAUSE_SECONDS:
            kind.lines = 0
        if now - self._seconds > _PAUSE_SECONDS:
            self._lines = 0
        kind.seconds = self._seconds = now
        most_of_kind = _MOST_LINES if self._lines + lines <= most else _LEAST_LINES
        if not kind.lines or kind.lines + lines <= most_of_kind:
            kind.lines += lines
            self._lines += lines
            return True
        kind.folded += 1
        kind.actions |= dict.fromkeys(row["actions"])
        if len(kind.files) < _MOST_NAMED:
            kind.files[row["file"]] = None
        if len(kind.processes) < _MOST_NAMED:
            kind.processes[row["pid"]] = None
        return False

    def lines(self, most: int) -> Iterator[str]:
        """What was counted, the most first; all of it in half as many lines as the screen has."""
        folded = [(key, kind) for key, kind in self._kinds.items() if kind.folded]
        folded.sort(key=lambda each: -each[1].folded)
        shown = folded[: max(1, most // 2)]
        if shown:
            yield "more of the same, which -o FILE has in full:"
        for (comm, *_), kind in shown:
            least = "at least " if len(kind.processes) == _MOST_NAMED else ""
            processes = least + counted(len(kind.processes), "process", "processes")
            place = Group([(file, None) for file in kind.files]).place
            where = f": {place}" if len(kind.files) == 1 else f" below {place}" if place else ""
            yield f"{kind.folded:>7} by {escape(str(comm))} ({processes}): {listed([*kind.actions], 30)}{escape(where)}"
        if len(shown) < len(folded):
            yield f"{sum(kind.folded for _, kind in folded[len(shown) :]):>7} by others"


def _key(row: Row) -> tuple[object, ...]:
    return row["comm"], row["uid"], *row["parents"]
