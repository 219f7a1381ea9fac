"""Reads a recording: one that is finished, one that is still being written, and what is left of a damaged one."""

import fcntl
import os
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import msgspec

from ..errors import PROGRAM, RecordingError
from ..events import Event
from ..records import Batch
from .database import connect, way_to
from .ending import Read, Report
from .log import LogReader, is_beginning
from .manifest import LAYOUT_VERSION, Manifest, decoded, text_of, wall_ns
from .nearest import meant
from .sealed import SealedReader
from .segments import log_path, numbers, sealed_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Recording:
    """What was recorded, from its directory, or from a log alone.

    `manifest` is what it says of itself, None where that is missing or can't be read; `notes` says what is not as it
    should be. `is_being_written`: a recorder is at work on it, and what it holds is all until now. Known when all was
    read: `damage` says of which files what can't be read, and why; `has_holes`, whether that is more than its end.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises RecordingError for what is no recording, or can't be read."""
        self.path = Path(path)
        self.notes: list[str] = []
        self.manifest: Manifest | None = None
        self.is_being_written = False
        self.damage: list[str] = []
        self._holes = self._damaged = 0
        self._rotated = self._unreported = 0  # events that rotation has removed, and of these what no report tells yet
        self._database: DuckDBPyConnection | None = None
        self._way = self.path  # for DuckDB
        try:
            self._log = self._found()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        end = self.manifest.end if self.manifest else None
        self.is_finished = end is not None
        if self.manifest and end is None and not self.is_being_written:
            self.notes.append("it was never finished: its recorder was killed, or the machine stopped")

    @property
    def has_holes(self) -> bool:
        """Whether something before its end can't be read."""
        return self._holes > 0

    def _found(self) -> LogReader | None:
        """A log alone; else None, for what the directory holds then."""
        if not self.path.is_dir():
            return LogReader(self.path)
        self.is_being_written = _is_locked(self.path)
        self._read_manifest()
        if self.manifest is None and not numbers(self.path):
            raise _no_recording(self.path)
        return None

    def _read_manifest(self) -> None:
        try:
            self.manifest = Manifest.read(self.path)
        except FileNotFoundError:
            self.notes.append("its recording.json is missing: nobody knows how it ended")
        except (msgspec.MsgspecError, ValueError) as error:  # ValueError: not UTF-8
            self._refuse_newer()
            self.notes.append(f"its recording.json can't be read: {error}")
        else:
            if self.manifest.recording > LAYOUT_VERSION:
                raise self._newer(self.manifest.onlooker)

    def _refuse_newer(self) -> None:
        """One of a later layout need not have what this version knows."""
        with suppress(msgspec.MsgspecError, ValueError):
            head = decoded(text_of(self.path), _Head)
            if head.recording > LAYOUT_VERSION:
                raise self._newer(head.onlooker)

    def _newer(self, version: str) -> RecordingError:
        by = f" ({version})" if version else ""
        return RecordingError(f"{str(self.path)!r} was written by a newer version of onlooker{by}", "update onlooker")

    def batches(self, *, context: bool = False) -> Iterator[Batch]:
        """All, in the order in which they were written, and where something is missing, a report of it: in the
        beginning of what rotation removed, at the end of what was lost or not written without a report, or can't be
        read. With `context`, also what is known of processes, where that was recorded. Raises RecordingError, and
        ExtraError where DuckDB is missing that a sealed recording needs.
        """
        read, last = Read(), None
        self._holes = self._damaged = 0
        self.damage = []
        self._rotated = self._unreported = self.manifest.rotated if self.manifest else 0
        try:
            for batch in self._whole():
                if self._unreported:
                    yield self._losses(batch, [(self._unreported, "unknown", "rotated")], first=True)
                    self._unreported = 0
                read.add(batch)
                last = batch
                if context or not batch.has_context:
                    yield batch
                elif len(events := batch.without_context()):
                    yield events
        except OSError as error:
            raise _unreadable(self.path, error) from error
        reports: list[Report] = [(self._unreported, "unknown", "rotated")] if self._unreported else []
        reports += read.reports(self.manifest, is_damaged=self._damaged > 0, is_being_written=self.is_being_written)
        if self.is_finished:
            self._explain(read, reports)
        if reports:
            yield self._losses(last, reports)

    def _losses(self, near: Batch | None, reports: list[Report], *, first: bool = False) -> Batch:
        """Reports at the time of the last, or the first, event of a batch; where there is none, of its start."""
        if near is None or not len(near):
            start = wall_ns(self.manifest.start) if self.manifest else None
            return Batch.of_losses(reports, start or 0, 0)
        [event] = (near.split(1)[0] if first else near.after(len(near) - 1)).events()[:1]
        return Batch.of_losses(reports, near.offset_ns, event.boot_ns)

    def _explain(self, read: Read, reports: list[Report]) -> None:
        """Why it is damaged, where all files could be read."""
        if self.damage or not any(reason == "damaged" for _, _, reason in reports):
            return
        assert self.manifest and self.manifest.end
        shortage = read.shortage(self.manifest)
        self._note(self.path, [shortage or f"it ended with an error: {self.manifest.end.verdict}"])

    def _note(self, path: Path, reasons: Iterable[str]) -> None:
        for reason in reasons:
            self._say(f"{str(path)!r}: {reason}")

    def _say(self, text: str) -> None:
        if len(self.damage) < _MOST_NOTES:
            self.damage.append(text)
        elif len(self.damage) == _MOST_NOTES:
            self.damage.append("there is more that can't be read")

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    def _whole(self) -> Iterator[Batch]:
        """What can be read; `_damaged` is not 0 where that is not all."""
        if self._log is not None:
            yield from self._log.batches()
            self._take(self._log, self.path, is_last=True)
            return
        found = numbers(self.path)
        if self.is_being_written:
            self._unreported += self._removed_meanwhile()
        first = found[0] if found and self._rotated else 1
        for before, number in pairwise([first - 1, *found]):
            if missing := number - before - 1:
                self._lacks(before + 1, missing)
        for number in found:
            yield from self._segment(number, is_last=number == found[-1])

    def _segment(self, number: int, *, is_last: bool) -> Iterator[Batch]:
        """One of a log may be sealed, or removed by rotation, before it was read: then it is looked for once more."""
        for _ in range(2):
            try:
                reader = self._reader(number)
                yield from reader.batches()
            except FileNotFoundError:
                continue
            except RecordingError as error:  # killed before it had a beginning, or damaged there: others may be whole
                if not (is_last and self.is_being_written and is_beginning(log_path(self.path, number))):
                    self._damaged += 1
                    self._holes += not (is_last and is_beginning(log_path(self.path, number)))
                    self._say(str(error))
                return
            self._take(reader, self._place(number), is_last=is_last)
            return
        if self.is_being_written:
            self._unreported += self._removed_meanwhile()
            if self._rotated and number < min(numbers(self.path), default=0):
                return
        self._lacks(number, 1)

    def _take(self, reader: LogReader | SealedReader, path: Path, *, is_last: bool) -> None:
        """What a reader says when all was read."""
        unfinished = reader.unfinished if isinstance(reader, LogReader) else 0
        if not (unfinished and is_last and self.is_being_written):  # else this may be being written
            self._damaged += unfinished
            is_end = is_last and not self.is_finished
            self._holes += unfinished * (not is_end)
            how = "that was being written" if is_end else "whose rest is missing"
            self._note(path, [f"its last {unfinished} bytes are the beginning of a batch {how}"] if unfinished else [])
        self._damaged += reader.damaged - unfinished
        self._holes += reader.damaged - unfinished
        self._note(path, reader.reasons)

    def _lacks(self, number: int, count: int) -> None:
        """Segments from that number on."""
        self._damaged += count
        self._holes += count
        more = f", nor the next {count - 1}" if count > 1 else ""
        self._note(self._place(number), [f"it is not there{more}"])

    def _place(self, number: int) -> Path:
        sealed = sealed_path(self.path, number)
        return sealed if sealed.is_dir() else log_path(self.path, number)

    def _removed_meanwhile(self) -> int:
        """How many events rotation has removed since that was asked last. It says so before it does it."""
        try:
            rotated = Manifest.read(self.path).rotated
        except (OSError, msgspec.MsgspecError, ValueError):
            return 0
        before, self._rotated = self._rotated, max(rotated, self._rotated)
        return self._rotated - before

    def _reader(self, number: int) -> LogReader | SealedReader:
        sealed = sealed_path(self.path, number)
        if not sealed.is_dir():
            return LogReader(log_path(self.path, number))
        if self._database is None:
            self._database = connect(f"{str(self.path)!r} is sealed: reading it", threads=1)
            self._way, descriptor = way_to(self.path)
            if descriptor >= 0:
                weakref.finalize(self, os.close, descriptor)
        return SealedReader(sealed_path(self._way, number), self._database, self.manifest.id if self.manifest else None)


_MOST_NOTES = 20
_HINT = "onlooker record -o FILE -- COMMAND"


class _Head(msgspec.Struct):
    recording: int
    onlooker: str = ""


def _is_locked(path: Path) -> bool:
    """Whether a recorder has it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _no_recording(path: Path) -> RecordingError:
    if (path / "_onlooker").is_dir():
        return RecordingError(
            f"{str(path)!r} is a lake, and no recording", f"{PROGRAM} query {quote(str(path))} 'FROM events LIMIT 10'"
        )
    return RecordingError(f"{str(path)!r} is no recording", _HINT)


def _unreadable(path: Path, error: OSError) -> RecordingError:
    name = str(path)
    if isinstance(error, FileNotFoundError):
        return RecordingError(f"there is no recording {name!r}", meant(name) or _HINT)
    if isinstance(error, PermissionError):
        return RecordingError(f"cannot read {name!r}: {error.strerror}", "read it as its owner: sudo onlooker ...")
    return RecordingError(f"cannot read {name!r}: {error.strerror or error}")
