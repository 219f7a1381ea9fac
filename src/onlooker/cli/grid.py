"""A table for people: rows of any result, as many columns as fit the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len, chop_cells

from ..answers.page import Page, shortened
from ..escaping import escape

_GAP = "  "
_NARROWEST = 20  # of a column whose cells are shortened
_EMPTY = "''"  # a text; NULL is nothing
_WRAPPED = "why"  # a reason, of which each word counts: as the last column it goes on below itself
_WIDE = 12  # more columns than somebody types
_SHOWN_SCREENS = 4
_LEAST_ROWS = 40
_NARROW = 60  # a terminal where what happened counts more than when
# what says least, where not all columns fit
_LEAST = (
    *("recording", "boot_ns", "start_ns", "parent_start_ns", "cgroup_id", "ns_pid", "tid", "gid", "device", "inode"),
    *("session", "loginuid", "ppid", "uid", "seq", "dirfd", "new_dirfd", "cpu_user_ns", "cpu_system_ns", "ancestors"),
    *("unproven", "created", "syscall", "mode", "argv", "flags", "fd", "start_time", "end_time"),
)

Row = Sequence[str | bytes | None]


class Grid:
    """Made of the first rows, which decide how wide the columns are. `numbers` and `texts` say which columns hold them:
    numbers are aligned to the right, and texts are shortened where there is no room.
    """

    def __init__(
        self,
        names: Sequence[str],
        numbers: Iterable[int],
        texts: Iterable[int],
        first: Sequence[Row],
        page: Page,
    ) -> None:
        self._page, self._names = page, names
        self._right, self._texts = frozenset(numbers), frozenset(texts)
        self._columns = list(range(len(names)))
        self._widths = [
            max([cell_len(escape(name)), *(cell_len(_cell(row[at])) for row in first)]) for at, name in enumerate(names)
        ]
        if len(names) > _WIDE and first:
            self._columns = [at for at in self._columns if any(row[at] not in (None, "[]") for row in first)] or [0]
        self.left_out: list[str] = []
        if page.width:
            self._fit()

    def head(self) -> str:
        """The line of the names."""
        return self._line([escape(self._names[at]) for at in self._columns])

    def lines(self, rows: Iterable[Row]) -> Iterator[str]:
        """One for each row, or more where a reason does not fit."""
        for row in rows:
            cells = [_cell(row[at]) for at in self._columns]
            if not self._page.width or self._names[self._columns[-1]] != _WRAPPED:
                yield self._line(cells)
                continue
            first, *more = _wrapped(cells[-1], self._widths[self._columns[-1]])
            yield self._line([*cells[:-1], first])
            for each in more:
                yield self._line([*[""] * (len(cells) - 1), each])

    def _fit(self) -> None:
        places = {name: at for at, name in enumerate(self._names)}
        names = (*_LEAST, *("time",) * (self._page.width < _NARROW))
        least = [places[name] for name in names if name in places] if len(self._names) > _WIDE else []
        while len(self._columns) > 1 and self._needed() > self._page.width:
            last = self._columns[-2 if self._names[self._columns[-1]] == _WRAPPED else -1]
            at = next((at for at in least if at in self._columns), last)
            self._columns.remove(at)
            self.left_out.append(escape(self._names[at]))
        while (surplus := self._total() - self._page.width) > 0:
            longest = max(self._texts.intersection(self._columns), key=self._widths.__getitem__, default=None)
            if longest is None or self._widths[longest] <= _NARROWEST:
                break
            self._widths[longest] = max(_NARROWEST, self._widths[longest] - surplus)

    def _needed(self) -> int:
        """The least width of all columns."""
        widths = [min(self._widths[at], _NARROWEST) if at in self._texts else self._widths[at] for at in self._columns]
        return sum(widths) + len(_GAP) * (len(widths) - 1)

    def _total(self) -> int:
        return sum(self._widths[at] for at in self._columns) + len(_GAP) * (len(self._columns) - 1)

    def _line(self, cells: Sequence[str]) -> str:
        aligned = []
        for at, cell in zip(self._columns, cells, strict=True):
            fitting = shortened(cell, self._widths[at]) if self._page.width else cell
            space = " " * (self._widths[at] - cell_len(fitting))
            aligned.append(space + fitting if at in self._right else fitting + space)
        return self._page.fit(_GAP.join(aligned).rstrip())


def most_rows(page: Page) -> int | None:
    """How many rows are shown; None: all."""
    return max(_LEAST_ROWS, _SHOWN_SCREENS * page.height) if page.height else None


def _wrapped(cell: str, width: int) -> list[str]:
    """Its lines: between words, or within one that is too long.

    >>> _wrapped("no such plan: 0123456789", 8)
    ['no such', 'plan: 01', '23456789']
    """
    return [line for words in wrap(cell, width) for line in chop_cells(words, width)] or [""]


def _cell(value: str | bytes | None) -> str:
    if value is None:
        return ""
    if not value:
        return _EMPTY
    return escape(value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value)
