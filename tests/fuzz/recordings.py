"""Recordings with any damage: what can be read is read, and the rest is a loss, or one of onlooker's errors."""

import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

from msgspec.structs import replace

from onlooker import Batch, OnlookerError
from onlooker.events import TASK_EVENTS, Event
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary
from onlooker.testing import make

from .mutate import EDGES, raw_text

FILES = ("000001.log", "recording.json", "000001/opens.parquet", "000001/execs.parquet", "000001/losses.parquet")
EVENTS = [*map(make, TASK_EVENTS), make("lost", of="open", count=3), make("open", path="/a\udcff")]


def first() -> list[bytes]:
    return [bytes([which]) + _content(which) for which in range(len(FILES))]


def made(rng: Random) -> bytes:
    """The file's content; the first byte says which file."""
    which = rng.randrange(len(FILES))
    return bytes([which]) + _damaged(rng, _content(which))


def changed(rng: Random, data: bytes) -> bytes:
    return data[:1] + _damaged(rng, data[1:])


def _damaged(rng: Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        near_end = max(0, len(found) - 1 - rng.randrange(300))  # where Parquet has its footer
        at = rng.choice((rng.randrange(len(found) + 1), near_end, rng.randrange(64)))
        edge = rng.choice(EDGES).to_bytes(8, "little")[: rng.choice((1, 4, 8))]
        found[at : at + rng.choice((0, 1, 4, 8))] = rng.choice((edge, raw_text(rng)[:40], bytes([rng.randrange(256)])))
    if rng.random() < 0.2:
        del found[rng.randrange(len(found) + 1) :]
    return bytes(found)


def _content(which: int) -> bytes:
    return (_whole(is_sealed=which >= 2) / FILES[which]).read_bytes()


@cache
def _whole(*, is_sealed: bool) -> Path:
    """A recording that is as it should be; removed when the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="onlooker-fuzz-")
    _KEPT.append(directory)
    path = Path(directory.name, "r")
    written = RecordingWriter(path, Manifest.new(start=now()), seal=Sealer(path) if is_sealed else None)
    for batch in Batch.of(EVENTS):
        written.write(batch)
    written.finish(replace(written.manifest, end=End.of(Summary(shown=Counter(e.event for e in EVENTS)), now())))
    assert written.unsealed is None
    assert list(Recording(path)) == EVENTS
    return path


_KEPT: list[object] = []


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    if not data:
        return
    which = data[0] % len(FILES)
    with tempfile.TemporaryDirectory() as directory:
        path = shutil.copytree(_whole(is_sealed=which >= 2), Path(directory, "r"))
        (path / FILES[which]).write_bytes(data[1:])
        try:
            found = list(Recording(path))
        except OnlookerError as error:
            assert "\n" not in str(error)
            return
        assert all(isinstance(event, Event) for event in found)
        if not any(event.event == "lost" and event not in EVENTS for event in found):
            # Parquet has no checksums: there a value may be another, but none is missing, and none too many
            assert _kinds(found) == _kinds(EVENTS), found
            assert which >= 2 or found == EVENTS, found


def _kinds(events: list[Event]) -> list[str]:
    return sorted(event.event for event in events)
