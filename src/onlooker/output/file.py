"""The file of `-o`: appended to, private if new, and opened again after it was moved away."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import OutputError
from ..records import Buffer
from .writer import Writer

# It never waits for a FIFO's reader, and no terminal becomes its controlling one. Regular files ignore both flags.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_MODE = 0o600  # command lines can hold passwords


class OpenError(OutputError):
    """The file can't be opened."""

    hint = "choose another file: -o FILE"


def open_output(path: str) -> int:
    """A descriptor that appends to the file, and creates it if it is missing. Raises OpenError."""
    try:
        descriptor = os.open(path, _FLAGS, _MODE)
    except ValueError as error:  # a NUL in it
        raise OpenError(OSError(errno.EINVAL, str(error), path)) from error
    except OSError as error:
        raise OpenError(OSError(error.errno, _reason(path, error), path)) from error
    _end_the_last_line(descriptor)
    return descriptor


def _end_the_last_line(descriptor: int) -> None:
    """A full disk may have left half a line: the next event must not become a part of it."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return
    with suppress(OSError):  # it may be one that can only be written to, or still be full
        readable = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            is_torn = os.pread(readable, 1, found.st_size - 1) != b"\n"
        finally:
            os.close(readable)
        if is_torn:
            os.write(descriptor, b"\n")


def _reason(path: str, error: OSError) -> str:
    if error.errno == errno.ENXIO:
        return "nobody reads this FIFO" if stat.S_ISFIFO(Path(path).stat().st_mode) else "it takes no writers"
    return error.strerror or str(error)


def _obstacle(what: str, path: str, mode: int) -> str:
    """Why this process has not that right, now that it has no capabilities, with which root may do all."""
    try:
        found = Path(path).stat()
    except OSError as error:
        return f"{what} can't be reached ({error.strerror})"
    if found.st_uid != os.geteuid():
        return f"{what} is another user's"
    right = "write to" if mode == os.W_OK else "open files in"
    return f"{what} does not let its owner {right} it, and onlooker has given up root's right to do so"


class FileWriter(Writer):
    """Appends to a file, which it opens again at the next call after `reopen`: between two writes, so lines stay whole.

    A file that is empty then begins with `head`. Raises OpenError.
    """

    def __init__(self, path: str, give_up: Callable[[], bool], tell: Callable[[str], None]) -> None:
        """`tell` gets the reason if the file can't be opened again; writing then goes on to the old one."""
        super().__init__(open_output(path), give_up, path)
        self._path = path
        self._tell = tell
        self._was_moved = False

    def reopen(self) -> None:
        """For a signal handler: the file was moved away, or will be."""
        self._was_moved = True

    def notes(self) -> list[str]:
        """Whether this process, with the rights that it has now, may append to the file and create it again."""
        directory = str(Path(self._path).parent)
        for path, mode in ((directory, os.X_OK), (directory, os.W_OK), (self._path, os.W_OK)):
            if not os.access(path, mode, effective_ids=True):
                what = "it" if path == self._path else f"its directory {path!r}"
                return [f"after SIGHUP {self._path!r} can't be opened again: {_obstacle(what, path, mode)}"]
        return []

    def write(self, data: bytes | Buffer) -> None:
        """Like `Writer.write`."""
        self.taken = 0
        self._follow()
        super().write(data)

    def check_reader(self) -> None:
        """Like `Writer.check_reader`."""
        self._follow()
        super().check_reader()

    def _follow(self) -> None:
        if not self._was_moved:
            return
        self._was_moved = False
        try:
            fresh = open_output(self._path)
        except OpenError as error:
            self._tell(f"{error}; it goes on in the file that was opened before")
            return
        os.dup2(fresh, self._descriptor, inheritable=False)
        os.close(fresh)
        if self.head and not os.fstat(self._descriptor).st_size:
            try:
                super().write(self.head)
            finally:
                self.taken = 0  # of the data
