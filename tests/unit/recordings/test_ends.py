"""What a recording knows of the ends of its processes, where it has none."""

import os

import pytest
from msgspec.structs import replace

from onlooker import Batch
from onlooker.recordings.manifest import time_of, wall_ns
from onlooker.recordings.processes import Processes
from onlooker.recordings.recording import Recording
from onlooker.recordings.segments import log_path

from .ended import EVENTS, LAST, lives, recorded, table
from .lives import at, execute

LAST_NS = wall_ns(LAST.format(0)) or 0


def test_what_is_running_lives_until_the_recording_ends(tmp_path):
    found = recorded(tmp_path / "r")
    assert lives(found) == {7: (8.5, True), 8: (7.0, True), 9: (1.0, False)}
    assert table(found).end_ns == at(9)


@pytest.mark.parametrize("until", [3.0, 0.0])
def test_an_end_that_is_too_early_is_the_last_event(tmp_path, until):
    assert lives(recorded(tmp_path / "r", until=until))[8] == (3.0, True)


def test_a_clock_that_was_set_makes_no_life_longer_than_the_recording(tmp_path):
    assert table(recorded(tmp_path / "r", until=59.0, seconds=6.0)).end_ns == at(11)


@pytest.mark.parametrize("time", ["yesterday", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00"])
def test_an_end_that_makes_no_sense(tmp_path, time):
    found = recorded(tmp_path / "r", seconds=2.0)
    assert found.manifest and found.manifest.end
    found.manifest = replace(found.manifest, end=replace(found.manifest.end, time=time))
    assert table(found).end_ns in (at(5), at(7))


def test_one_that_was_never_finished_ends_with_its_last_event(tmp_path):
    assert lives(recorded(tmp_path / "r", until=None)) == {7: (4.5, True), 8: (3.0, True), 9: (1.0, False)}


def test_a_batch_that_was_being_written_hides_no_end(tmp_path):
    recorded(tmp_path / "r", until=None)
    log = log_path(tmp_path / "r", 1)
    os.truncate(log, log.stat().st_size - 3)
    found = Recording(tmp_path / "r")
    assert lives(found) == {7: (3.5, True), 8: (2.0, True), 9: (1.0, False)}
    assert not found.has_holes and len(found.damage) == 1


@pytest.mark.parametrize("until", [9.0, None])
def test_in_a_part_that_cannot_be_read_there_may_be_ends(tmp_path, until):
    recorded(tmp_path / "r", until=until)
    log = log_path(tmp_path / "r", 1)
    raw = bytearray(log.read_bytes())
    raw[raw.rindex(b"make")] ^= 1  # of the last event
    log.write_bytes(raw)
    found = Recording(tmp_path / "r")
    assert lives(found) == {7: (2.5, False), 8: (0.0, False), 9: (1.0, False)}
    assert found.has_holes


@pytest.mark.parametrize(
    ("loss", "is_known"),
    [
        ((3, "exit", "ring full"), False),
        ((3, "exit", "rate"), False),
        ((3, "unknown", "recursion"), False),
        ((3, "open", "ring full"), True),
        ((3, "unknown", "rotated"), True),
    ],
)
def test_an_end_may_be_lost(tmp_path, loss, is_known):
    found = lives(recorded(tmp_path / "r", losses=[(6, *loss)]))
    assert [found[pid][1] for pid in (7, 8, 9)] == [is_known, is_known, False]
    assert found[8][0] == (7.0 if is_known else 0.0)


def test_what_was_seen_after_a_loss_had_not_ended_before(tmp_path):
    early = recorded(tmp_path / "r", [*EVENTS, execute(7, 7, 0.5, "cc")], losses=[(6, 1, "exit", "rate")])
    assert {pid: running for pid, (_, running) in lives(early).items()} == {7: True, 8: False, 9: False}


@pytest.mark.parametrize(
    ("settings", "is_known"),
    [
        ({"events": ["exec", "fork"]}, False),
        ({"events": ["exec", "exit"]}, True),
        ({"events": ["default"]}, True),
        ({"events": ["all"], "failed": True}, False),
        ({"events": ["all"], "comm": ["make"]}, False),
        ({"events": ["all"], "rate": 5}, True),
    ],
)
def test_ends_that_were_not_recorded(tmp_path, settings, is_known):
    assert lives(recorded(tmp_path / "r", settings=settings))[8][1] is is_known


def test_after_a_full_disk_nobody_knows(tmp_path):
    assert lives(recorded(tmp_path / "r", unwritten=3))[7] == (2.5, False)


@pytest.mark.parametrize(
    ("start", "seconds", "zero"),
    [
        (0.25, 9.0, at(0.25)),
        (0.25, None, at(0.25)),
        (0.75, 9.0, at(0.5)),  # the command's process is older than that
        (3.0, 9.0, at(0.5)),  # the clock was set
        (-50.0, 0.25, at(0.25)),  # the same: it took no longer than that
    ],
)
def test_a_recording_begins_when_the_watching_did(tmp_path, start, seconds, zero):
    found = recorded(tmp_path / "r", until=seconds, seconds=seconds)
    found.manifest = replace(found.manifest, start=time_of(LAST_NS + round(start * 1e9)))
    assert table(found).zero_ns(is_command=True) == zero


def test_where_the_oldest_events_were_removed_it_begins_with_the_first(tmp_path):
    found = recorded(tmp_path / "r")
    found.manifest = replace(found.manifest, start=time_of(LAST_NS), rotated=3)
    assert table(found).zero_ns(is_command=False) == at(1)


def test_when_the_recording_began():
    made = Processes()
    for batch in Batch.of(EVENTS):
        made.take(batch)
    assert (made.zero_ns(is_command=False), made.zero_ns(is_command=True)) == (at(1), at(0.5))
    assert (Processes().zero_ns(is_command=True), Processes().end_ns) == (0, 0)
