"""The checksums of a sealed segment, in a file beside its Parquet files, which have none: a bit that is wrong in one of
them would be a wrong value, and no error.
"""

import errno
import zlib
from pathlib import Path

import msgspec

from ..errors import RecordingError
from .log import opened
from .manifest import write_whole

FILE_NAME = "checksums.json"
_READ_BYTES = 1 << 16  # of memory that is used again each time
_MOST_BYTES = 1 << 20  # of the file: there are some twenty kinds of events


class Checksum(msgspec.Struct, frozen=True):
    """Of a file: its length, and its CRC-32."""

    bytes: int
    crc32: int

    @classmethod
    def of(cls, path: Path) -> "Checksum":
        """Reads all of it. Raises OSError, and RecordingError for what is no regular file."""
        length = crc = 0
        with opened(path) as file:
            while data := file.read(_READ_BYTES):
                crc = zlib.crc32(data, crc)
                length += len(data)
        return cls(length, crc)


class Checksums:
    """Those of a segment in that directory. `are_there`: it has some; recordings of older versions have none.
    `is_damaged`: they can't be read, so that nobody knows which values are right.
    """

    def __init__(self, directory: Path) -> None:
        """Raises OSError, but for a file that is not there."""
        self._known: dict[str, Checksum] = {}
        self.are_there = True
        self.is_damaged = False
        try:
            with opened(directory / FILE_NAME) as file:
                self._known = msgspec.json.decode(file.read(_MOST_BYTES), type=dict[str, Checksum])
        except FileNotFoundError:
            self.are_there = False
        except (RecordingError, msgspec.MsgspecError, ValueError, RecursionError):
            self.is_damaged = True

    def match(self, path: Path, name: str = "") -> bool:
        """Whether a file is as it was sealed, as far as that is known. `name`: its own, where `path` only leads to it.
        Raises OSError.
        """
        if not self.are_there or self.is_damaged:
            return True
        try:
            return self._known.get(name or path.name) == Checksum.of(path)
        except RecordingError:
            return False
        except OSError as error:
            if error.errno == errno.EIO:  # a bad sector
                return False
            raise


def write_checksums(directory: Path, names: list[str]) -> int:
    """Of these files in the directory; they last when it returns. Returns how many bytes it takes. Raises OSError."""
    data = msgspec.json.encode({name: Checksum.of(directory / name) for name in sorted(names)}) + b"\n"
    write_whole(directory / FILE_NAME, data)
    return len(data)
