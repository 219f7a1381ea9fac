"""A recording of processes that read and write real files."""

from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from onlooker import Batch
from onlooker.exports.source import Source
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.redact import Redactor
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary

from ..recordings.lives import end, event, execute

READ, WRITE, MAKE = ("O_RDONLY",), ("O_WRONLY",), ("O_WRONLY", "O_CREAT", "O_TRUNC")


def opened(second, path, flags, *, pid=7, **fields):
    return event("open", second, pid, 1, path=str(path), real_path=str(path), flags=flags, **fields)


def build(directory: Path):
    """A compiler that reads a.c and makes a.o by way of a.tmp, which it reads again; and a log that is appended to."""
    return [
        execute(1, 7, 1, "cc", "-c", "a.c", exe=str(directory / "cc")),
        opened(1.1, directory / "a.c", READ),
        opened(1.2, directory / "a.tmp", MAKE, created=True),
        opened(1.3, directory / "a.tmp", READ),
        event(
            "rename",
            1.4,
            7,
            1,
            path="a.tmp",
            new_path="a.o",
            joined_path=f"{directory}/a.tmp",
            joined_new_path=f"{directory}/a.o",
        ),
        opened(1.5, directory / "a.log", WRITE),
        opened(1.6, "/dev/null", WRITE),
        end(2, 7, 1, comm="cc"),
    ]


def write(directory: Path) -> None:
    """The files as such a build leaves them."""
    for name in ("cc", "a.c", "a.o", "a.log"):
        (directory / name).write_text(name)


def record(path: Path, events, *, after=lambda: None, **manifest) -> Source:
    """`after` is called before the recording ends."""
    made = RecordingWriter(path, replace(Manifest.new(start=now(), command=("make", "--token", "hunter2")), **manifest))
    for batch in Batch.of(events):
        made.write(batch)
    after()
    shown = Counter(event.event for event in events)
    made.finish(replace(made.manifest, end=End.of(Summary(shown=shown), now(), 0)))
    made.close()
    return Source(Recording(path), redactor=Redactor())
