"""The log of a recording: batches of records as they come, only ever appended.

It begins with a line that says what it is, and 4 random bytes. Then come frames: a head of 32 bytes and a payload. A
head has a mark, by which the next frame is found behind damage, and its own checksum, so that only a true length is
trusted. All numbers are little-endian:

    4 bytes   the mark
    4         CRC-32 of the random bytes and of what follows in the head
    4         kind: 1 plan, as JSON compressed by zlib, 2 batch
    4         CRC-32 of the payload
    8         bytes of the payload
    8         kind 2: the wall clock minus the boot clock in nanoseconds, signed

A frame that was not written whole, such as the last one after a loss of power, is left out, and the reader says so. The
random bytes keep a path that looks like a frame from being taken for one behind damage.
"""

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import msgspec

from ..errors import RecordingError, UsageError
from ..records import PLAN, Batch
from ..records.translate import Translator
from ..schema.plan import Plan

FIRST_LINE = b"onlooker log 1\n"
SEED_BYTES = 4
MARK = b"\xf5OLK"
LONGEST_FRAME = 64 << 20  # of what can be one; the monitor's batches have some 512 KB

_HEAD = struct.Struct("<4sI24s")
_FIELDS = struct.Struct("<IIQq")
_PLAN, _BATCH = 1, 2
_READ_BYTES = 1 << 20
_LONGEST_PLAN = 16 << 20
MOST_REASONS = 3  # that are told of one file
_MOST_SEARCHED = 4 * LONGEST_FRAME  # bytes of payloads that are damaged and looked through
# whose kind is less than 256: marks that only look like one, in their millions, are passed over by the regex alone
_LIKE_A_HEAD = re.compile(re.escape(MARK) + rb"(?=.{4}.\0\0\0)", re.DOTALL)


class Frame(NamedTuple):
    """A frame that was read whole."""

    kind: int
    number: int
    payload: bytes


