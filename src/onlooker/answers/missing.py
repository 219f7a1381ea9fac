"""What is looked for and not there: calls that fail with ENOENT, searches in many directories as one."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from typing import ClassVar

import msgspec
from rich.cells import cell_len

from ..counted import counted
from ..escaping import escape
from ..events import TaskEvent
from ..events.access import Access
from ..events.exec import Exec
from ..events.link import Link
from ..events.rename import Rename
from ..records import Batch
from . import Row
from .actions import CHANGES, cleaned, done, file_of, new_file_of
from .folding import directory
from .page import Cell, Page, beyond, listed, shortened

MOST_SEARCHES = 100_000
_HEAD = ("TIMES", "PROGRAM", "WANTED", "MISSING")
_MOST_PLACES = 256  # of one search
_SHORTEST_PATH = 12  # what is shorter says nothing
_MOST_RECENT = 10_000  # searches that may still end
_LOOKS = ("open", "exec", "access", "stat", "readlink", "chdir")  # they find what is there; all else changes something
_LOADER_FILES = ("/etc/ld.so.cache", "/etc/ld.so.preload")
_PROGRAM_PLACES = ("/usr/games/", "/usr/local/games/")

# Sets of --hide that this answer goes by itself. A search that found nothing anywhere may be why a program failed, and
# which one that is can't be told of a single event.
FOLDED_SETS = ("loader", "path-search")


class _Search(msgspec.Struct, gc=False):
    """What one program looks for by one name, and where; `found` is where it was at last, `unfound` how many processes
    did not get it.
    """

    comm: str
    name: str
    time: str
    count: int = 0
    wanted: dict[str, None] = {}
    places: dict[str, None] = {}
    found: str | None = None
    unfound: int = 0
    interpreter_of: str | None = None  # it is the interpreter that this file names
    new_file: str | None = None  # of a rename or a link: what it would have become

    @property
    def is_over(self) -> bool:
        """Whether all who looked for it got it."""
        return self.found is not None and not self.unfound


class Missing:
    """What is not there, by program and name. `hide` is some of `FOLDED_SETS`: what they stand for is left out, but not
    what was found nowhere.
    """

    events: ClassVar[tuple[str, ...]] = (*_LOOKS, *(event for event in CHANGES if event not in _LOOKS))
    failed: ClassVar[bool] = False  # what is found ends a search
    waits_for: ClassVar[str] = "what is missing"
    where: ClassVar[tuple[str, ...]] = (f"errno == 'ENOENT' or not errno exists and event in {_LOOKS}",)

    def __init__(self, hide: Collection[str] = ()) -> None:
        self._hide = hide
        self._searches: dict[tuple[str, str], _Search] = {}
        self._recent: OrderedDict[tuple[int, str], tuple[int, _Search]] = OrderedDict()
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
        name = path.rpartition("/")[2] or path
        search = self._searches.get((event.comm, name))
        if search is None:
            if len(self._searches) >= MOST_SEARCHES:
                self._beyond += 1
                return
            search = self._searches[event.comm, name] = _Search(event.comm, name, event.time)
        search.count += 1
        for word in _wanted(event):
            search.wanted[word] = None
        if len(search.places) < _MOST_PLACES:
            search.places[directory(path)] = None
        if interpreter:
            search.interpreter_of = file_of(event)
            return
        if isinstance(event, Rename | Link) and search.new_file is None:
            search.new_file = new_file_of(event)
        key, recent = (event.pid, name), (event.start_ns, search)
        if self._recent.get(key) != recent:
            search.unfound += 1
        self._recent[key] = recent
        if len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)

    def _found(self, event: TaskEvent) -> None:
        """The same process got what it had looked for, by the same name; or its child executed it."""
        if not self._recent or getattr(event, "created", False):
            return
        passed = cleaned(str(getattr(event, "path", "")))
        name = passed.rpartition("/")[2]
        began, search = self._recent.pop((event.pid, name), (0, None))
        if search is not None and began == event.start_ns:
            _end(search, directory(passed) or directory(file_of(event)))
        if isinstance(event, Exec):
            _, search = self._recent.pop((event.ppid, name), (0, None))
            if search is not None:
                _end(search, directory(passed) or directory(file_of(event)))

    def _listed(self) -> list[_Search]:
        """All but what is hidden."""
        searches = [*self._searches.values()]
        if "path-search" in self._hide:
            searches = [
                search for search in searches if not (search.is_over and all(map(_has_programs, search.places)))
            ]
        return _without_loader(searches) if "loader" in self._hide else searches

    def rows(self) -> Iterator[Row]:
        """An object for each search; a last one where there were too many."""
        for search in self._listed():
            row = msgspec.structs.asdict(search) | {"wanted": list(search.wanted), "places": list(search.places)}
            yield row | {"unfound": search.unfound or None}
        if self._beyond:
            yield {"not_listed": self._beyond}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table. In a terminal, where it is more than a screenful, what is missing in the same places is one row, and
        what was found in the end comes last.
        """
        searches = self._listed()
        groups = _grouped(searches, page.most_rows)
        shown = groups[: page.limit] if page.limit else groups
        if shown:
            yield from page.columns(_HEAD, map(_row, shown), right=[0])
        if len(shown) < len(groups):
            yield page.fit(f"and {counted(len(groups) - len(shown), 'row')} more; -o FILE has all")
        total = sum(search.count for search in searches)
        found = sum(search.found is not None for search in searches)
        yield from map(page.fit, beyond(self._beyond))
        names = counted(len(searches), "name")
        yield page.fit(f"missed {names}, {counted(total, 'time')}; {found} found elsewhere")


