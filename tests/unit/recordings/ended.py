"""A recording of processes that have no end in it, and what is known of these."""

from collections import Counter

from msgspec.structs import replace

from onlooker import Batch
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.processes import Processes
from onlooker.recordings.recording import Recording
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary

from .lives import at, end, event, execute, fork

# 7 and 8 are there at the end, 9 is not; the last event is of 7
EVENTS = [
    execute(1, 7, 0.5, "make"),
    fork(2, 7, 0.5, 8, comm="make"),
    fork(3, 7, 0.5, 9, comm="make"),
    end(4, 9, 3),
    event("open", 5, 7, 0.5, comm="make"),
]
LAST = "2026-01-31T12:00:{:09.6f}Z"  # so many seconds after the boot


def recorded(path, events=EVENTS, *, until=9.0, seconds=9.0, settings=None, losses=(), **summary):
    """Without `until` it was never finished. `losses` are reported after the events, by so many seconds."""
    made = Manifest.new(start=now(), command=("make",), settings=settings or {"events": ["all"]})
    writer = RecordingWriter(path, made)
    for each in events:
        for batch in Batch.of([each]):
            writer.write(batch)
    for second, *loss in losses:
        writer.write(Batch.of_losses([tuple(loss)], Batch.of(events[:1])[0].offset_ns, at(second)))
    if until is not None:
        told = Summary(
            shown=Counter(each.event for each in events),
            lost=Counter({(of, reason): count for _, count, of, reason in losses}),
            seconds=seconds,
            **summary,
        )
        writer.finish(replace(writer.manifest, end=End.of(told, LAST.format(until), 0)))
    writer.close()
    return Recording(path)


def table(recording):
    made = Processes(recording)
    for batch in recording.batches():
        made.take(batch)
    return made


def lives(recording):
    """How long, and whether it is running."""
    return {each.pid: (each.duration_ns / 1e9, each.is_running) for each in table(recording).records()}
