"""Which files are read, and which are written: each once, in the order of the first time, with how often."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import msgspec

from ..counted import counted
from ..escaping import escape
from ..events import TaskEvent
from ..events.exec import Exec
from ..events.open import Open
from ..records import Batch
from . import Row
from .actions import CHANGES, done, is_change, wanted
from .folding import Group, folded
from .page import Page, beyond, listed

MOST_FILES = 100_000  # 50 MB of them, with paths of 100 bytes
_MOST_NAMES = 16  # of the processes that used a file
_FEWEST_FOLDED = 3  # temporary files

# what a file is at the end, in the order of their rows
FILE, REMOVED, DEVICE, TEMPORARY = "file", "removed", "device", "temporary"
KINDS = (FILE, REMOVED, DEVICE, TEMPORARY)
_MAKES = ("created", "linked", "symlinked", "renamed to")
_ENDS = ("removed", "renamed")
_SPECIAL = ("/proc/", "/sys/", "/dev/")
_NO_DEVICES = ("/dev/shm/", "/dev/mqueue/")  # noqa: S108
_NEVER_THERE = ("deleted", "tmpfile", "memfd")  # states of a file that no path leads to


def kind_of(file: str, *, is_new: bool, is_gone: bool) -> str:
    """What a file is at the end: `is_new`: it was made meanwhile, `is_gone`: and is there no more."""
    if is_gone:
        return TEMPORARY if is_new else REMOVED
    return DEVICE if file.startswith("/dev/") and not file.startswith(_NO_DEVICES) else FILE


def is_special(path: str) -> bool:
    """Whether it is a file of the kernel's, or a device: in /proc, /sys or /dev, but for what is shared memory."""
    return path.startswith(_SPECIAL) and not path.startswith(_NO_DEVICES)


class _Use(msgspec.Struct, gc=False):
    time: str
    count: int = 0
    actions: tuple[str, ...] = ()
    comms: tuple[str, ...] = ()
    is_new: bool = False  # it was made meanwhile
    is_gone: bool = False  # and then removed, or has another name

    def add(self, words: Sequence[str], comm: str) -> None:
        self.count += 1
        for word in words:
            if word not in self.actions:
                self.actions = (*self.actions, word)
            if word in _MAKES:
                self.is_gone = False
            elif word in _ENDS:
                self.is_gone = True
        if comm not in self.comms and len(self.comms) < _MOST_NAMES:
            self.comms = (*self.comms, comm)

    def kind(self, file: str) -> str:
        return kind_of(file, is_new=self.is_new, is_gone=self.is_gone)


_Named = tuple[str, _Use]


class _Files:
    """What reads and writes have in common."""

    events: ClassVar[tuple[str, ...]] = ()
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = ""
    where: ClassVar[tuple[str, ...]] = ("not errno exists",)
    _verb: ClassVar[str] = ""

    def __init__(self) -> None:
        self._uses: dict[str, _Use] = {}
        self._beyond = 0  # uses of files for which there was no room

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.events():
            if isinstance(event, TaskEvent) and getattr(event, "errno", None) is None:
                for file, words in self._used(event):
                    self._add(event, file, words)
        return ()

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, tuple[str, ...]]]:
        raise NotImplementedError

    def _add(self, event: TaskEvent, file: str, words: tuple[str, ...]) -> None:
        use = self._uses.get(file)
        has_no_name = getattr(event, "file_state", None) in _NEVER_THERE
        if use is None:
            if len(self._uses) >= MOST_FILES:
                self._beyond += 1
                return
            use = self._uses[file] = _Use(event.time, is_new=has_no_name or words[0] in _MAKES)
        use.add(words, event.comm)
        use.is_gone |= has_no_name

    def _by_kind(self) -> dict[str, list[_Named]]:
        found: dict[str, list[_Named]] = {kind: [] for kind in KINDS}
        for file, use in self._uses.items():
            found[use.kind(file)].append((file, use))
        return found

    def rows(self) -> Iterator[Row]:
        """An object for each file; a last one where there were too many."""
        for kind, some in self._by_kind().items():
            for file, use in some:
                row = {"file": file, "kind": kind}
                yield row | {name: getattr(use, name) for name in ("time", "count", "actions", "comms")}
        if self._beyond:
            yield {"not_listed": self._beyond}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table; in a terminal, files are folded into their directories where they are more than a screenful, and
        temporary files into one row.
        """
        kinds = self._by_kind()
        if self._uses:
            temporary = kinds[TEMPORARY] if page.width and len(kinds[TEMPORARY]) >= _FEWEST_FOLDED else []
            named = [each for kind in KINDS if not (temporary and kind == TEMPORARY) for each in kinds[kind]]
            groups = folded(named, page.most_rows and page.most_rows - bool(temporary)) if named else []
            rows = [self._row(group, page) for group in groups]
            if temporary:
                rows.append(_temporary(Group(temporary)))
            yield from page.columns(("TIMES", "HOW", "FILE"), rows, right=[0], share=2)
        yield from map(page.fit, beyond(self._beyond))
        yield page.fit(self._sum(kinds))

    def _row(self, group: Group[_Use], page: Page) -> tuple[str, ...]:
        uses = group.items
        actions = [*dict.fromkeys(word for use in uses for word in use.actions)]
        files = ""
        if len(uses) > 1:
            files = f"{' ' if group.place else ''}({len(uses)} {'other ' if group.is_rest else ''}files)"
        how = listed(actions, page.width and max(12, page.width // 2 - 9))
        return str(sum(use.count for use in uses)), how, escape(group.place) + files

    def _sum(self, kinds: dict[str, list[_Named]]) -> str:
        counted_uses = [use for _, use in kinds[FILE]] or self._uses.values()
        comms = list(dict.fromkeys(escape(comm) for use in counted_uses for comm in use.comms))
        by = f" by {listed(comms, 40)}" if comms else ""
        times = sum(use.count for _, use in kinds[FILE])
        words = ((REMOVED, "file removed", "files removed"), (DEVICE, "device", ""), (TEMPORARY, "temporary file", ""))
        others = [counted(len(kinds[kind]), one, more) for kind, one, more in words if kinds[kind]]
        more = f"; {', '.join(others)}" if others else ""
        return f"{self._verb} {counted(len(kinds[FILE]), 'file')}, {counted(times, 'time')}{by}{more}"


def _temporary(group: Group[_Use]) -> tuple[str, ...]:
    """The row of all temporary files."""
    words = {word: None for use in group.items for word in use.actions if word in _ENDS}
    how = (
        f"{' or '.join(sorted(words, reverse=True))} again"
        if "removed" in words
        else "renamed"
        if words
        else "without a name"
    )
    times = str(sum(use.count for use in group.items))
    place = "" if group.place == "/" else f"{escape(group.place)} "
    return times, how, f"{place}({len(group.items)} temporary files)"


class Reads(_Files):
    """Which files are opened for reading, or executed."""

    events: ClassVar[tuple[str, ...]] = ("open", "exec")
    waits_for: ClassVar[str] = "files that are read"
    _verb: ClassVar[str] = "read"

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, tuple[str, ...]]]:
        if isinstance(event, Exec):
            return done(event)
        assert isinstance(event, Open)
        return ((file, ("read",)) for file, _ in done(event)) if "read" in wanted(event) else ()


class Writes(_Files):
    """Which files are opened for writing, created, renamed, removed or changed in another way."""

    events: ClassVar[tuple[str, ...]] = CHANGES
    waits_for: ClassVar[str] = "files that are written"
    _verb: ClassVar[str] = "wrote"

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, tuple[str, ...]]]:
        return done(event) if is_change(event) else ()