def _end(search: _Search, place: str) -> None:
    """It was found; in a place where it was not before, it was made in between."""
    if place not in search.places:
        search.found = place
        search.unfound -= 1


def _wanted(event: TaskEvent) -> tuple[str, ...]:
    if isinstance(event, Access):
        return ("ask",)  # of what is not there, nobody can read or write
    return next((words for _, words in done(event)), ())


def _has_programs(place: str) -> bool:
    return place.endswith(("/bin/", "/sbin/")) or place in _PROGRAM_PLACES


def _is_library(name: str) -> bool:
    return name.endswith(".so") or ".so." in name


def _without_loader(searches: list[_Search]) -> list[_Search]:
    """Without what the dynamic loader always looks for: its files, libraries that it found, and, for each directory
    where a library is not, whether that directory is there. Those that are not there say nothing of where it is not.
    """
    looked_in = {(search.comm, place) for search in searches if _is_library(search.name) for place in search.places}
    absent: set[tuple[str, str]] = set()
    rest: list[_Search] = []
    for search in searches:
        paths = [place + search.name for place in search.places]
        directories = {(search.comm, f"{path}/") for path in paths}
        if directories <= looked_in:
            absent |= directories
        elif not all(path in _LOADER_FILES for path in paths) and not (search.is_over and _is_library(search.name)):
            rest.append(search)
    return [_with_places(search, absent) if _is_library(search.name) else search for search in rest]


def _with_places(search: _Search, absent: Collection[tuple[str, str]]) -> _Search:
    there = {place: None for place in search.places if (search.comm, place) not in absent}
    return msgspec.structs.replace(search, places=there or search.places)


def _grouped(searches: list[_Search], most: int) -> list[list[_Search]]:
    """Each search; where these are too many, those in the same places together, first of each program, then of all."""
    groups = [[search] for search in searches]
    for by_program in (True, False):
        if not most or len(groups) <= most:
            return groups
        together: dict[object, list[_Search]] = {}
        for search in searches:
            key = (by_program and search.comm, *search.places, search.found, search.interpreter_of, search.new_file)
            together.setdefault(key, []).append(search)
        groups = list(together.values())
    return sorted(groups, key=lambda some: some[0].found is not None) if len(groups) > most else groups


def _row(some: list[_Search]) -> tuple[Cell, ...]:
    words = dict.fromkeys(word for search in some for word in search.wanted)
    times = sum(search.count for search in some)
    return str(times), _first_of(search.comm for search in some), _first_of(words), lambda width: _said(some, width)


def _first_of(items: Iterable[str]) -> str:
    first, *others = dict.fromkeys(items) or ("",)
    return escape(first) + (f" +{len(others)}" if others else "")


def _said(some: list[_Search], width: int) -> str:
    """What is missing where, in so many columns (0: all of it). The names matter most; what is known beside them gets
    what they leave.
    """
    first = some[0]
    names = [escape(name) or "''" for name in dict.fromkeys(search.name for search in some)]
    places = [_bare(escape(place)) or "the working directory" for place in first.places]
    least = _after(some, 1)
    left = width and max(1, width - cell_len(least))
    if len(names) == len(places) == 1:
        path = escape(next(iter(first.places))) + names[0]
        said = shortened(path, left) if width else path
        return said + _after(some, width and width - cell_len(said))
    if len(places) == 1:
        room = max(left // 3, min(left // 2, left - _least(names) - 2))
        before = f"{shortened(places[0], room) if left else places[0]}: "
        said = before + listed(names, left and left - cell_len(before))
        return said + _after(some, width and width - cell_len(said))
    number = counted(len(places), "directory", "directories")
    room = left and max(1, left - len(f": not in {number}"))
    said = f"{listed(names, room and max(room // 2, min(room, _least(names))))}: not in "
    after = _after(some, width and max(1, width - cell_len(said) - len(number)))
    said += listed(places, width and max(1, width - cell_len(said + after)), otherwise=number) + after
    return said if not width or cell_len(said) <= width else listed(names, left) + least


def _least(names: list[str]) -> int:
    """How wide the first of them is, with the number of the others."""
    return cell_len(names[0]) + (len(f" and {len(names) - 1} more") if len(names) > 1 else 0)


def _after(some: list[_Search], width: int) -> str:
    """What else is known of it, in so many columns, or as few as there can be (0: all of it)."""
    first, unfound = some[0], sum(search.unfound for search in some)
    if first.found is not None:
        behind = f", not by {counted(unfound, 'process', 'processes')}" if unfound else ""
        return _with_path("; found", " in ", _bare(first.found), behind, width)
    if first.interpreter_of is not None:
        return _with_path(", which ", "", first.interpreter_of, " names", width)
    if first.new_file is not None:
        return _with_path(", or the directory of ", "", first.new_file, "", width)
    return ""


def _with_path(before: str, word: str, path: str, after: str, width: int) -> str:
    path = escape(path)
    whole = before + word + path + after
    if not width or cell_len(whole) <= width:
        return whole
    room = width - len(before + word + after)
    if room >= _SHORTEST_PATH or not word:
        return before + word + shortened(path, max(room, _SHORTEST_PATH)) + after
    return before + after


def _bare(place: str) -> str:
    return place.rstrip("/") or place
