"""A recording for the commands that ask one."""

from collections import Counter

from msgspec.structs import replace

from onlooker.cli.main import main
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.writer import RecordingWriter
from onlooker.records import Batch
from onlooker.summary import Summary

from ..recordings.lives import build


def record(path, events=None, *, last=True, settings=None, directory=None, losses=()) -> str:
    """Its path. Not `last`: its recorder was killed."""
    made = Manifest.new(start=now(), command=("sh", "build.sh"), settings=settings or {"events": ["all"]})
    writer = RecordingWriter(path, replace(made, directory=directory or made.directory))
    writer.start()
    events = build() if events is None else events
    for batch in Batch.of(sorted(events, key=lambda each: each.boot_ns)):
        writer.write(batch)
    if losses:
        writer.write(Batch.of_losses(losses, 0, 1))
    if last:
        shown = Counter(event.event for event in events)
        writer.finish(replace(writer.manifest, end=End.of(Summary(shown=shown), now(), 0)))
    writer.close()
    return str(path)


def told(capfd, *arguments):
    """`(exit code, lines of the answer, standard error)`."""
    code = main([*arguments])
    out, err = capfd.readouterr()
    return code, out.splitlines(), err