class LogWriter:
    """Appends to a new log, which nobody else may read. One thread uses it."""

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError and other OSErrors."""
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.bytes = self._synced = 0  # that are whole; that last
        self._seed = zlib.crc32(seed := os.urandom(SEED_BYTES))
        try:
            self._write(FIRST_LINE + seed)
            self._append(_PLAN, 0, zlib.compress(PLAN.to_json()))
        except BaseException:
            self.close()
            raise

    def append(self, batch: Batch) -> None:
        """All of it or, where the disk is full, nothing. Raises OSError."""
        self._append(_BATCH, batch.offset_ns, batch.data)

    def sync(self) -> None:
        """What was appended stays, also after a loss of power. Another thread may call it. Raises OSError."""
        whole = self.bytes
        if self._synced < whole and self._descriptor >= 0:
            os.fdatasync(self._descriptor)
            self._synced = whole

    def close(self) -> None:
        """May be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _append(self, kind: int, number: int, payload: bytes) -> None:
        fields = _FIELDS.pack(kind, zlib.crc32(payload), len(payload), number)
        self._write(_HEAD.pack(MARK, zlib.crc32(fields, self._seed), fields) + payload)

    def _write(self, data: bytes) -> None:
        """What is not written whole is taken back."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except BaseException:
            os.ftruncate(self._descriptor, self.bytes)
            raise
        self.bytes += len(data)


class LogReader:
    """Reads a log, also one that is still being written. Known when all is read: `damaged`, how many bytes were no
    whole frame, `unfinished`, how many of these are the beginning of one at the end, which may be being written, and
    `reasons`, what was wrong with the others.
    """

    def __init__(self, path: Path) -> None:
        """Raises RecordingError for what is no log, and OSError."""
        self._path = path
        self.damaged = self.unfinished = 0
        self.reasons: list[str] = []
        with opened(path) as file:
            first, seed = file.read(len(FIRST_LINE)), file.read(SEED_BYTES)
        self._seed = zlib.crc32(seed)
        if not first:
            raise _refused(path, "is empty")
        if first != FIRST_LINE:
            is_newer = first.startswith(FIRST_LINE[:-2])
            raise _refused(path, "was written by a newer version of onlooker" if is_newer else "is no recording")

    def batches(self) -> Iterator[Batch]:
        """In the order in which they were written. Records of another version are translated; where they can't be, it
        raises RecordingError. Those before a plan are left out: nobody knows what they mean.
        """
        own, plan, translator = PLAN.to_json(), b"", None
        for frame in self._frames():
            if frame.kind == _PLAN:
                plan = _plan(frame)
                translator = None if plan == own else self._translator(plan)
            elif frame.kind == _BATCH:
                try:
                    if not plan:
                        self._is_damaged(len(frame.payload), "stand before the plan that says how to read them")
                    elif translator is None:
                        yield Batch(frame.payload, frame.number)
                    else:
                        yield from translator.batches(frame.payload, frame.number)
                except UsageError:
                    self._is_damaged(len(frame.payload), "make no sense")

    def _is_damaged(self, count: int, how: str) -> None:
        self.damaged += count
        if len(self.reasons) < MOST_REASONS:
            self.reasons.append(f"{count} bytes {how}")

    def _translator(self, plan: bytes) -> Translator:
        try:
            return Translator(Plan.from_json(plan))
        except (msgspec.DecodeError, ValueError, LookupError, RecursionError) as error:
            raise _refused(self._path, "has records of another version of onlooker") from error

    def _frames(self) -> Iterator[Frame]:
        self.damaged = self.unfinished = 0
        self.reasons = []
        with opened(self._path) as file:
            at, searched = len(FIRST_LINE) + SEED_BYTES, 0
            while True:
                file.seek(at)
                head = file.read(_HEAD.size)
                if not head:
                    return
                length = _length(head, self._seed)
                payload = file.read(length) if length is not None else b""
                # the length is true: what lies beyond the end is being written, or was cut off
                if len(head) < _HEAD.size or (length is not None and len(payload) < length):
                    self.unfinished = len(head) + len(payload)
                    self.damaged += self.unfinished
                    return
                if length is None or zlib.crc32(payload) != _fields(head)[1]:
                    searched += len(payload)
                    # a part may be missing, and other frames lie in what this one should have; but not without end
                    start = at + 1 if searched <= _MOST_SEARCHED else at + _HEAD.size + len(payload)
                    found = _next_head(file, start, self._seed)
                    self._is_damaged(found - at, f"from byte {at} on do not have their checksum")
                    at = found
                    continue
                kind, _, _, number = _fields(head)
                yield Frame(kind, number, payload)
                at += _HEAD.size + length


def is_beginning(path: Path) -> bool:
    """Whether a log is so short that its first bytes are just being written."""
    try:
        return path.stat().st_size < len(FIRST_LINE) + SEED_BYTES
    except OSError:
        return False


def opened(path: Path) -> BinaryIO:
    """To be read, from a regular file: others may never end, or keep who opens them waiting. Raises RecordingError for
    what is none, and OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise _refused(path, "is a directory" if stat.S_ISDIR(mode) else "is no regular file")


def _plan(frame: Frame) -> bytes:
    """As JSON; a part of it, where it is no plan or too long for one."""
    with suppress(zlib.error):
        return zlib.decompressobj().decompress(frame.payload, _LONGEST_PLAN)
    return b""


def _fields(head: bytes) -> tuple[int, int, int, int]:
    kind, checksum, length, number = _FIELDS.unpack_from(head, _HEAD.size - _FIELDS.size)
    return kind, checksum, length, number


def _length(head: bytes, seed: int) -> int | None:
    """Of the payload; None where this is no head."""
    if len(head) < _HEAD.size:
        return None
    mark, checksum, fields = _HEAD.unpack(head)
    length = _fields(head)[2]
    return length if mark == MARK and zlib.crc32(fields, seed) == checksum and length <= LONGEST_FRAME else None


def _next_head(file: BinaryIO, start: int, seed: int) -> int:
    """Where the next head is from there on, or what is left at the end that may be the beginning of one; else the end
    of the file.
    """
    file.seek(start)
    at, data = start, b""
    while more := file.read(_READ_BYTES):
        data += more
        for mark in _LIKE_A_HEAD.finditer(data):
            if _length(data[mark.start() : mark.start() + _HEAD.size], seed) is not None:
                return at + mark.start()
        left = data[-(_HEAD.size - 1) :]  # too little for a head
        at, data = at + len(data) - len(left), left
    mark_at = data.find(MARK)
    return at + (len(data) if mark_at < 0 else mark_at)


def _refused(path: Path, why: str) -> RecordingError:
    return RecordingError(f"{os.fspath(path)!r} {why}")
