"""Digests of files as they are now, where they have not changed since the recording ended."""

import hashlib
import os
import stat

from .source import Source

IRREGULAR = "no regular file"
_PIECE = 1 << 20


class Digests:
    """`of` gives a file's SHA-256, or why it has none."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._end_ns = source.end_ns
        self._known: dict[str, tuple[str | None, str]] = {}

    def of(self, file: str) -> tuple[str | None, str]:
        """`(digest, "")`, or `(None, reason)`."""
        found = self._known.get(file)
        if found is None:
            self._source.progress(f"{len(self._known)} files digested")
            found = self._known[file] = self._digest(file)
        return found

    def changed_ns(self, file: str) -> int | None:
        """When the file was changed last; None where nobody can tell."""
        try:
            return os.stat(file).st_mtime_ns  # noqa: PTH116
        except (OSError, ValueError):
            return None

    def _digest(self, file: str) -> tuple[str | None, str]:
        if not self._source.is_of_this_machine:
            return None, "recorded on another machine"
        if self._end_ns is None:
            return None, "nobody knows when the recording ended"
        try:
            # a FIFO or a device must neither be waited for nor read
            descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return None, "is not there any more" if isinstance(error, FileNotFoundError) else reason
        try:
            return self._of_descriptor(descriptor, self._end_ns)
        except OSError as error:
            return None, error.strerror or str(error)
        finally:
            os.close(descriptor)

    def _of_descriptor(self, descriptor: int, end_ns: int) -> tuple[str | None, str]:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None, IRREGULAR
        if found.st_mtime_ns > end_ns:
            return None, "changed since the recording ended"
        made = hashlib.sha256()
        while piece := os.read(descriptor, _PIECE):
            made.update(piece)
        if os.fstat(descriptor).st_mtime_ns != found.st_mtime_ns:
            return None, "changed while it was read"
        return made.hexdigest(), ""
