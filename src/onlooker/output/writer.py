"""Writing to a descriptor that may be slow, full, or without a reader."""

import errno
import os
import select
import stat
import time
from collections.abc import Callable
from contextlib import suppress

from ..errors import OutputError
from ..records import Buffer

_SLICE_MS = 100
_RETRY_SECONDS = 0.01  # for a descriptor that polls as writable and still refuses the write
# a pipe that polls as writable takes at least this much at once without blocking (PIPE_BUF, pipe(7))
_PIECE_BYTES = 4096


class ClosedPipeError(Exception):
    """The output was closed: a normal end, as in `| head`."""


class StalledError(OutputError):
    """The reader does not read, and the program must end."""

    hint = "let the reader of the pipe read on, or write to a file"

    def __init__(self, unwritten: int, name: str | None = None) -> None:
        super().__init__(OSError(0, f"its reader has stalled, {unwritten} bytes were not written", name))
        self.cause = "its reader has stalled"


def append(descriptor: int, data: bytes | memoryview) -> int:
    """Like write(2), but appends, so a truncated file (logrotate's `copytruncate`) has no hole. The descriptor, which a
    shell shares with others, stays as it is.
    Source: pwritev2(2), RWF_APPEND since Linux 4.16.
    """
    try:
        return os.pwritev(descriptor, [data], -1, os.RWF_APPEND)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):  # what lies in /proc; a seccomp filter
            raise
    return os.write(descriptor, data)


def _is_at_end(descriptor: int) -> bool:
    """False where the user wants to write over what is there."""
    return os.lseek(descriptor, 0, os.SEEK_CUR) == os.fstat(descriptor).st_size


class Writer:
    """Writes whole buffers. `give_up()` is called while a reader lets us wait; `name` is the file's, for errors.

    `head` is what a file of its own begins with; see `FileWriter`. `taken`: how many bytes of the last buffer were
    written, also where it raised.
    """

    head = b""

    def __init__(self, descriptor: int, give_up: Callable[[], bool] = lambda: False, name: str | None = None) -> None:
        """Raises OutputError if the descriptor is not open."""
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError as error:
            raise OutputError(error) from error
        self.taken = 0
        self._is_terminal = os.isatty(descriptor)
        if self._is_terminal:
            # one of our own that never blocks: a terminal that polls as writable may have room for a single byte
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            with suppress(OSError):
                descriptor = os.open(f"/proc/self/fd/{descriptor}", flags)
        self._descriptor = descriptor
        self._give_up = give_up
        self._name = name
        # on a file a write returns at once, and poll(2) is no help
        self._waits = not stat.S_ISREG(mode)
        self._write = os.write if self._waits or not _is_at_end(descriptor) else append
        self._can_close = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or self._is_terminal
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    @property
    def descriptor(self) -> int:
        """What it writes to."""
        return self._descriptor

    def notes(self) -> list[str]:
        """Notes for the user, after the rights were given up."""
        return []

    def write(self, data: bytes | Buffer) -> None:
        """Write all of it. Raises OutputError (full disk), StalledError or ClosedPipeError."""
        self.taken = 0
        while self.taken < len(data):
            left = memoryview(data)[self.taken :]
            if self._waits:
                self._wait(len(left))
            try:
                self.taken += self._write(self._descriptor, left[:_PIECE_BYTES] if self._waits else left)
            except BlockingIOError:
                self._check_patience(len(left))
                time.sleep(_RETRY_SECONDS)
            except (BrokenPipeError, ConnectionResetError) as error:
                raise ClosedPipeError from error
            except OSError as error:
                if self._is_terminal and error.errno == errno.EIO:  # the terminal hung up
                    raise ClosedPipeError from error
                raise OutputError(OSError(error.errno, error.strerror, self._name)) from error

    def check_reader(self) -> None:
        """Raises ClosedPipeError if nobody will ever read what is written."""
        # a pipe without a reader has an error, a socket without a peer and a terminal without a master a hang-up
        gone = select.POLLERR | select.POLLHUP
        if self._can_close and any(state & gone for _, state in self._poll.poll(0)):
            raise ClosedPipeError

    def gone(self) -> dict[int, int]:
        """Descriptors and events of poll(2) that show that nobody will read the output; see `check_reader`."""
        return {self._descriptor: 0} if self._can_close else {}

    def _wait(self, unwritten: int) -> None:
        while not self._poll.poll(_SLICE_MS):
            self._check_patience(unwritten)

    def _check_patience(self, unwritten: int) -> None:
        if self._give_up():
            raise StalledError(unwritten, self._name)
