"""Which files a recording's processes executed, read and wrote, for what is made of files."""

from collections.abc import Iterator

import msgspec

from ..answers.actions import file_of, new_file_of, wanted
from ..answers.files import is_special
from ..events import Event, TaskEvent
from ..events.exec import Exec
from ..events.link import Link
from ..events.open import Open
from ..events.rename import Rename
from ..events.truncate import Truncate
from ..events.unlink import Unlink
from ..records import Batch
from .source import matcher_of

EVENTS = ("open", "exec")  # without which nothing is known
_EVENTS = (*EVENTS, "rename", "link", "unlink", "truncate")
_WRITES = {"write", "append", "create", "truncate"}
MOST_USES = 2_000_000  # of files by processes, some 200 MB; more are only counted


class Use(msgspec.Struct, gc=False):
    """What was done with a file. `is_made`: it is new, by a creation, a rename or a link; `was_input`: it was executed,
    or read before it was made or written.
    """

    is_executed: bool = False
    is_read: bool = False
    is_written: bool = False
    is_made: bool = False
    was_input: bool = False


class Uses:
    """Learns from batches. `files` are in the order of their first use; `opened` are those of each process, by its key;
    `left_out`: for so many uses there was no room.
    """

    def __init__(self) -> None:
        self._succeeded = matcher_of("not errno exists", _EVENTS)
        self._room = MOST_USES
        self.files: dict[str, Use] = {}
        self.opened: dict[tuple[int, int], dict[str, None]] = {}
        self.left_out = 0

    def take(self, batch: Batch) -> None:
        """Learn from it."""
        if any(name in _EVENTS for name in batch.counts()):
            for event in batch.select(*_EVENTS).matching(self._succeeded):
                self._learn(event)

    def inputs(self) -> Iterator[str]:
        """Files that were executed or read, and not made before by the same recording."""
        return (file for file, use in self.files.items() if use.was_input)

    def outputs(self) -> Iterator[tuple[str, bool]]:
        """Files that were written or made, as far as the recording knows still there; with whether it made them."""
        return ((file, use.is_made) for file, use in self.files.items() if use.is_written or use.is_made)

    def _learn(self, event: Event) -> None:
        if isinstance(event, Open):
            self._opened(event)
        elif isinstance(event, Exec):
            if use := self._use(event, file_of(event)):
                use.is_executed = True
                use.was_input |= not (use.is_made or use.is_written)
        elif isinstance(event, Rename):
            self._renamed(event)
        elif isinstance(event, Link):
            if use := self._use(event, new_file_of(event)):
                use.is_made = True
        elif isinstance(event, Unlink) and (found := self.files.get(file_of(event))):
            found.is_made = found.is_written = False
        elif isinstance(event, Truncate) and (use := self._use(event, file_of(event))):
            use.is_written = True

    def _opened(self, event: Open) -> None:
        words = {*wanted(event)}
        if event.file_state is not None or not words & {"read", *_WRITES}:
            return
        use = self._use(event, file_of(event))
        if use is None:
            return
        if "read" in words:
            use.is_read = True
            use.was_input |= not (use.is_made or use.is_written or "create" in words or "truncate" in words)
        if words & _WRITES:
            use.is_written = True
            use.is_made |= "create" in words

    def _renamed(self, event: Rename) -> None:
        old, new = self._use(event, file_of(event)), self._use(event, new_file_of(event))
        if old and "RENAME_EXCHANGE" not in event.flags:
            old.is_made = old.is_written = False
        if new:
            new.is_made = True

    def _use(self, event: TaskEvent, file: str) -> Use | None:
        """None for what is no file that could be there later, or where there is no room."""
        if not file.startswith("/") or is_special(file):
            return None
        use = self.files.get(file)
        opened = self.opened.setdefault((event.pid, event.start_ns), {})
        if use is None or file not in opened:
            if self._room <= 0:
                self.left_out += 1
                return use
            self._room -= 1
        if use is None:
            use = self.files[file] = Use()
        opened[file] = None
        return use
