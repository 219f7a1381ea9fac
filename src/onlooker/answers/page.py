"""Lines for people, that fit the terminal: columns, long paths, many directories."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec
from rich.cells import cell_len, set_cell_size

from ..counted import counted as counted  # also for those who import it from here

_GAP = "  "
_NARROWEST = 8
_LEAST_HEIGHT = 10
_KEPT_ROWS = 6  # that it watches, the head, what is left out, the sum, the verdict, the prompt
_LEAST_LEFT_OUT = 40  # so many rows are shown without leaving any out: to scroll is easier than to run it again

Cell = str | Callable[[int], str]  # the last of a row may be made for its width; 0: all of it


class Page(msgspec.Struct, frozen=True):
    """What lines are for: `width` columns and `height` rows of a terminal, or 0 for as much as there is."""

    width: int = 0
    height: int = 0

    @classmethod
    def of(cls, descriptor: int) -> "Page":
        """A terminal's, or without limits."""
        with suppress(OSError):
            if os.isatty(descriptor):
                return cls(*os.get_terminal_size(descriptor))
        return cls()

    @property
    def most_rows(self) -> int:
        """How many rows leave room for the rest in a screenful; 0: all."""
        return max(_LEAST_HEIGHT, self.height - _KEPT_ROWS) if self.height else 0

    @property
    def limit(self) -> int:
        """How many rows are shown where the rest is only counted; 0: all."""
        return max(_LEAST_LEFT_OUT, self.most_rows) if self.height else 0

    def columns(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        right: Sequence[int] = (),
        share: int = 3,
        spare: Sequence[int] = (),
    ) -> Iterator[str]:
        """Rows of safe text below their head, as wide as they need; the last column takes what is left, at least one
        `share`th of the page, and is cut in its middle where that is too little. `right`: columns that are aligned to
        the right; `spare`: those that are left out, one after the other, where the last one would not get its share.
        """
        table: list[Sequence[Cell]] = [tuple(head), *map(tuple, rows)]
        widest = [
            max(cell_len(str(cell)) for cell in column) for column in zip(*(row[:-1] for row in table), strict=True)
        ]
        kept, widths = self._fitting(widest, share, spare)
        firsts = [[str(row[at]) for at in kept] for row in table]
        left = self.width - sum(widths) - len(_GAP) * len(widths)
        for first, row in zip(firsts, table, strict=True):
            cells = [shortened(cell, width) if self.width else cell for cell, width in zip(first, widths, strict=True)]
            padding = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
            aligned = [
                space + cell if at in right else cell + space
                for at, cell, space in zip(kept, cells, padding, strict=True)
            ]
            last = row[-1] if isinstance(row[-1], str) else row[-1](max(left, _NARROWEST) if self.width else 0)
            yield self.fit(_GAP.join((*aligned, shortened(last, left) if self.width else last)).rstrip())

    def _fitting(self, widest: Sequence[int], share: int, spare: Sequence[int]) -> tuple[list[int], list[int]]:
        """Which columns are shown, but for the last, and how wide."""
        kept, left_out = list(range(len(widest))), list(spare)
        while True:
            widths = self._widths([widest[at] for at in kept], share)
            left = self.width - sum(widths) - len(_GAP) * len(widths)
            if not self.width or not left_out or left >= self.width // share:
                return kept, widths
            kept.remove(left_out.pop(0))

    def _widths(self, wanted: list[int], share: int) -> list[int]:
        """Of all columns but the last: the widest become narrower."""
        most = self.width - self.width // share
        while self.width and (surplus := sum(wanted) + len(_GAP) * len(wanted) - most) > 0:
            widest = max(range(len(wanted)), key=wanted.__getitem__)
            if wanted[widest] <= _NARROWEST:
                break
            wanted[widest] = max(_NARROWEST, wanted[widest] - surplus)
        return wanted

    def fit(self, line: str) -> str:
        """The line, cut at its end where it is too long."""
        if not self.width or cell_len(line) <= self.width:
            return line
        return set_cell_size(line, self.width - 1).rstrip() + "…"


def shortened(text: str, width: int) -> str:
    """The text, without some of its middle where it is too long: of a path, the end says most.

    >>> shortened("/usr/lib/python3/dist-packages/a.py", 20)
    '/usr/l…packages/a.py'
    """
    width = max(width, _NARROWEST)
    if cell_len(text) <= width:
        return text
    before = set_cell_size(text, (width - 1) // 3).rstrip()
    after = text[-(width - 1 - cell_len(before)) :]
    while cell_len(before) + 1 + cell_len(after) > width:
        after = after[1:]
    return f"{before}…{after}"


def listed(items: Sequence[str], width: int, otherwise: str = "") -> str:
    """Items with commas between them, as many as fit, and how many there are more; width 0: all. Where not even the
    first fits, it is shortened, or `otherwise` stands for all. Takes no longer for a million items than for a hundred.

    >>> listed(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin"], 30)
    '/usr/local/sbin and 2 more'
    """
    if not width:
        return ", ".join(items)
    best, text = "", ""
    for count, item in enumerate(items, 1):
        text = f"{text}, {item}" if text else item
        if count > 1 and cell_len(text) > width:
            break
        more = f" and {len(items) - count} more" if count < len(items) else ""
        if cell_len(text + more) <= width:
            best = text + more
        elif count == 1:
            best = otherwise or shortened(item, width - len(more)) + more
    return best


def beyond(count: int) -> list[str]:
    """What is said before the sum of what could not be listed."""
    return [f"not listed: {counted(count, 'other')}, for which there was no room"] if count else []
