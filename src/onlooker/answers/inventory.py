"""The files of a recording: what was read, written, created, removed, and what was missing; and what was read without
being declared.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from ..counted import counted
from ..escaping import escape
from ..events import TaskEvent
from ..records import Batch
from . import Row
from .declared import Declared
from .files import is_special
from .folding import directory
from .inputs import EVENTS as OF_INPUTS
from .inputs import Inputs
from .page import Page, listed
from .uses import (
    CREATED,
    EVENTS,
    MISSING,
    MOVED_AWAY,
    READ,
    SECTIONS,
    WHERE,
    WRITTEN,
    Used,
    Uses,
    head_of,
    in_section,
    rows_of,
    use_row,
)

# the kinds of events without which a section is not what it says
OF_SECTION = {
    READ: ("exec", "open"),
    WRITTEN: ("open", "truncate", "chmod", "chown", "utime", "xattr"),
    CREATED: ("open", "mkdir", "mknod", "link", "symlink", "rename", "bind"),
    MOVED_AWAY: ("unlink", "rmdir", "rename"),
    MISSING: ("exec", "open", "stat", "access"),
}
PROCESS, DIRECTORY = "process", "directory"
BY = (PROCESS, DIRECTORY)
_REMEDY = "--under DIR makes room"
_LEAST_ROWS = 5  # of a section in a terminal


def keeps(under: Collection[str], *, special: bool) -> Callable[[str], bool]:
    """Whether a file is wanted: at or below one of these paths, if any are given; what is in /proc, /sys and /dev only
    where `special` says so.
    """
    below = tuple(f"{path.rstrip('/')}/" for path in under)

    def is_kept(file: str) -> bool:
        closed = f"{file}/"
        return (special or not is_special(closed)) and (not below or closed.startswith(below))

    return is_kept


class Inventory:
    """The files of some sections. `by`: each process, or directory, by itself."""

    events: ClassVar[tuple[str, ...]] = EVENTS
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "files"
    where: ClassVar[tuple[str, ...]] = (WHERE,)

    def __init__(
        self,
        sections: Sequence[str] = SECTIONS,
        *,
        by: str | None = None,
        is_kept: Callable[[str], bool] = lambda file: True,
    ) -> None:
        self._sections, self._by = sections, by
        self._uses = Uses(is_kept=is_kept)
        self._names: dict[Any, str] = {}

    @property
    def needs(self) -> tuple[str, ...]:
        """The events without which it is not complete."""
        return EVENTS if MISSING in self._sections else OF_INPUTS

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.events():
            if isinstance(event, TaskEvent):
                group = (event.pid, event.start_ns) if self._by == PROCESS else None
                self._uses.add(event, group)
                if group in self._uses.groups:
                    self._names[group] = event.comm
        return ()

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def rows(self) -> Iterator[Row]:
        """An object for each file, of each process where these are apart; or for each directory."""
        for group, files in self._uses.groups.items():
            wanted = [(file, use) for file, use in files.items() if any(each in use.counts for each in self._sections)]
            if self._by == DIRECTORY:
                yield from map(_directory_row, _by_directory(wanted).items())
                continue
            who = {"pid": group[0], "start_ns": group[1]} if group else {}
            yield from ({**who, **use_row(file, use)} for file, use in wanted)
        if left_out := {each: self._uses.beyond[each] for each in self._sections if self._uses.beyond[each]}:
            yield {"not_listed": sum(left_out.values()), **left_out}

    def lines(self, page: Page) -> Iterator[str]:
        """A section after the other; none of what there is not."""
        shown = False
        for section in self._sections:
            groups = {group: found for group in self._uses.groups if (found := self._uses.of(section, group))}
            if groups:
                shown = True
                yield page.fit(_head(section, groups))
                yield from self._table(section, groups, page)
            left_out = self._uses.not_listed(section, _REMEDY)
            shown |= bool(left_out)
            yield from map(page.fit, left_out)
        if not shown:
            yield page.fit(f"no file was {listed(self._sections, 60)}")

    def _table(self, section: str, groups: dict[Any, list[Used]], page: Page) -> Iterator[str]:
        most = page.most_rows and max(_LEAST_ROWS, page.most_rows // len(self._sections))
        if self._by == DIRECTORY:
            yield from _directories(section, groups[None], page, most)
        elif self._by is None:
            yield from page.columns(("TIMES", "HOW", "FILE"), rows_of(section, groups[None], page, most), (0,), 2)
        else:
            each = most and max(1, most // len(groups))
            rows = []
            for group, used in groups.items():
                who = f"{escape(self._names[group])} ({group[0]})"
                rows += [(times, who, how, file) for times, how, file in rows_of(section, used, page, each)]
            yield from _limited(("TIMES", "PROCESS", "HOW", "FILE"), rows, page, spare=[2])


def _limited(head: Sequence[str], rows: Sequence[Sequence[str]], page: Page, *, spare: Sequence[int]) -> Iterator[str]:
    """So many rows as there are to be in a terminal, and how many there are more."""
    shown = rows[: page.limit] if page.limit else rows
    yield from page.columns(head, shown, (0,), 2, spare)
    if len(shown) < len(rows):
        yield page.fit(f"and {counted(len(rows) - len(shown), 'row')} more; -o FILE has all")


def _head(section: str, groups: dict[Any, list[Used]]) -> str:
    if None in groups:
        return head_of(section, groups[None])
    files = {file: use for used in groups.values() for file, use in used}
    times = sum(use.counts[section] for used in groups.values() for _, use in used)
    by = counted(len(groups), "process", "processes")
    return f"{section}: {counted(len(files), 'file')}, {counted(times, 'time')} by {by}"


def _by_directory(used: Iterable[Used]) -> dict[str, list[Used]]:
    found: dict[str, list[Used]] = {}
    for file, use in used:
        found.setdefault(directory(file) or "?", []).append((file, use))
    return found


def _directory_row(of: tuple[str, list[Used]]) -> Row:
    place, used = of
    counts = {each: sum(use.counts.get(each, 0) for _, use in used) or None for each in SECTIONS}
    comms = tuple(dict.fromkeys(comm for _, use in used for comm in use.comms))
    return {"directory": place, "files": len(used), **counts, "comms": comms}


def _directories(section: str, used: list[Used], page: Page, most: int) -> Iterator[str]:
    rows = [
        (str(sum(use.counts[section] for _, use in some)), str(len(some)), escape(place))
        for place, some in _by_directory(in_section(used, section)).items()
    ]
    shown = rows[: max(page.limit, most)] if most else rows
    yield from page.columns(("TIMES", "FILES", "DIRECTORY"), shown, (0, 1), 2)
    if len(shown) < len(rows):
        yield page.fit(f"and {counted(len(rows) - len(shown), 'row')} more; -o FILE has all")


class Undeclared:
    """Which inputs are read or executed although they are not declared. `inputs` has to see all batches, this what is
    chosen of them.
    """

    events: ClassVar[tuple[str, ...]] = OF_INPUTS
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "files that are read"
    where: ClassVar[tuple[str, ...]] = ("not errno exists", "event in ('open', 'exec')")

    def __init__(self, inputs: Inputs, declared: Declared, *, is_kept: Callable[[str], bool]) -> None:
        self._inputs, self._declared = inputs, declared
        self._uses = Uses(is_kept=is_kept)

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.events():
            if isinstance(event, TaskEvent):
                self._uses.add(event)
        return ()

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def read(self) -> list[Used]:
        """All inputs."""
        return [(file, use) for file, use in self._uses.of(READ) if file in self._inputs.files]

    def found(self) -> list[Used]:
        """Those that are not declared, by their first names."""
        names = self._inputs.files
        return [
            (names[file], use)
            for file, use in self.read()
            if file not in self._declared and names[file] not in self._declared
        ]

    def mistakes(self) -> Iterator[str]:
        """Of what is declared, in words: what matches nothing, and would if it were written in another way."""
        names = self._inputs.files
        return self._declared.mistakes({*names, *names.values()})

    @property
    def is_whole(self) -> bool:
        """Whether there was room for all."""
        return self._inputs.is_whole and not self._uses.beyond[READ]

    def rows(self) -> Iterator[Row]:
        """An object for each."""
        return (use_row(file, use) for file, use in self.found())

    def lines(self, page: Page) -> Iterator[str]:
        """A table, and how many that is."""
        found, read = self.found(), self.read()
        if found:
            yield from _limited(("TIMES", "BY", "HOW", "FILE"), [_row(*each) for each in found], page, spare=[2])
        number = counted(len(read), "file that was read", "files that were read")
        said = f"{len(found)} of {number}" if found else number
        yield page.fit(f"{said}: {'not ' if found else ''}declared")
        yield from map(page.fit, self._uses.not_listed(READ, _REMEDY))


def _row(file: str, use: Any) -> tuple[str, ...]:
    first, *others = use.comms
    by = escape(first) + (f" +{len(others)}" if others else "")
    return str(use.counts[READ]), by, ", ".join(use.words[READ]), escape(file)
