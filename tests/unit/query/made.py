"""Recordings of hand-made events, in the forms that a recording has on disk."""

from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from onlooker import Batch
from onlooker.query.tables import Database
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.seal import Sealer
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary


def record(
    path: Path, events, *, sealed=True, each=False, tail=(), finish=True, rotated=0, said=None, **summary
) -> str:
    """Its path. `each`: a segment for every batch of one event. `tail`: more events, in a log that stays one.
    `said`: what it says of itself.
    """
    sealer = Sealer(path) if sealed else None
    made = RecordingWriter(path, replace(Manifest.new(start=now()), rotated=rotated, **(said or {})), seal=sealer)
    made._first_seq = made._seq = rotated
    made.start()
    if each:
        made._rotation.segment_bytes = 1
    for batch in [one for event in events for one in Batch.of([event])] if each else Batch.of(events):
        made.write(batch)
    if tail:
        made._turn()
        made._rotation.segment_bytes = 1 << 30
        for batch in Batch.of(tail):
            made.write(batch)
        made._keeper.stop()
        made.seal = None
    if finish:
        shown = Counter(event.event for event in (*events, *tail))
        if rotated:  # of another kind or of this: the tests do not care
            shown[events[0].event] += rotated
        made.finish(replace(made.manifest, end=End.of(Summary(**{"shown": shown, **summary}), now(), 0)))
    made.close()
    if sealer:
        sealer.close()
    return str(path)


@contextmanager
def asked(*paths, where=None):
    """Ask them by SQL: `ask("FROM opens")` gives all rows."""
    with Database(paths, where) as database:
        yield lambda sql, *values: database.connection.execute(sql, values).fetchall()
