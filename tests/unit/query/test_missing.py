"""What is missing of a recording is said by a query as by its events, and nothing keeps a query waiting."""

import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from onlooker.query.tables import Database
from onlooker.recordings.recording import Recording
from onlooker.testing import make

from .made import asked, record

EVENTS = [make("exec", pid=7)] + [make("open", pid=n + 8, path=f"/srv/{n}") for n in range(6)]


def losses(path) -> Counter:
    """What its events say."""
    return Counter({(each.of, each.reason): each.count for each in Recording(path) if each.event == "lost"})


def told(path) -> Counter:
    """The same by SQL."""
    with asked(path) as ask:
        return Counter({(of, reason): count for of, reason, count in ask('SELECT "of", reason, count FROM losses')})


def say(path, **changes):
    """In the end of `recording.json`."""
    described = json.loads(Path(path, "recording.json").read_text())
    described["end"] |= changes
    Path(path, "recording.json").write_text(json.dumps(described))


def replace(path, name, make_it):
    Path(path, name).unlink()
    make_it(Path(path, name))


HARMS = {
    "the last segment is gone": lambda path: shutil.rmtree(Path(path, "000007")),
    "a segment is there twice": lambda path: shutil.copytree(Path(path, "000007"), Path(path, "000008")),
    "one more was recorded": lambda path: say(path, events={"exec": 1, "open": 7}),
    "one less was recorded": lambda path: say(path, events={"exec": 1, "open": 5}),
    "a loss is not there": lambda path: say(path, lost=[{"of": "open", "reason": "ring full", "count": 3}]),
    "a loss of a later version": lambda path: say(path, lost=[{"of": "dance", "reason": "moon", "count": 3}]),
    "it failed": lambda path: say(path, complete=False),
    "some were not written": lambda path: say(path, unwritten=4),
    "a name that is none": lambda path: Path(path, "999999999999999999").mkdir(),
    "a file in place of a directory": lambda path: (
        shutil.rmtree(Path(path, "000004")),
        Path(path, "000004").write_bytes(b""),
    ),
    "a FIFO": lambda path: replace(path, "000003/opens.parquet", os.mkfifo),
    "a device": lambda path: replace(path, "000003/opens.parquet", lambda file: file.symlink_to("/dev/zero")),
    "a FIFO of checksums": lambda path: replace(path, "000003/checksums.json", os.mkfifo),
    "a FIFO that says what it is": lambda path: replace(path, "recording.json", os.mkfifo),
    "a FIFO as a log": lambda path: (shutil.rmtree(Path(path, "000007")), os.mkfifo(Path(path, "000007.log"))),
    "a directory as a log": lambda path: Path(path, "000008.log").mkdir(),
    "a byte": lambda path: Path(path, "000003/opens.parquet").write_bytes(
        Path(path, "000003/opens.parquet").read_bytes().replace(b"/srv/1", b"/srv/2")
    ),
    "another's": lambda path: shutil.copytree(
        Path(record(Path(path).with_name("other"), EVENTS, each=True), "000003"),
        Path(path, "000003"),
        dirs_exist_ok=True,
    ),
}


def test_nothing_is_missing_of_a_whole_one(tmp_path):
    assert not told(record(tmp_path / "r", EVENTS, each=True))


@pytest.mark.parametrize("harm", HARMS)
def test_a_query_says_what_the_recording_says(tmp_path, harm):
    path = record(tmp_path / "r", EVENTS, each=True)
    HARMS[harm](path)
    assert told(path) == losses(path) != Counter()


@pytest.mark.parametrize("harm", ["a byte", "another's", "a FIFO", "a device"])
def test_what_is_not_whole_is_left_out(tmp_path, harm):
    path = record(tmp_path / "r", EVENTS, each=True)
    HARMS[harm](path)
    with asked(path) as ask:
        assert ask("SELECT path FROM opens ORDER BY seq") == [(f"/srv/{n}",) for n in range(6) if n != 1]


def test_a_byte_that_is_wrong_is_told(tmp_path):
    whole = record(tmp_path / "r", EVENTS * 9)
    right = {each.path for each in EVENTS if each.event == "open"}
    dice = random.Random(23)
    for number in range(15):
        path = shutil.copytree(whole, tmp_path / str(number))
        file = dice.choice(sorted((path / "000001").iterdir()))
        raw = bytearray(file.read_bytes())
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        file.write_bytes(raw)
        with asked(path) as ask:
            assert ask("SELECT reason FROM losses") == [("damaged",)]
            assert {each for (each,) in ask("SELECT path FROM opens")} <= right


def test_the_time_of_a_loss_where_there_are_no_events(tmp_path):
    path = record(tmp_path / "r", [], finish=False, said={"start": "2026-01-31T12:00:09.123456Z"})
    with asked(path) as ask:
        assert ask("SELECT CAST(time AS VARCHAR), reason FROM losses") == [("2026-01-31 12:00:09.123456", "damaged")]


def test_the_end_of_one_that_is_being_written(tmp_path, monkeypatch):
    path = record(tmp_path / "r", EVENTS, sealed=False, finish=False)
    monkeypatch.setattr("onlooker.recordings.recording._is_locked", lambda path: True)
    log = Path(path, "000001.log")
    os.truncate(log, log.stat().st_size - 3)
    assert told(path) == losses(path) == Counter()
    Path(path, "000002.log").write_bytes(b"onl")
    assert told(path) == losses(path) == Counter({("unknown", "damaged"): 1})


def test_which_file_is_not_whole_is_said(tmp_path):
    path = record(tmp_path / "r", EVENTS, each=True)
    for harm in ("the last segment is gone", "a byte", "a file in place of a directory", "a FIFO of checksums"):
        HARMS[harm](path)
    Path(path, "000002/opens.parquet").unlink()
    Path(path, "000008.log").write_bytes(b"x")
    with Database([path]) as database:
        assert database.notes == [
            f"'{path}/000007.log': it is not there",
            f"'{path}/000002': no file of it says what it has",
            f"'{path}/000003/checksums.json': no checksums",
            f"'{path}/000004.log': it is not there",
            f"'{path}/000008.log' is no recording",
        ]
    path = record(tmp_path / "s", EVENTS, each=True)
    HARMS["a byte"](path)
    HARMS["one more was recorded"](path)
    with Database([path]) as database:
        assert database.notes == [f"'{path}/000003/opens.parquet': it can't be read, or its checksum is another"]
    path = record(tmp_path / "t", EVENTS, each=True)
    HARMS["one more was recorded"](path)
    with Database([path]) as database:
        assert database.notes == [f"'{path}': 8 events were recorded, and 7 are there"]
