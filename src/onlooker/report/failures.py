"""Calls that failed, by file and error. That a file is not there is another matter: `files.py` has it."""

import msgspec

from ..answers.actions import done
from ..events import TaskEvent

MOST_FAILURES = 50_000
# errors that programs expect and handle, such as of a directory that is there already
USUAL_ERRORS = frozenset(
    ("EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY", "ELOOP", "EINVAL", "ENODATA", "EOPNOTSUPP", "ENXIO", "EAGAIN")
)
_MOST_NAMES = 8  # of the processes that it happened to


class Failure(msgspec.Struct, gc=False):
    """`how`: what was wanted of the file; `comms`: the names of processes."""

    error: str
    how: str
    path: str
    count: int = 0
    comms: tuple[str, ...] = ()


class Failures:
    """`total` counts all of them, `beyond` those for which there was no room."""

    def __init__(self, most: int = MOST_FAILURES) -> None:
        self.total = 0
        self.beyond = 0
        self._most = most
        self._known: dict[tuple[str, str, str], Failure] = {}

    def add(self, event: TaskEvent) -> None:
        """Learn from an event that failed."""
        self.total += 1
        path, words = next(done(event), ("", ()))
        key = (str(getattr(event, "errno", "")), ", ".join(words) or event.event, path)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._most:
                self.beyond += 1
                return
            found = self._known[key] = Failure(*key)
        found.count += 1
        if event.comm not in found.comms and len(found.comms) < _MOST_NAMES:
            found.comms = (*found.comms, event.comm)

    def by_count(self) -> list[Failure]:
        """Those that happened most come first."""
        return sorted(self._known.values(), key=lambda each: (-each.count, each.path, each.error))
