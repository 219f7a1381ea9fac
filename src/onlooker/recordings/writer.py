"""Writes a recording: a directory with what it says of itself, and its log in segments."""

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from ..errors import OutputError, RecordingError
from ..records import Batch
from .keeper import Keeper
from .log import LogWriter
from .manifest import Manifest, sync_directory
from .redact import Redactor
from .segments import Segment, log_path, remove

SEGMENT_BYTES = 16 << 20  # of a log: some 85 000 events; to seal a larger one takes more memory
LEAST_SEGMENT_BYTES = 64 << 10
_SEGMENTS_OF_MOST = 8  # so that rotation removes no more than an eighth of what is kept

# of a segment, by its number, the number of its first event, and what the recording says of itself; returns how many
# bytes it takes then
Seal = Callable[[int, int, Manifest], int]


class RecordingWriter:
    """Takes batches, as a `Sink`. One thread uses it.

    What was written can be read at once, and lasts from the next second on, whatever happens to the process or the
    machine. `most_bytes`: the oldest segments are removed where all take more; `keep_seconds`: where all in them is
    older. `redact` takes secrets out of what is written. `seal` is called for each segment that is finished, in another
    thread but for the last.
    """

    unwritten: Batch | None = None  # of the last batch, what did not arrive
    unsealed: Exception | None = None  # why a segment stays a log

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        *,
        most_bytes: int | None = None,
        keep_seconds: float | None = None,
        redact: Redactor | None = None,
        seal: Seal | None = None,
    ) -> None:
        """Makes the directory, which must not be there. Raises RecordingError or OutputError."""
        self.path = path
        self.manifest = manifest
        self.events = 0
        self._most_bytes, self._keep_seconds, self._seal = most_bytes, keep_seconds, seal
        self._segment_bytes = SEGMENT_BYTES
        if most_bytes is not None:
            self._segment_bytes = max(LEAST_SEGMENT_BYTES, min(SEGMENT_BYTES, most_bytes // _SEGMENTS_OF_MOST))
        self._redact = redact
        self._finished: dict[int, Segment] = {}  # that wait to be tidied
        self._kept: deque[Segment] = deque()
        self._number = 1
        self._first_seq = 0  # of this log
        self._began = time.monotonic()
        self._lock = self._make()
        self._keeper = Keeper(self._log, self._tidy)

    def _make(self) -> int:
        """The directory and what it says of itself; a descriptor whose lock says that it is being written."""
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            raise RecordingError(f"{str(self.path)!r} is there already", "choose another name: -o FILE") from None
        except OSError as error:
            raise OutputError(error) from error
        descriptor = -1
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.manifest.write(self.path)
            self._log = LogWriter(log_path(self.path, self._number))
            sync_directory(self.path)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            raise OutputError(_named(error, self.path)) from error
        return descriptor

    def start(self) -> None:
        """From now on, what is written is made to last. The threads that do it have the rights of this one."""
        self._keeper.start()

    def write(self, batch: Batch) -> None:
        """All of it. Raises OutputError."""
        self.unwritten = batch
        try:
            self._keeper.check()
            self._log.append(self._redact.redacted(batch) if self._redact else batch)
            self.events += len(batch)
            self.unwritten = None
            if self._log.bytes >= self._segment_bytes or self._is_old():
                self._turn()
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error

    def check(self) -> None:
        """Raises OutputError where what was written could not be made to last."""
        try:
            self._keeper.check()
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error

    def finish(self, manifest: Manifest, wait: Callable[[int], bool] = lambda left: True) -> None:
        """With its last words; it is closed then. While segments are sealed, `wait` is told how many are left; where it
        returns False, they stay logs. Raises OutputError.
        """
        try:
            self._keeper.stop(wait)
            self._log.sync()
            self.manifest = replace(manifest, rotated=self.manifest.rotated)
            self.manifest.write(self.path)
            self._log.close()
            if wait(0):
                self._sealed(self._segment(time.monotonic()))
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error
        finally:
            self.close()

    def close(self) -> None:
        """Without last words: who reads it takes it for one whose recorder was killed. May be called again."""
        with suppress(OSError):
            self._keeper.stop()
        self._log.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _is_old(self) -> bool:
        """Whether the log holds so long a time that rotation would remove too much, or too little, at once."""
        return self._keep_seconds is not None and time.monotonic() - self._began >= max(
            1.0, self._keep_seconds / _SEGMENTS_OF_MOST
        )

    def _turn(self) -> None:
        """Go on in a fresh log."""
        fresh = LogWriter(log_path(self.path, self._number + 1))
        finished = time.monotonic()
        self._finished[self._number] = self._segment(finished)
        self._keeper.turned(self._number, self._log, fresh)
        self._log, self._number = fresh, self._number + 1
        self._first_seq, self._began = self.events, finished

    def _segment(self, finished: float) -> Segment:
        """This log, when it is finished."""
        return Segment(self._number, self._first_seq, self.events - self._first_seq, self._log.bytes, finished)

    def _tidy(self, number: int) -> None:
        """In the keeper's thread: seal it, and remove what is too old."""
        sync_directory(self.path)
        self._kept.append(self._sealed(self._finished.pop(number)))
        while self._kept and self._is_too_much():
            oldest = self._kept.popleft()
            # said before it is done: what is said to be gone and is there is no lie, but the other way round is
            self.manifest = replace(self.manifest, rotated=self.manifest.rotated + oldest.events)
            self.manifest.write(self.path)
            remove(self.path, oldest.number)

    def _sealed(self, segment: Segment) -> Segment:
        """It is as whole as before where it can't be sealed."""
        if self._seal is None:
            return segment
        try:
            return replace(segment, bytes=self._seal(segment.number, segment.first_seq, self.manifest))
        except Exception as error:
            self.unsealed = error
            return segment

    def _is_too_much(self) -> bool:
        if self._most_bytes is not None:
            total = sum(each.bytes for each in self._kept) + self._segment_bytes
            if total > self._most_bytes:
                return True
        return self._keep_seconds is not None and time.monotonic() - self._kept[0].finished > self._keep_seconds


def _named(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror or str(error), error.filename or str(path))
