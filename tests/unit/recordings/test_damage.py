"""A recording that is not as it was written says so, and reading it takes no longer and no more than another."""

import json
import os
import shutil
from collections import Counter

import pytest
from msgspec.structs import replace

from onlooker import Batch
from onlooker.recordings.log import LogWriter
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.segments import log_path
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import End as Reason
from onlooker.summary import Summary
from onlooker.testing import make

EVENTS = [make("open", path=f"/srv/{n}", time=f"2026-01-31T12:00:00.{n:09}Z", boot_ns=n + 1) for n in range(20)]
DAMAGED = {("unknown", "damaged"): 1}


def write(path, events=EVENTS, *, segments=4, **summary):
    """So many logs, with a batch for each event."""
    made = RecordingWriter(path, Manifest.new(start=now(), settings={"events": ["all"]}))
    for place, event in enumerate(events):
        if place and place % (len(events) // segments) == 0:
            made._turn()
        for batch in Batch.of([event]):
            made.write(batch)
    shown = Counter(event.event for event in events)
    made.finish(replace(made.manifest, end=End.of(Summary(**{"shown": shown, **summary}), now())))
    assert sorted(entry.name for entry in path.glob("*.log")) == [f"{n:06}.log" for n in range(1, segments + 1)]
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "r")


def losses(path) -> dict[tuple[str, str], int]:
    return {(event.of, event.reason): event.count for event in Recording(path) if event.event == "lost"}


def opens(path) -> list[str]:
    return [event.path for event in Recording(path) if event.event == "open"]


def say(path, **changes):
    """In `recording.json`."""
    described = json.loads((path / "recording.json").read_text())
    (path / "recording.json").write_text(json.dumps({**described, **changes}))


def described_end(path):
    return json.loads((path / "recording.json").read_text())["end"]


def test_one_that_is_whole(path):
    assert (losses(path), len(opens(path))) == ({}, 20)


def test_the_last_segment_is_missed(path):
    log_path(path, 4).unlink()
    assert (losses(path), len(opens(path))) == (DAMAGED, 15)


def test_a_log_that_is_cut_between_two_frames(path):
    whole = log_path(path, 2).read_bytes()
    os.truncate(log_path(path, 2), whole.rindex(b"\xf5OLK"))
    assert (losses(path), len(opens(path))) == (DAMAGED, 19)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_log_that_is_somewhere_else(path, number):
    log_path(path, number).unlink()
    log_path(path, number).symlink_to("/none")
    assert (losses(path), len(opens(path))) == (DAMAGED, 15)


def test_a_log_with_another_name(path):
    log_path(path, 1).rename(path / "1.log")
    assert (losses(path), len(opens(path))) == (DAMAGED, 15)


def test_a_log_that_is_there_twice(path):
    shutil.copy(log_path(path, 4), log_path(path, 5))
    assert losses(path) == DAMAGED


def test_after_rotation_there_may_be_fewer(path):
    log_path(path, 1).unlink()
    say(path, rotated=5)
    assert losses(path) == {("unknown", "rotated"): 5}
    log_path(path, 4).unlink()
    assert losses(path) == {("unknown", "rotated"): 5, **DAMAGED}


def test_what_was_removed_is_told_where_nothing_is_left(path):
    say(path, rotated=20)
    for number in range(1, 5):
        log_path(path, number).unlink()
    assert losses(path) == {("unknown", "rotated"): 20}


def test_a_loss_that_only_the_end_tells(tmp_path):
    write(tmp_path / "r", lost={("open", "ring full"): 7})
    assert losses(tmp_path / "r") == {("open", "ring full"): 7}


def test_a_loss_that_was_reported_is_told_once(tmp_path):
    events = [*EVENTS, make("lost", of="open", reason="ring full", count=4)]
    write(tmp_path / "r", events, segments=1, lost={("open", "ring full"): 4})
    assert losses(tmp_path / "r") == {("open", "ring full"): 4}


def test_a_loss_as_a_later_version_tells_it(path):
    lost = {"of": "later", "reason": "later", "count": 3}
    say(path, end={**described_end(path), "lost": [lost], "complete": False})
    assert losses(path) == {("unknown", "corrupt"): 3}


def test_one_that_ended_with_an_error(tmp_path):
    write(tmp_path / "r", end=Reason.FAILED)
    assert losses(tmp_path / "r") == DAMAGED


def test_one_whose_output_was_closed_is_complete(tmp_path):
    write(tmp_path / "r", end=Reason.CLOSED)
    assert losses(tmp_path / "r") == {}


@pytest.mark.parametrize("changes", [{"rotated": -5}, {"rotated": 10**23}])
def test_numbers_that_make_no_sense(path, changes):
    say(path, **changes)
    found = Recording(path)
    assert ([event.event for event in found], len(found.notes)) == (["open"] * 20 + ["lost"], 1)


