"""What is not allowed: who wanted what of which file, and which error said no."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

import msgspec

from ..counted import counted
from ..escaping import escape
from ..events import TASK_EVENTS, TaskEvent
from ..events.exit import Exit
from ..events.fork import Fork
from ..records import Batch
from . import Row
from .actions import done
from .page import Page, beyond

ERRORS = ("EACCES", "EPERM", "EROFS")
MOST_ROWS = 100_000
_MOST_PIDS = 16
_Key = tuple[str, int, tuple[str, ...], str, str]


class _Refusal(msgspec.Struct, gc=False):
    time: str
    count: int = 0
    pids: tuple[int, ...] = ()


class Denied:
    """What fails with EACCES, EPERM or EROFS, by process, user, what it wanted, error and file."""

    events: ClassVar[tuple[str, ...]] = tuple(name for name in TASK_EVENTS if name not in (Fork.event, Exit.event))
    failed: ClassVar[bool] = True
    waits_for: ClassVar[str] = "what is not allowed"
    where: ClassVar[tuple[str, ...]] = (f"errno in {ERRORS}",)

    def __init__(self, user: Callable[[int], str] = str) -> None:
        """`user` names a user."""
        self._user = user
        self._found: dict[_Key, _Refusal] = {}
        self._beyond = 0

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.events():
            error = getattr(event, "errno", None)
            if isinstance(event, TaskEvent) and error in ERRORS:
                for file, words in done(event):
                    self._add(event, (event.comm, event.uid, words, str(error), file))
        return ()

    def _add(self, event: TaskEvent, key: _Key) -> None:
        refusal = self._found.get(key)
        if refusal is None:
            if len(self._found) >= MOST_ROWS:
                self._beyond += 1
                return
            refusal = self._found[key] = _Refusal(event.time)
        refusal.count += 1
        if event.pid not in refusal.pids and len(refusal.pids) < _MOST_PIDS:
            refusal.pids = (*refusal.pids, event.pid)

    def rows(self) -> Iterator[Row]:
        """An object for each row of the table; a last one where there were too many."""
        for (comm, uid, words, error, file), refusal in self._found.items():
            names = {"comm": comm, "uid": uid, "wanted": words, "errno": error, "file": file}
            yield names | msgspec.structs.asdict(refusal)
        if self._beyond:
            yield {"not_listed": self._beyond}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table, the most frequent first where there are more rows than are shown."""
        found = list(self._found.items())
        left_out = len(found) - page.limit if page.limit else 0
        if left_out > 0:
            found = sorted(found, key=lambda each: -each[1].count)[: page.limit]
        if found:
            rows = (
                (
                    str(refusal.count),
                    _process(comm, refusal.pids),
                    escape(self._user(uid)),
                    ", ".join(words),
                    error,
                    escape(file),
                )
                for (comm, uid, words, error, file), refusal in found
            )
            yield from page.columns(("TIMES", "PROCESS", "USER", "WANTED", "ERROR", "FILE"), rows, right=[0])
        if left_out > 0:
            yield page.fit(f"and {counted(left_out, 'row')} more; -o FILE has all")
        times = sum(refusal.count for refusal in self._found.values())
        files = len({key[-1] for key in self._found})
        yield from map(page.fit, beyond(self._beyond))
        yield page.fit(f"denied {counted(times, 'time')}, {counted(files, 'file')}")


def _process(comm: str, pids: tuple[int, ...]) -> str:
    first, *others = pids
    more = f" +{len(others)}" if others else ""
    return f"{escape(comm)} ({first}{more})"
