"""Messages between the thread that makes them and the one that delivers them: in memory, then on disk, and no more."""

import fcntl
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .message import Message, MessageError, from_bytes, to_bytes

SUFFIX = ".message"
_NAME = re.compile(r"(\d{20}-\d{12})(?:-(\d{16})-(\d{12}))?\.message", re.ASCII)  # run, number; of a part: its records
MEMORY_BYTES = 16 << 20
DISK_BYTES = 1 << 30


class Outbox:
    """First in, first out. Up to `memory_bytes` are kept in memory; what comes then is written to `spool`, up to
    `disk_bytes` in all; what comes then is refused. What is in the spool stays there until it is delivered, also where
    the process ends, and is the first that the next one delivers. One process at a time uses a spool.
    """

    def __init__(
        self, memory_bytes: int = MEMORY_BYTES, spool: Path | None = None, disk_bytes: int = DISK_BYTES
    ) -> None:
        """Raises OSError where the spool can't be used."""
        self.memory_bytes = memory_bytes
        self.disk_bytes = disk_bytes
        self._spool = spool
        self._changed = threading.Condition()
        self._parts: deque[Message] = deque()  # before all others: of a message that there was no room for on the disk
        self._memory: deque[Message] = deque()
        self._in_memory = self._on_disk = 0
        self._files: deque[tuple[str, int]] = deque()  # older than what is in memory, or younger: see `_young`
        self._young: deque[tuple[str, int]] = deque()
        self._is_closed = False
        self.damaged = 0  # files of the spool that were no messages, and were set aside
        self.gone = 0  # files of the spool that somebody else has removed
        self._lock: int | None = None
        if spool is not None:
            self._find(spool)

    def put(self, message: Message, *, is_needed: bool = False) -> bool:
        """Whether there was room for it; there is for what `is_needed`, and for nothing after `close`. Raises OSError
        where the disk refuses it; what `is_needed` is then kept in memory, before what is on the disk.
        """
        with self._changed:
            if self._is_closed:
                return False
            if not self._young and (is_needed or self._in_memory + len(message) <= self.memory_bytes):
                self._memory.append(message)
                self._in_memory += len(message)
            elif self._spool is None or (not is_needed and self._on_disk + len(message) > self.disk_bytes):
                return False
            else:
                try:
                    self._young.append(self._write(self._spool, message))
                except OSError:
                    if not is_needed:
                        raise
                    self._memory.append(message)
                    self._in_memory += len(message)
            self._changed.notify_all()
            return True

    def first(self, most: int, seconds: float | None, ends: Callable[[], bool] = lambda: False) -> list[Message]:
        """The oldest messages, which stay here until they are `taken`; waits for some. [] when the time is over, or
        `ends` says so after a `wake`. Raises OSError where the spool can't be read now.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self) or ends() or self._is_closed, seconds)
            if self._parts:
                return [self._parts[place] for place in range(min(most, len(self._parts)))]
            while self._files:
                if found := self._read(self._files, most):
                    return found
            if self._memory:
                return [self._memory[place] for place in range(min(most, len(self._memory)))]
            while self._young:
                if found := self._read(self._young, most):
                    return found
            return []

    def taken(self, messages: Sequence[Message]) -> None:
        """They are delivered: the first ones. After `close` they stay, and are delivered again under the same id."""
        with self._changed:
            if self._is_closed:
                return
            for message in messages:
                if files := self._front():
                    self._remove(files)
                else:
                    (self._parts or self._memory).popleft()
                    self._in_memory -= len(message)
            self._changed.notify_all()

    def replace(self, *messages: Message) -> bool:
        """The first message becomes these, which have the same number. Whether that could be done. Parts of one on the
        disk are there before it goes, and it goes before one of them can be delivered: whenever the process ends, the
        next one finds either.
        """
        with self._changed:
            if self._is_closed:
                return False
            if files := self._front():
                assert self._spool is not None
                return self._replace_on_disk(self._spool, files, messages)
            queue = self._parts or self._memory
            self._in_memory -= len(queue.popleft())
            self._put_first(queue, messages)
            return True

    def _replace_on_disk(self, spool: Path, files: deque[tuple[str, int]], messages: Sequence[Message]) -> bool:
        name, size = files[0]
        made: list[tuple[str, int]] = []
        try:
            made.extend(self._write(spool, each) for each in messages)
        except OSError:  # no room
            for part, bytes_ in made:
                self._on_disk -= bytes_
                (spool / part).unlink(missing_ok=True)
            made = []
            if len(messages) == 1:
                return False
        if name not in {each for each, _ in made}:
            try:
                (spool / name).unlink(missing_ok=True)
            except OSError:
                return False  # nothing of these is sent, and whoever finds the spool removes them
        files.popleft()
        self._on_disk -= size
        if made:
            files.extendleft(reversed(made))
        else:
            self._put_first(self._parts, messages)
        return True

    def _put_first(self, queue: deque[Message], messages: Sequence[Message]) -> None:
        queue.extendleft(reversed(messages))
        self._in_memory += sum(map(len, messages))

    def _front(self) -> deque[tuple[str, int]] | None:
        """Where the first message is, if it is on the disk."""
        if self._parts:
            return None
        return self._files or (self._young if not self._memory else None)

    def __len__(self) -> int:
        return len(self._parts) + len(self._files) + len(self._memory) + len(self._young)

    def __bool__(self) -> bool:
        return bool(self._parts or self._files or self._memory or self._young)

    @property
    def bytes(self) -> tuple[int, int]:
        """In memory, and on disk."""
        return self._in_memory, self._on_disk

    def wake(self) -> None:
        """Whoever waits looks again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> list[Message]:
        """What is in memory goes to the spool, as far as there is room. Returns what had none: it is lost."""
        with self._changed:
            if not self._is_closed and self._lock is not None:
                os.close(self._lock)
            self._is_closed = True
            lost: list[Message] = []
            while queue := self._parts or self._memory:
                message = queue.popleft()
                self._in_memory -= len(message)
                has_room = self._spool is not None and self._on_disk + len(message) <= self.disk_bytes
                if has_room and self._spool is not None:
                    with suppress(OSError):
                        self._young.append(self._write(self._spool, message))
                        continue
                lost.append(message)
            self._changed.notify_all()
            return lost

    def _find(self, spool: Path) -> None:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(spool, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise OSError(error.errno, "another process uses this spool", str(spool)) from error
        for name in self._whole(spool):
            with suppress(FileNotFoundError):
                size = (spool / name).stat().st_size
                self._files.append((name, size))
                self._on_disk += size
        for path in spool.glob(f"*{SUFFIX}.tmp"):  # a process was killed while it wrote this
            path.unlink(missing_ok=True)

    def _whole(self, spool: Path) -> list[str]:
        """The names of messages in their order, without parts of one that is there, too: they were never sent."""
        found = {entry.name: match for entry in spool.iterdir() if (match := _NAME.fullmatch(entry.name))}
        said = {name: (match[1], int(match[2] or 0), int(match[3] or 0)) for name, match in found.items()}
        numbers: dict[str, list[str]] = {}
        for name, (number, _, _) in said.items():
            numbers.setdefault(number, []).append(name)
        for same in numbers.values():
            for name in [each for each in same if any(_is_in(said[each], said[other]) for other in same)]:
                (spool / name).unlink(missing_ok=True)
                del said[name]
        return sorted(said, key=said.__getitem__)

    def _write(self, spool: Path, message: Message) -> tuple[str, int]:
        head = message.head
        part = f"-{head.first:016}-{head.records:012}" if head.is_part else ""
        name = f"{head.run:020}-{head.seq:012}{part}{SUFFIX}"
        data = to_bytes(message)
        temporary = spool / f"{name}.tmp"
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fdatasync(file.fileno())
            temporary.replace(spool / name)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        self._on_disk += len(data)
        return name, len(data)

    def _read(self, files: deque[tuple[str, int]], most: int) -> list[Message]:
        """The oldest of these; one that is no message is set aside, and does not count any more. Raises OSError for
        what may be better later: too many open files, a disk that does not answer.
        """
        assert self._spool is not None
        found: list[Message] = []
        while len(found) < min(most, len(files)):
            name, size = files[len(found)]
            try:
                found.append(from_bytes((self._spool / name).read_bytes()))
            except (OSError, MessageError) as error:
                if found:  # these first, so that what is taken is always at the front
                    return found
                if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                    raise
                files.popleft()
                self._on_disk -= size
                if isinstance(error, FileNotFoundError):
                    self.gone += 1
                    continue
                self.damaged += 1
                with suppress(OSError):
                    (self._spool / name).rename(self._spool / f"{name}.damaged")
        return found

    def _remove(self, files: deque[tuple[str, int]]) -> None:
        assert self._spool is not None
        name, size = files.popleft()
        self._on_disk -= size
        with suppress(OSError):
            (self._spool / name).unlink(missing_ok=True)


def _is_in(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    """Whether the records of one, of the same number, are some of those of another; of a whole message, 0 are said."""
    if one == other or not one[2]:
        return False
    return not other[2] or (other[1] <= one[1] and one[1] + one[2] <= other[1] + other[2])