@pytest.mark.parametrize("changes", [{"unwritten": -7}, {"unwritten": 2**64}, {"events": {"open": -1}}])
def test_numbers_of_its_end_that_make_no_sense(path, changes):
    say(path, end={**described_end(path), **changes})
    assert losses(path) == DAMAGED
    assert Recording(path).notes


def test_a_description_that_is_nested_deeply(path):
    (path / "recording.json").write_text('{"recording": 1, "settings": ' + '{"a":' * 100_000)
    assert losses(path) == DAMAGED


def test_a_description_without_end(path):
    (path / "recording.json").unlink()
    (path / "recording.json").symlink_to("/dev/zero")
    assert losses(path) == DAMAGED
    (path / "recording.json").unlink()
    with (path / "recording.json").open("wb") as file:
        file.truncate(1 << 40)
    assert losses(path) == DAMAGED


@pytest.mark.parametrize("name", ["recording.json", "000002.log", "000004.log"])
def test_nobody_waits_for_a_fifo(path, name):
    (path / name).unlink()
    os.mkfifo(path / name)
    assert losses(path) == DAMAGED
    assert len(opens(path)) == (20 if name == "recording.json" else 15)


def test_a_number_that_is_far_away(path):
    (path / "999999999.log").touch()
    (path / f"{'9' * 200}.log").touch()
    assert (losses(path), len(opens(path))) == (DAMAGED, 20)


class Live:
    """A recording that is still being written, of four logs."""

    def __init__(self, path):
        self.path = path
        self.made = RecordingWriter(path, Manifest.new(start=now()))
        for n in range(4):
            if n:
                self.made._turn()
            self.made.write(Batch.of(EVENTS[n * 5 : n * 5 + 5])[0])

    def rotate(self, number):
        self.made.manifest = replace(self.made.manifest, rotated=self.made.manifest.rotated + 5)
        self.made.manifest.write(self.path)
        log_path(self.path, number).unlink()


@pytest.fixture
def live(tmp_path):
    found = Live(tmp_path / "live")
    yield found
    found.made.close()


def flip(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_one_that_is_being_written_is_whole(live):
    assert (losses(live.path), len(opens(live.path))) == ({}, 20)


def test_the_end_of_the_last_log_is_being_written(live):
    log = log_path(live.path, 4)
    for end in (log.stat().st_size - 1, 1, 0):
        os.truncate(log, end)
        assert (losses(live.path), len(opens(live.path))) == ({}, 15)


@pytest.mark.parametrize("number", [2, 4])
def test_damage_of_one_that_is_being_written(live, number):
    live.made.write(Batch.of(EVENTS[:1])[0])
    flip(log_path(live.path, number), -100 if number == 2 else log_path(live.path, number).read_bytes().index(b"/srv/"))
    assert losses(live.path) == DAMAGED


def test_the_end_of_another_log_is_not_being_written(live):
    os.truncate(log_path(live.path, 2), log_path(live.path, 2).stat().st_size - 1)
    assert losses(live.path) == DAMAGED


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_log_that_is_missing_of_one_that_is_being_written(live, number):
    log_path(live.path, number).unlink()
    assert losses(live.path) == (DAMAGED if number < 4 else {})  # nobody knows that there was a fourth


def test_what_rotation_removes_meanwhile_is_told(live):
    live.rotate(1)
    found = Recording(live.path).batches()
    seen = [next(found), next(found)]
    assert [batch.counts() for batch in seen] == [{"lost": 1}, {"open": 5}]
    for number in (2, 3):
        live.rotate(number)
    told, rest = found
    assert [(loss.reason, loss.count) for loss in told.lost()] == [("rotated", 10)]
    assert [event.path for event in rest] == [event.path for event in EVENTS[15:]]


def test_what_was_removed_before_it_was_read(live):
    found = Recording(live.path)
    live.rotate(1)
    first, *rest = found
    assert (first.reason, first.count, len(rest)) == ("rotated", 5, 15)


def test_what_vanishes_otherwise_is_damage(live):
    found = Recording(live.path).batches()
    next(found)
    log_path(live.path, 2).unlink()
    assert [loss.reason for batch in found for loss in batch.lost()] == ["damaged"]


def test_a_batch_before_a_plan_means_nothing(tmp_path):
    """As where the plan of another version is damaged."""
    with LogWriter(tmp_path / "log") as writer:
        plan_ends = writer.bytes
        writer.append(Batch.of(EVENTS)[0])
    flip(tmp_path / "log", plan_ends - 1)
    assert [event.event for event in Recording(tmp_path / "log")] == ["lost"]
