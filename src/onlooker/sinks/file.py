"""A file: JSON lines are appended. A message counts when all of it is written; it is not forced to the disk."""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..output.file import OpenError, open_output
from .message import Message
from .target import Target
from .transport import TransportError

MOST_BYTES = 64 << 20


class FileTransport:
    """Opens the file at once, while there are rights to do so, and again after it was moved away."""

    def __init__(self, target: Target) -> None:
        """Raises OpenError."""
        self._path = target.topic
        try:
            self._file = open_output(self._path)
        except OpenError as error:
            error.hint = "choose another file: file:FILE"
            raise
        os.set_blocking(self._file, True)  # a FIFO's reader is waited for in this thread
        self.most_bytes = target.most or MOST_BYTES

    def open(self) -> None:
        """Follow a file that was moved away; where that can't be, it goes on in the old one."""
        with suppress(OSError):
            there = Path(self._path).stat()
            own = os.fstat(self._file)
            if (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino):
                return
        with suppress(OpenError):
            fresh = open_output(self._path)
            os.set_blocking(fresh, True)
            os.dup2(fresh, self._file, inheritable=False)
            os.close(fresh)

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """Each whole, or not at all."""
        for message in messages:
            self.open()
            self._write(message.payload)
            taken(1)

    def _write(self, data: bytes) -> None:
        before = os.fstat(self._file)
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            if stat.S_ISREG(before.st_mode) and len(left) < len(data):
                with suppress(OSError):
                    os.ftruncate(self._file, before.st_size)
            raise TransportError(f"can't write to the file: {error.strerror}") from error

    def check(self) -> None:
        """Nothing: a file is there."""

    def close(self) -> None:
        """It stays open: later there may be no right to open it."""


def transport(target: Target) -> FileTransport:
    """Of that target."""
    return FileTransport(target)
