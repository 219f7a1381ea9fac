"""The inputs of what was recorded: files that were read or executed, and that it had not made itself before."""

from ..events import TASK_EVENTS, TaskEvent
from ..events.exec import Exec
from ..events.link import Link
from ..events.open import Open
from ..events.rename import Rename
from ..records import Batch
from .actions import file_of, new_file_of, wanted
from .uses import NEVER_THERE

MOST_MADE = 500_000  # files that were made; 100 MB of them
EVENTS = ("exec", "open", *(name for name, each in TASK_EVENTS.items() if each.is_change and name != "open"))


class Inputs:
    """Learns from all batches, in their order. `files` are the inputs, each with the name that it had before it was
    renamed or linked.

    A file that was made is known by its inode, whatever it is called later, or by its path. To write over all that a
    file had (O_TRUNC) makes it, too. `is_whole`: there was room for all that was made.

    >>> from onlooker.testing import make
    >>> made, read = ("O_WRONLY", "O_CREAT"), ("O_RDONLY",)
    >>> opens = [("/a", read, False), ("/b", made, True), ("/b", read, False)]
    >>> inputs = Inputs()
    >>> for path, flags, created in opens:
    ...     inputs.learn(make("open", path=path, real_path=path, flags=flags, created=created))
    >>> inputs.files
    {'/a': '/a'}
    """

    def __init__(self, most: int = MOST_MADE) -> None:
        self.files: dict[str, str] = {}
        self.is_whole = True
        self._most = most
        self._inodes: set[tuple[int, int]] = set()
        self._paths: set[str] = set()
        self._first_names: dict[str, str] = {}

    def take(self, batch: Batch) -> None:
        """Learn from a batch."""
        for event in batch.select(*EVENTS).events():
            if isinstance(event, TaskEvent):
                self.learn(event)

    def learn(self, event: TaskEvent) -> None:
        """Learn from an event."""
        if getattr(event, "errno", None) is not None:
            return
        if isinstance(event, Open):
            self._opened(event)
        elif isinstance(event, Exec):
            self._read(event)
        elif isinstance(event, Rename | Link):
            self._named(event)
        elif event.event in ("unlink", "rmdir"):
            self._paths.discard(file_of(event))
            self._first_names.pop(file_of(event), None)

    def _opened(self, event: Open) -> None:
        if event.file_state in NEVER_THERE:
            return
        words = wanted(event)
        if "create" in words or ("truncate" in words and len(words) > 1 and {"write", "append"} & {*words}):
            self._made(event)
        elif "read" in words:
            self._read(event)

    def _made(self, event: Open) -> None:
        if len(self._paths) + len(self._inodes) >= 2 * self._most:
            self.is_whole = False
            return
        file = file_of(event)
        self._paths.add(file)
        self._first_names.pop(file, None)
        if event.device is not None and event.inode is not None:
            self._inodes.add((event.device, event.inode))

    def _read(self, event: Open | Exec) -> None:
        file = file_of(event)
        if event.device is not None and event.inode is not None:
            if (event.device, event.inode) in self._inodes:
                return
        elif file in self._paths:
            return
        if event.file_state not in NEVER_THERE:
            self.files.setdefault(file, self._first_names.get(file, file))

    def _named(self, event: Rename | Link) -> None:
        """The new name is the old one's file."""
        old, new = file_of(event), new_file_of(event)
        if isinstance(event, Rename) and "RENAME_EXCHANGE" in event.flags:
            both = self._forget(old), self._forget(new)
            for name, (is_made, first), before in ((new, both[0], old), (old, both[1], new)):
                self._call(name, is_made, first or before)
            return
        is_made, first = (
            (old in self._paths, self._first_names.get(old)) if isinstance(event, Link) else self._forget(old)
        )
        self._forget(new)
        self._call(new, is_made, first or old)

    def _forget(self, name: str) -> tuple[bool, str | None]:
        is_made = name in self._paths
        self._paths.discard(name)
        return is_made, self._first_names.pop(name, None)

    def _call(self, name: str, is_made: bool, first: str) -> None:
        if is_made:
            self._paths.add(name)
        elif first != name and len(self._first_names) < self._most:
            self._first_names[name] = first
