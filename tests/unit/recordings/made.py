"""Recordings of events that were made by hand."""

from pathlib import Path

from msgspec.structs import replace

from onlooker import Batch
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary


def recording(path: Path, events, *, is_finished: bool = True, **summary) -> str:
    """Its name."""
    made = RecordingWriter(path, Manifest.new(start=now(), command=("make",)))
    for batch in Batch.of(events):
        made.write(batch)
    if is_finished:
        counts = {}
        for event in events:
            counts[event.event] = counts.get(event.event, 0) + 1
        made.finish(replace(made.manifest, end=End.of(Summary(shown=counts, **summary), now(), 0)))
    made.close()
    return str(path)
