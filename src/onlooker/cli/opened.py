"""What a command reads: a recording, or standard input where a file may be given as `-`."""

import sys

from ..errors import PROGRAM, UsageError
from ..recordings.recording import Recording
from .log import Log, say


def opened(path: str) -> Recording:
    """The recording. Raises UsageError for what can't be the name of one, or RecordingError."""
    check_name(path)
    return Recording(path)


def check_name(path: str) -> None:
    """A recording has a name. Raises UsageError."""
    if path in ("", "-"):
        hint = f"the one that this makes: {PROGRAM} record -o build.onlook -- make"
        raise UsageError("a recording is a directory, not a stream", hint)


def tell_of(recording: Recording, log: Log) -> None:
    """Say what is not as it should be."""
    for note in recording.notes:
        log("warning", f"{str(recording.path)!r}: {note}")
    if recording.is_being_written:
        log("warning", f"{str(recording.path)!r} is still being written; this is all until now")


def tell_of_damage(recording: Recording, log: Log) -> None:
    """Say what could not be read, when all was."""
    for note in recording.damage:
        log("warning", note)


def standard_input(what: str, hint: str) -> bytes:
    """All of it. Who sits at a terminal is told that it is read, and how to end that: else it looks like a long wait.
    Raises UsageError with that hint where it is closed.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint)
    if sys.stdin.isatty():
        say(f"reading {what} from the terminal; Ctrl-D on a new line ends it")
    return sys.stdin.buffer.read()
