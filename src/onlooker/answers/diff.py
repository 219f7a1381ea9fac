"""What one recording has and another has not: programs, files, failures."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple

from ..counted import counted
from ..escaping import command_line, escape
from ..events import TASK_EVENTS, TaskEvent
from ..events.exec import Exec
from ..events.exit import Exit
from ..events.fork import Fork
from ..filters.compile import matcher
from ..filters.expression import Expression, Or, Test
from ..recordings.processes import kept_arguments
from ..records import Batch
from . import Row
from .actions import done
from .page import Cell, Page, shortened
from .sameness import form, in_directory
from .uses import CREATED, MISSING, MOVED_AWAY, READ, WRITTEN, is_failure, sections_of

PROGRAMS, FILES, FAILURES = "programs", "files", "failures"
KINDS = (PROGRAMS, FILES, FAILURES)
MOST_THINGS = 200_000  # of each kind, in each recording; 100 MB
_MOST_ALIVE = 32768
# how many times as often, and how much more often, is much
MUCH, MUCH_MORE = 2, 10
_HEADS = {PROGRAMS: ("PROGRAM",), FILES: ("HOW", "FILE"), FAILURES: ("HOW", "WHAT")}

_HOW = (READ, WRITTEN, MOVED_AWAY, MISSING)

Key = tuple[str, ...]  # of a program: its file and its arguments; else how, and then a file or a program


class Difference(NamedTuple):
    """How often a thing is in each of the two. `number`: so many things that are alike, of which `key` is one."""

    key: Key
    first: int
    second: int
    number: int


class Side:
    """What a recording has, each with how often. `directory`: where its command was recorded."""

    def __init__(self, directory: str | None, kinds: Collection[str]) -> None:
        self._directory = directory or ""
        self.found: dict[str, dict[Key, int]] = {kind: {} for kind in kinds}
        self.temporary: set[str] = set()  # files that were made here and are gone again
        self._made: set[str] = set()
        self._running: OrderedDict[tuple[int, int], Key] = OrderedDict()
        self._kept: Counter[tuple[str, bool]] = Counter()
        self.beyond = 0

    def take(self, event: TaskEvent) -> None:
        """Learn from an event."""
        if isinstance(event, Exec) and event.errno is None:
            self._executed(event)
        elif isinstance(event, Fork):
            if not event.thread and (program := self._running.get((event.pid, event.start_ns))):
                self._runs((event.child_pid, event.child_start_ns), program)
        elif isinstance(event, Exit):
            program = self._running.pop((event.pid, event.start_ns), (event.comm,))
            if FAILURES in self.found and (event.signal or event.exit_code):
                self._add(FAILURES, (event.signal or f"exit {event.exit_code}", *program))
        if FAILURES in self.found and is_failure(event):
            file, words = next(done(event), ("", ()))
            error = getattr(event, "errno", None)
            self._add(FAILURES, (f"{', '.join(words) or event.event}: {error}", self._place(file)))
        if FILES in self.found:
            self._used(event)

    def _executed(self, event: Exec) -> None:
        argv, _ = kept_arguments(event.argv)
        program = tuple(map(self._place, (event.exe or event.path, *argv)))
        self._runs((event.pid, event.start_ns), program)
        if PROGRAMS in self.found:
            self._add(PROGRAMS, program)

    def _used(self, event: TaskEvent) -> None:
        found: dict[Key, None] = {}
        for file, section, _ in sections_of(event):
            place = self._place(file)
            if section == CREATED:
                if len(self._made) < MOST_THINGS:
                    self._made.add(place)
                self.temporary.discard(place)
            elif section == MOVED_AWAY and place in self._made:
                self.temporary.add(place)
            found[WRITTEN if section == CREATED else section, place] = None
        for key in found:
            self._add(FILES, key)

    def _runs(self, process: tuple[int, int], program: Key) -> None:
        self._running[process] = program
        if len(self._running) > _MOST_ALIVE:  # the ends of some were lost
            self._running.popitem(last=False)

    def _place(self, text: str) -> str:
        return in_directory(text, self._directory)

    def _add(self, kind: str, key: Key) -> None:
        found = self.found[kind]
        if key in found:
            found[key] += 1
            return
        group = (kind, key[0] == MISSING)  # what is missing leaves room for the files that are there
        if self._kept[group] >= MOST_THINGS:
            self.beyond += 1
        else:
            self._kept[group] += 1
            found[key] = 1


class Diff:
    """Two recordings. What is in both by the same name is the same; and what is left is the same where only temporary
    names, process ids, random digits or times differ. `counts`: what is in both, but much more often in one, is a
    difference, too. `now` is the one whose batches come.
    """

    events: ClassVar[tuple[str, ...]] = tuple(TASK_EVENTS)
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "differences"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, directories: tuple[str | None, str | None], *, kinds: Sequence[str] = KINDS, counts: bool = False
    ) -> None:
        self.sides = tuple(Side(directory, kinds) for directory in directories)
        self.now = self.sides[0]
        self._kinds, self._counts = kinds, counts
        self._matcher = matcher(_needed(kinds))
        self._compared: dict[str, list[Difference]] | None = None

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch of the recording that it is at."""
        for event in batch.matching(self._matcher).events():
            if isinstance(event, TaskEvent):
                self.now.take(event)
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The events without which it is not complete."""
        return ("exec",) if [*self._kinds] == [PROGRAMS] else self.events

    @property
    def is_whole(self) -> bool:
        """Whether there was room for all."""
        return not any(side.beyond for side in self.sides)

    def differences(self) -> dict[str, list[Difference]]:
        """By kind; to be asked when all was learned."""
        if self._compared is None:
            self._compared = {kind: self._compare(kind) for kind in self._kinds}
        return self._compared

    def _compare(self, kind: str) -> list[Difference]:
        first, second = (side.found[kind] for side in self.sides)
        pairs = [(key, count, second[key]) for key, count in first.items() if key in second]
        found = [Difference(*each, 1) for each in pairs if self._is_much(*each[1:])]
        forms: dict[Key, list[tuple[Key, int, int]]] = {}
        for key, count in first.items():
            if key not in second:
                forms.setdefault(self._form(kind, key), []).append((key, count, 0))
        for key, count in second.items():
            if key not in first:
                forms.setdefault(self._form(kind, key), []).append((key, 0, count))
        for alike in forms.values():
            counts = (sum(count for _, count, _ in alike), sum(count for _, _, count in alike))
            if not all(counts) or self._is_much(*counts):
                found.append(Difference(alike[0][0], *counts, len(alike)))
        return sorted(found, key=_order)

    def _is_much(self, first: int, second: int) -> bool:
        low, high = sorted((first, second))
        return self._counts and high >= MUCH * low and high - low >= MUCH_MORE

    def _form(self, kind: str, key: Key) -> Key:
        is_temporary = any(key[-1] in side.temporary for side in self.sides)
        how = () if kind == PROGRAMS else key[:1]
        return (*how, *(form(word, is_temporary=is_temporary) for word in key[len(how) :]))

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def rows(self) -> Iterator[Row]:
        """An object for each difference."""
        for kind, found in self.differences().items():
            for each in found:
                counts = {"first": each.first, "second": each.second, "alike": each.number if each.number > 1 else None}
                yield {"kind": kind.removesuffix("s"), **_row(kind, each.key), **counts}

    def lines(self, page: Page) -> Iterator[str]:
        """A table of each kind where there are differences, and what is the same."""
        for kind, found in self.differences().items():
            if not found:
                continue
            firsts = sum(not each.second for each in found)
            seconds = sum(not each.first for each in found)
            both = len(found) - firsts - seconds
            more = f", {both} much more often in one" if both else ""
            said = f"{kind}: {firsts} only in the first, {seconds} only in the second{more}"
            narrow = f"{kind}: {firsts} in first, {seconds} in second{f', {both} in both' if both else ''}"
            yield page.fit(narrow if page.width and len(said) > page.width else said)
            shown = found[: page.limit] if page.limit else found
            rows = [(_number(each.first), _number(each.second), *_cells(kind, each)) for each in shown]
            yield from page.columns(("FIRST", "SECOND", *_HEADS[kind]), rows, right=[0, 1], share=2)
            if len(shown) < len(found):
                yield page.fit(f"and {counted(len(found) - len(shown), 'row')} more; -o FILE has all")
        yield page.fit(self._sum())

    def _sum(self) -> str:
        total = sum(map(len, self.differences().values()))
        if total:
            return counted(total, "difference")
        sizes = (counted(len(self.sides[0].found[kind]), kind.removesuffix("s")) for kind in self._kinds)
        return f"the same: {', '.join(sizes)}"


def _order(each: Difference) -> tuple[bool, bool, int]:
    """First what only one has; of files, what is missing last."""
    how = each.key[0]
    return bool(each.first and each.second), not each.first, _HOW.index(how) if how in _HOW else 0


def _needed(kinds: Collection[str]) -> Expression:
    life: tuple[str, ...] = ("fork", "exec", "exit")
    if FILES in kinds:
        life = (*life, "open", *(name for name, each in TASK_EVENTS.items() if each.is_change))
    terms: list[Expression] = [Test("event", "in", tuple(name.encode() for name in dict.fromkeys(life)))]
    if FAILURES in kinds:
        terms.append(Test("errno", "exists"))
    elif FILES in kinds:
        terms.append(Test("errno", "==", (b"ENOENT",)))
    return Or(tuple(terms)) if len(terms) > 1 else terms[0]


def _row(kind: str, key: Key) -> Row:
    if kind == PROGRAMS:
        return {"program": key[0], "argv": list(key[1:])}
    if kind == FILES:
        return {"how": key[0], "file": key[1]}
    if ": " in key[0]:
        return {"how": key[0].partition(": ")[0], "errno": key[0].partition(": ")[2], "file": key[1]}
    return {"how": key[0], "program": key[1], "argv": list(key[2:]) or None}


def _number(count: int) -> str:
    return str(count) if count else "-"


def _cells(kind: str, each: Difference) -> tuple[Cell, ...]:
    more = f" (and {each.number - 1} alike)" if each.number > 1 else ""
    if kind == PROGRAMS:
        return (_command(each.key, more),)
    if kind == FAILURES and ": " not in each.key[0]:
        return each.key[0], _command(each.key[1:], more)
    file = escape(each.key[1])
    return each.key[0], lambda width: (shortened(file, width - len(more)) if width else file) + more


def _command(program: Key, more: str) -> Callable[[int], str]:
    """Its arguments, or its file where that is another program than they say."""
    name = program[0].rpartition("/")[2]
    words = command_line(program[1:])
    is_said = len(program) > 1 and program[1].rpartition("/")[2] == name
    text = words if is_said else f"{escape(program[0])}: {words}" if words else escape(program[0])

    def said(width: int) -> str:
        return Page(max(1, width - len(more)) if width else 0).fit(text) + more

    return said
