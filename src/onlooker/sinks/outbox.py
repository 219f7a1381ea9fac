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
_NAME = re.compile(r"\d{20}-\d{12}\.message", re.ASCII)
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
                    self._memory.popleft()
                    self._in_memory -= len(message)
            self._changed.notify_all()

    def replace(self, message: Message) -> bool:
        """The first message becomes this one, which has the same number. Whether that could be done."""
        with self._changed:
            if self._is_closed:
                return False
            if files := self._front():
                assert self._spool is not None
                size = files[0][1]
                try:
                    files[0] = self._write(self._spool, message)
                except OSError:
                    return False
                self._on_disk -= size
            else:
                self._in_memory += len(message) - len(self._memory[0])
                self._memory[0] = message
            return True

    def _front(self) -> deque[tuple[str, int]] | None:
        """Where the first message is, if it is on the disk."""
        return self._files or (self._young if not self._memory else None)

    def __len__(self) -> int:
        return len(self._files) + len(self._memory) + len(self._young)

    def __bool__(self) -> bool:
        return bool(self._files or self._memory or self._young)

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
            while self._memory:
                message = self._memory.popleft()
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
        for name in sorted(entry.name for entry in spool.iterdir() if _NAME.fullmatch(entry.name)):
            with suppress(FileNotFoundError):
                size = (spool / name).stat().st_size
                self._files.append((name, size))
                self._on_disk += size
        for path in spool.glob(f"*{SUFFIX}.tmp"):  # a process was killed while it wrote this
            path.unlink(missing_ok=True)

    def _write(self, spool: Path, message: Message) -> tuple[str, int]:
        name = f"{message.head.run:020}-{message.head.seq:012}{SUFFIX}"
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
