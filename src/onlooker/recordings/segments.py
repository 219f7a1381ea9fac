"""The parts of a recording, in the order of their numbers: NUMBER.log, a log, or once it is sealed the directory NUMBER
with a Parquet file for each kind of event. Where both are there, the sealed one is whole and the log about to go.
"""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

LOG_SUFFIX = ".log"
WORK = "work"
# as they are written, so that a number leads to the file again: 1000000 follows 999999
_NAME = re.compile(r"(?!0{6})\d{6}|[1-9]\d{6,17}", re.ASCII)


class Segment(msgspec.Struct, frozen=True):
    """One that is finished: the number of its first event, how many it has (without reports of losses), how many bytes
    it takes, and when its last event was written, in seconds of the monotonic clock.
    """

    number: int
    first_seq: int
    events: int
    bytes: int
    finished: float


def log_path(directory: Path, number: int) -> Path:
    """Of a log."""
    return directory / f"{number:06}{LOG_SUFFIX}"


def sealed_path(directory: Path, number: int) -> Path:
    """Of a sealed segment."""
    return directory / f"{number:06}"


def work_path(directory: Path, number: int) -> Path:
    """Of a segment while it is sealed, or removed: deeper, so that no pattern for the files of segments finds it."""
    return directory / WORK / f"{number:06}"


def numbers(directory: Path) -> list[int]:
    """Of all segments that are there. Raises OSError."""
    found = (entry.name.removesuffix(LOG_SUFFIX) for entry in directory.iterdir())
    return sorted({int(name) for name in found if _NAME.fullmatch(name)})


def remove(directory: Path, number: int) -> None:
    """A segment in whatever form, at once. Raises OSError."""
    log_path(directory, number).unlink(missing_ok=True)
    doomed = work_path(directory, number)
    try:
        doomed.parent.mkdir(mode=0o700, exist_ok=True)
        sealed_path(directory, number).rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed)


def bytes_of(directory: Path) -> int:
    """How much all of a recording takes, as far as it can be read."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += (Path(parent) / name).stat().st_size
    return total
