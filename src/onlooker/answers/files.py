"""Which files are read, and which are written: each once, in the order of the first time, with how often."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from ..escaping import escape
from ..events import TaskEvent
from ..events.exec import Exec
from ..events.open import Open
from ..records import Batch
from . import Row
from .actions import CHANGES, done, is_change, wanted
from .folding import Group, folded
from .page import Page, counted, listed

MOST_FILES = 100_000  # 50 MB of them, with paths of 100 bytes
_MOST_NAMES = 16  # of the processes that used a file


class _Use(msgspec.Struct, gc=False):
    time: str
    count: int = 0
    actions: tuple[str, ...] = ()
    comms: tuple[str, ...] = ()

    def add(self, action: str, comm: str) -> None:
        self.count += 1
        if action not in self.actions:
            self.actions = (*self.actions, action)
        if comm not in self.comms and len(self.comms) < _MOST_NAMES:
            self.comms = (*self.comms, comm)


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
                for file, action in self._used(event):
                    self._add(event, file, action)
        return ()

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, str]]:
        raise NotImplementedError

    def _add(self, event: TaskEvent, file: str, action: str) -> None:
        use = self._uses.get(file)
        if use is None:
            if len(self._uses) >= MOST_FILES:
                self._beyond += 1
                return
            use = self._uses[file] = _Use(event.time)
        use.add(action, event.comm)

    def rows(self) -> Iterator[Row]:
        """An object for each file; a last one where there were too many."""
        for file, use in self._uses.items():
            yield {"file": file, **msgspec.structs.asdict(use)}
        if self._beyond:
            yield {"not_listed": self._beyond}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table; in a terminal, files are folded into their directories where they are more than a screenful."""
        if self._uses:
            rows = map(self._row, folded([*self._uses.items()], page.most_rows))
            yield from page.columns(("TIMES", "HOW", "FILE"), rows, right=[0])
        yield page.fit(self._sum())

    def _row(self, group: Group[_Use]) -> tuple[str, ...]:
        uses = group.items
        actions = dict.fromkeys(word for use in uses for action in use.actions for word in action.split(", "))
        files = ""
        if len(uses) > 1:
            files = f"{' ' if group.place else ''}({len(uses)} {'other ' if group.is_rest else ''}files)"
        return str(sum(use.count for use in uses)), ", ".join(actions), escape(group.place) + files

    def _sum(self) -> str:
        comms = list(dict.fromkeys(escape(comm) for use in self._uses.values() for comm in use.comms))
        by = f" by {listed(comms, 40)}" if comms else ""
        times = sum(use.count for use in self._uses.values())
        more = f"; {counted(self._beyond, 'time', 'times')} others, for which there was no room" if self._beyond else ""
        return f"{self._verb} {counted(len(self._uses), 'file')}, {counted(times, 'time')}{by}{more}"


class Reads(_Files):
    """Which files are opened for reading, or executed."""

    events: ClassVar[tuple[str, ...]] = ("open", "exec")
    waits_for: ClassVar[str] = "files that are read"
    _verb: ClassVar[str] = "read"

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, str]]:
        if isinstance(event, Exec):
            return done(event)
        assert isinstance(event, Open)
        return ((file, "read") for file, _ in done(event)) if "read" in wanted(event) else ()


class Writes(_Files):
    """Which files are opened for writing, created, renamed, removed or changed in another way."""

    events: ClassVar[tuple[str, ...]] = CHANGES
    waits_for: ClassVar[str] = "files that are written"
    _verb: ClassVar[str] = "wrote"

    def _used(self, event: TaskEvent) -> Iterable[tuple[str, str]]:
        return done(event) if is_change(event) else ()
