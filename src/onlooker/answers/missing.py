"""What is looked for and not there: calls that fail with ENOENT, searches in many directories as one."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec
from rich.cells import cell_len

from ..escaping import escape
from ..events import TaskEvent
from ..events.exec import Exec
from ..records import Batch
from . import Row
from .actions import file_of
from .folding import directory
from .page import Page, counted, listed, shortened

MOST_SEARCHES = 100_000
_HEAD = ("TIMES", "PROGRAM", "MISSING")
_MOST_PLACES = 256  # of one search
_MOST_RECENT = 10_000  # searches that may still end


class _Search(msgspec.Struct, gc=False):
    """What one program looks for by one name, and where; `found` is where it was at last."""

    comm: str
    name: str
    time: str
    count: int = 0
    places: dict[str, None] = {}
    found: str | None = None
    interpreter_of: str | None = None  # it is the interpreter that this file names


class Missing:
    """What is not there, by program and name."""

    events: ClassVar[tuple[str, ...]] = ("open", "exec", "access", "stat", "readlink", "chdir")
    failed: ClassVar[bool] = False  # what is found ends a search
    waits_for: ClassVar[str] = "what is missing"
    where: ClassVar[tuple[str, ...]] = ("not errno exists or errno == 'ENOENT'",)

    def __init__(self) -> None:
        self._searches: dict[tuple[str, str], _Search] = {}
        self._recent: OrderedDict[tuple[int, int, str], _Search] = OrderedDict()
        self._beyond = 0

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.events():
            if not isinstance(event, TaskEvent):
                continue
            error = getattr(event, "errno", None)
            if error is None:
                self._found(event)
            elif error == "ENOENT":
                self._missed(event)
        return ()

    def _missed(self, event: TaskEvent) -> None:
        interpreter = event.missing_interpreter if isinstance(event, Exec) else None
        path = interpreter or file_of(event)
        name = path.rstrip("/").rpartition("/")[2] or path
        search = self._searches.get((event.comm, name))
        if search is None:
            if len(self._searches) >= MOST_SEARCHES:
                self._beyond += 1
                return
            search = self._searches[event.comm, name] = _Search(event.comm, name, event.time)
        search.count += 1
        if len(search.places) < _MOST_PLACES:
            search.places[directory(path)] = None
        if interpreter:
            search.interpreter_of = file_of(event)
            return
        self._recent[event.pid, event.start_ns, name] = search
        if len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)

    def _found(self, event: TaskEvent) -> None:
        """The same process got what it had looked for, by the same name."""
        if not self._recent:
            return
        passed = str(getattr(event, "path", ""))
        search = self._recent.pop((event.pid, event.start_ns, passed.rstrip("/").rpartition("/")[2]), None)
        if search is not None:
            place = directory(passed) or directory(file_of(event))
            if place not in search.places:  # else it was made in between
                search.found = place

    def rows(self) -> Iterator[Row]:
        """An object for each search; a last one where there were too many."""
        for search in self._searches.values():
            yield msgspec.structs.asdict(search) | {"places": list(search.places)}
        if self._beyond:
            yield {"not_listed": self._beyond}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table. In a terminal, where it is more than a screenful, what is missing in the same places is one row, and
        what was found in the end comes last.
        """
        groups = _grouped([*self._searches.values()], page.most_rows)
        shown = groups[: page.most_rows] if page.most_rows else groups
        if shown:
            cells = [(str(sum(each.count for each in some)), _programs(some)) for some in shown]
            columns = zip(_HEAD, zip(*cells, strict=True), strict=False)
            widths = [max(len(head), *map(cell_len, column)) for head, column in columns]
            left = page.width and max(20, page.width - sum(widths) - 4)
            rows = ((*first, _said(some, left)) for first, some in zip(cells, shown, strict=True))
            yield from page.columns(_HEAD, rows, right=[0])
        if len(shown) < len(groups):
            yield page.fit(f"and {counted(len(groups) - len(shown), 'row')} more; -o FILE has all")
        total = sum(search.count for search in self._searches.values()) + self._beyond
        found = sum(search.found is not None for search in self._searches.values())
        yield page.fit(
            f"missed {counted(len(self._searches), 'name')}, {counted(total, 'time')}; {found} found elsewhere"
        )


def _grouped(searches: list[_Search], most: int) -> list[list[_Search]]:
    """Each search; where these are too many, those in the same places together, first of each program, then of all."""
    groups = [[search] for search in searches]
    for by_program in (True, False):
        if not most or len(groups) <= most:
            return groups
        together: dict[object, list[_Search]] = {}
        for search in searches:
            key = (by_program and search.comm, *search.places, search.found, search.interpreter_of)
            together.setdefault(key, []).append(search)
        groups = list(together.values())
    return sorted(groups, key=lambda some: some[0].found is not None) if len(groups) > most else groups


def _programs(some: list[_Search]) -> str:
    first, *others = dict.fromkeys(search.comm for search in some)
    return escape(first) + (f" +{len(others)}" if others else "")


def _said(some: list[_Search], width: int) -> str:
    """What is missing where, in so many columns (0: all of it)."""
    first = some[0]
    names = [escape(name) or "''" for name in dict.fromkeys(search.name for search in some)]
    places = [escape(place) or "the working directory" for place in first.places]
    after = ""
    if first.found is not None:
        after = f"; found in {escape(_bare(first.found))}"
    elif first.interpreter_of is not None:
        after = f", which {escape(first.interpreter_of)} names"
    left = width and width - cell_len(after)
    if len(names) == len(places) == 1:
        path = escape(next(iter(first.places))) + names[0]
        return (shortened(path, left) if width else path) + after
    if len(places) == 1:
        place = _bare(places[0])
        before = f"{shortened(place, left // 2) if left else place}: "
        return before + listed(names, left and left - cell_len(before)) + after
    before = f"{listed(names, left and left // 3)}: not in "
    return before + listed([*map(_bare, places)], left and left - cell_len(before)) + after


def _bare(place: str) -> str:
    return place.rstrip("/") or place
