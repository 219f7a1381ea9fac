"""Writes a recording: a directory with what it says of itself, and its log in segments."""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from ..errors import OutputError, RecordingError
from ..records import Batch
from .keeper import Keeper
from .log import LogWriter
from .manifest import FILE_NAME, Manifest, sync_directory
from .redact import Redactor
from .rotation import Rotation
from .segments import WORK, Segment, log_path, remove

SEGMENT_BYTES = 16 << 20  # of a log: some 85 000 events; to seal a larger one takes more memory

_THERE = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EBUSY, errno.EINVAL)  # what rename says of a name
_LONGEST_NAME = 200
MOST_WAITING = 16  # finished logs, while what is watched keeps the machine busy

# of a segment, by its number, the number of its first event, and what the recording says of itself; it gives what puts
# the sealed form in its place to the last one, and returns how many bytes it takes then
Seal = Callable[[int, int, Manifest, Callable[[Callable[[], object]], None]], int]


class ExistsError(RecordingError):
    """There is something of that name already."""


class RecordingWriter:
    """Takes batches, as a `Sink`. One thread uses it.

    What was written can be read at once, and lasts from the next second on, whatever happens to the process or the
    machine. `most_bytes`: the oldest segments are removed where all take more; `keep_seconds`: where all in them is
    older. `redact` takes secrets out of what is written. `seal` is called for each segment that is finished, in another
    thread but for the last; where much is written it waits, unless there is a limit to the room.

    `place` is the directory as this process can always reach it, also when it has given up root's right to go through
    the directories of others.
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
        self.place = path
        self.manifest = manifest
        self.seal = seal
        self._rotation = Rotation(most_bytes, keep_seconds, SEGMENT_BYTES)
        self._redact = redact
        self._segments: dict[int, Segment] = {}  # that are finished, and not removed
        self._state = threading.Lock()  # of these, and of the log
        self._looking = threading.Lock()
        self._number = 1
        self._seq = self._first_seq = self._events = 0
        self._is_start_unsaid = False
        self._began = self._last = time.monotonic()
        self._descriptor = self._make()
        waiting = MOST_WAITING if most_bytes is None else 0
        self._keeper = Keeper(self._log, self._settle, self._look, self._tidy, waiting)

    def _make(self) -> int:
        """The directory and what it says of itself; a descriptor whose lock says that it is being written. It takes its
        name when it is a recording: an empty directory is nothing, and of two that begin at once only one gets it.
        """
        name = self.path.name[:_LONGEST_NAME]
        temporary = self.path.parent / f".{name}.{os.urandom(4).hex()}.tmp"
        descriptor = -1
        try:
            temporary.mkdir(mode=0o700)
            descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            _lock(descriptor)
            place = Path(f"/proc/self/fd/{descriptor}")
            has_place = place.exists()
            self.place = place if has_place else temporary
            self.manifest.write(self.place)
            self._log = LogWriter(log_path(self.place, self._number))
            sync_directory(self.place)
            temporary.rename(self.path)
        except OSError as error:
            if descriptor >= 0:
                self._remove(temporary)
                os.close(descriptor)
            if error.errno in _THERE and os.path.lexists(self.path):
                raise ExistsError(f"{str(self.path)!r} is there already", "choose another name: -o FILE") from None
            raise OutputError(OSError(error.errno, error.strerror or str(error), str(self.path))) from error
        if not has_place:
            self.place = self.path
        with suppress(OSError):  # it may be of another, who lets only write there
            sync_directory(self.path.parent)
        return descriptor

    def start(self) -> None:
        """From now on, what is written is made to last. The threads that do it have the rights of this one. Raises
        RuntimeError where there can be no threads: all is written then, too, but nothing is made to last, or sealed,
        before the end.
        """
        self._keeper.start()
        self._keeper.look_now()

    def begin(self, start: str) -> None:
        """The watching has begun then. It is said at the next look: nobody waits for the disk meanwhile."""
        self.manifest = replace(self.manifest, start=start)
        self._is_start_unsaid = True

    def write(self, batch: Batch) -> None:
        """All of it. Raises OutputError."""
        self.unwritten = batch
        try:
            self._keeper.check()
            self._append(self._redact.redacted(batch) if self._redact else batch)
            self.unwritten = None
            # a copy in one step: the thread that tidies adds and removes some
            if self._rotation.is_urgent([*self._segments.values()]):
                self._look()
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error

    def check(self) -> None:
        """Raises OutputError where what was written could not be made to last."""
        try:
            self._keeper.check()
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error

    def finish(self, manifest: Manifest, wait: Callable[[int], bool] = lambda left: True) -> None:
        """With its last words; nothing can be written then. While segments are sealed, `wait` is told how many are
        left; where it returns False, they stay logs. Raises OutputError.
        """
        try:
            self._keeper.stop(wait)
            self._log.sync()
            self._log.close()
            self.manifest = replace(manifest, rotated=self.manifest.rotated)
            self.manifest.write(self.place)
            self._segments[self._number] = self._segment()
            if wait(0):
                self._tidy(self._number)
        except OSError as error:
            raise OutputError(_named(error, self.path)) from error
        finally:
            with suppress(OSError):
                (self.place / WORK).rmdir()
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Without last words, if there were none: who reads it takes it for one whose recorder was killed. May be
        called again.
        """
        with suppress(OSError):
            self._keeper.stop()
        self._log.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Leave nothing of it, where nothing was recorded."""
        if not self._seq:
            self._remove(self.path)
        self.close()

    def _remove(self, directory: Path) -> None:
        for path in (log_path(self.place, 1), self.place / FILE_NAME):
            with suppress(OSError):
                path.unlink()
        with suppress(OSError):
            directory.rmdir()

    def _append(self, batch: Batch) -> None:
        with self._state:
            if self._seq > self._first_seq and self._log.bytes + len(batch.raw) > self._rotation.segment_bytes:
                self._turn()
            self._log.append(batch)
            self._last = time.monotonic()
            if self._seq == self._first_seq:
                self._began = self._last
            self._seq += len(batch)
            self._events += batch.counted

    def _turn(self) -> None:
        """Go on in a fresh log."""
        fresh = LogWriter(log_path(self.place, self._number + 1))
        self._segments[self._number] = self._segment()
        self._keeper.turned(self._number, self._log, fresh)
        self._log, self._number = fresh, self._number + 1
        self._first_seq, self._events = self._seq, 0

    def _segment(self) -> Segment:
        """This log, when it is finished."""
        return Segment(self._number, self._first_seq, self._events, self._log.bytes, self._last)

    def _settle(self) -> None:
        sync_directory(self.place)

    def _look(self) -> None:
        """Remove what is too much, or too old. In the keeper's thread, mostly."""
        with self._looking:
            with self._state:
                if self._seq > self._first_seq and self._rotation.is_old(self._began):
                    self._turn()
                doomed = self._rotation.too_much(self._segments.values())
                for each in doomed:
                    del self._segments[each.number]
            if doomed:
                # said before it is done: what is said to be gone and is there is no lie, but the other way round is
                rotated = self.manifest.rotated + sum(each.events for each in doomed)
                self.manifest = replace(self.manifest, rotated=rotated)
            if doomed or self._is_start_unsaid:
                self._is_start_unsaid = False
                self.manifest.write(self.place)
            for each in doomed:
                remove(self.place, each.number)

    def _tidy(self, number: int) -> None:
        """Seal it, unless it is removed. Where it can't be sealed, it is as whole as before."""
        segment = self._segments.get(number)
        if segment is None or self.seal is None:
            return

        def put(rename: Callable[[], object]) -> None:
            with self._state:  # rotation may have removed it meanwhile, and later ones: it would leave a gap
                if number not in self._segments:
                    raise InterruptedError
                rename()

        try:
            size = self.seal(number, segment.first_seq, self.manifest, put)
        except Exception as error:
            if number in self._segments:
                self.unsealed = error
            return
        with self._state:
            if number in self._segments:
                self._segments[number] = replace(segment, bytes=size)


def _lock(descriptor: int) -> None:
    """A reader has it for a moment only. Some file systems have no locks: then nobody can tell that it is written."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise


def _named(error: OSError, path: Path) -> OSError:
    """By the name that the user knows."""
    name = str(error.filename or path)
    if name.startswith("/proc/self/fd/"):
        name = str(path.joinpath(*Path(name).parts[5:]))
    return OSError(error.errno, error.strerror or str(error), name)
