"""Reads a recording: one that is finished, one that is still being written, and what is left of a damaged one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import RecordingError
from ..events import Event
from ..records import Batch
from .database import connect
from .ending import Read, Report
from .log import FIRST_LINE, SEED_BYTES, LogReader
from .manifest import LAYOUT_VERSION, Manifest, decoded, text_of
from .sealed import SealedReader
from .segments import log_path, numbers, sealed_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Recording:
    """What was recorded, from its directory, or from a log alone.

    `manifest` is what it says of itself, None where that is missing or can't be read; `notes` says what is not as it
    should be. `is_being_written`: a recorder is at work on it, and what it holds is all until now.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises RecordingError for what is no recording, or can't be read."""
        self.path = Path(path)
        self.notes: list[str] = []
        self.manifest: Manifest | None = None
        self.is_being_written = False
        self._damaged = 0
        self._rotated = self._unreported = 0  # events that rotation has removed, and of these what no report tells yet
        self._database: DuckDBPyConnection | None = None
        try:
            self._log = self._found()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        end = self.manifest.end if self.manifest else None
        self.is_finished = end is not None

    def _found(self) -> LogReader | None:
        """A log alone; else None, for what the directory holds then."""
        if not self.path.is_dir():
            return LogReader(self.path)
        self.is_being_written = _is_locked(self.path)
        self._read_manifest()
        if self.manifest is None and not numbers(self.path):
            raise RecordingError(f"{str(self.path)!r} is no recording", _HINT)
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

    def batches(self) -> Iterator[Batch]:
        """All, in the order in which they were written, and where something is missing, a report of it: in the
        beginning of what rotation removed, at the end of what was lost or not written without a report, or can't be
        read. Raises RecordingError, and ExtraError where DuckDB is missing that a sealed recording needs.
        """
        read, last = Read(), None
        self._damaged = 0
        self._rotated = self._unreported = self.manifest.rotated if self.manifest else 0
        try:
            for batch in self._whole():
                if self._unreported:
                    yield _losses(batch, [(self._unreported, "unknown", "rotated")], first=True)
                    self._unreported = 0
                read.add(batch)
                last = batch
                yield batch
        except OSError as error:
            raise _unreadable(self.path, error) from error
        reports: list[Report] = [(self._unreported, "unknown", "rotated")] if self._unreported else []
        if self.manifest and self.is_finished:
            reports += read.reports(self.manifest, is_damaged=self._damaged > 0)
        elif self._damaged or not self.is_being_written:
            reports.append((1, "unknown", "damaged"))
        if reports:
            yield _losses(last, reports)

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    def _whole(self) -> Iterator[Batch]:
        """What can be read; `_damaged` is not 0 where that is not all."""
        if self._log is not None:
            yield from self._log.batches()
            self._damaged += self._log.damaged
            return
        found = numbers(self.path)
        if self.is_being_written:
            self._unreported += self._removed_meanwhile()
        first = found[0] if found and self._rotated else 1
        self._damaged += max(found, default=0) - first + 1 - len(found)
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
            except RecordingError:  # killed before it had a beginning, or damaged there: others may be whole
                self._damaged += not (is_last and self.is_being_written and self._is_beginning(number))
                return
            self._damaged += reader.damaged
            if is_last and self.is_being_written and isinstance(reader, LogReader):
                self._damaged -= reader.unfinished  # this may be being written
            return
        if self.is_being_written:
            self._unreported += self._removed_meanwhile()
            if self._rotated and number < min(numbers(self.path), default=0):
                return
        self._damaged += 1

    def _removed_meanwhile(self) -> int:
        """How many events rotation has removed since that was asked last. It says so before it does it."""
        try:
            rotated = Manifest.read(self.path).rotated
        except (OSError, msgspec.MsgspecError, ValueError):
            return 0
        before, self._rotated = self._rotated, max(rotated, self._rotated)
        return self._rotated - before

    def _is_beginning(self, number: int) -> bool:
        """Whether a log is so short that its first bytes are just being written."""
        try:
            return log_path(self.path, number).stat().st_size < len(FIRST_LINE) + SEED_BYTES
        except OSError:
            return False

    def _reader(self, number: int) -> LogReader | SealedReader:
        sealed = sealed_path(self.path, number)
        if not sealed.is_dir():
            return LogReader(log_path(self.path, number))
        if self._database is None:
            self._database = connect(f"{str(self.path)!r} is sealed: reading it", threads=1)
        return SealedReader(sealed, self._database, self.manifest.id if self.manifest else None)


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


def _losses(near: Batch | None, reports: list[Report], *, first: bool = False) -> Batch:
    """Reports at the time of the first, or the last, event of a batch."""
    if near is None or not len(near):
        return Batch.of_losses(reports, 0, 0)
    [event] = (near.split(1)[0] if first else near.after(len(near) - 1)).events()[:1]
    return Batch.of_losses(reports, near.offset_ns, event.boot_ns)


def _unreadable(path: Path, error: OSError) -> RecordingError:
    name = str(path)
    if isinstance(error, FileNotFoundError):
        return RecordingError(f"there is no recording {name!r}", _HINT)
    if isinstance(error, PermissionError):
        return RecordingError(f"cannot read {name!r}: {error.strerror}", "read it as its owner: sudo onlooker ...")
    return RecordingError(f"cannot read {name!r}: {error.strerror or error}")
