"""`onlooker show FILE`: what a recording is."""

import os

from msgspec import json

from onlooker.answers.page import Page
from onlooker.cli.facts import Facts
from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.writer import RecordingWriter

from .recorded import record, told


def rows(lines):
    """The names and what they are, without the first line."""
    return {line[2:13].strip(): line[13:] for line in lines[1:]}


def test_it_says_what_was_recorded(capfd, tmp_path):
    settings = {"events": ["exec", "exit"], "comm": ["a b"], "failed": True, "path": ["/etc", "/usr"], "resolve": True}
    path = record(tmp_path / "r", settings=settings, directory="/srv")
    code, lines, err = told(capfd, "show", path)
    assert (code, lines[0]) == (0, f"{path}  sh build.sh")
    only = f"onlooker: warning: {path!r} has only"
    assert err.splitlines() == [
        f"{only} exec, exit: it was recorded with --events exec,exit",
        f"{only} a part of what happened: it was recorded with --filter, --path, --failed",
        "onlooker: complete",
    ]
    said = rows(lines)
    assert said["options"] == "--events exec,exit --filter 'a b' --failed --path /etc --path /usr"
    assert (said["in"], said["exit code"], said["state"]) == ("/srv", "0", "finished")
    assert said["recorded"].endswith(" UTC, for 0.000 s") and said["by"].startswith("onlooker ")
    assert said["on"] == f"{os.uname().nodename}, Linux {os.uname().release}, {os.uname().machine}"
    assert said["size"].endswith(" kB, 1 segment, a log")
    assert said["events"].endswith(" exit") and ": " in said["events"] and "redacted" not in said


def test_json(capfd, tmp_path):
    code, [line], _ = told(capfd, "show", record(tmp_path / "r"), "--output-format", "json")
    row = json.decode(line)
    assert (code, row["what"], row["state"], row["complete"], row["verdict"]) == (
        0,
        "recording",
        "finished",
        True,
        "complete",
    )
    assert row["command"] == ["sh", "build.sh"] and row["segments"] == 1 and row["sealed"] == 0 and row["lost"] == []
    assert row["settings"] == {"events": ["all"]} and row["bytes"] > 0
    assert row["events"] == Manifest.read(tmp_path / "r").end.events


def test_one_that_is_not_complete(capfd, tmp_path):
    code, lines, err = told(capfd, "show", record(tmp_path / "r", last=False))
    assert code == 1 and "\nonlooker: incomplete: the recording is damaged or was never finished: " in err
    assert rows(lines)["state"] == "never finished: its recorder was killed, or the machine stopped"
    path = record(tmp_path / "s", losses=[(7, "open", "ring full")])
    code, [line], err = told(capfd, "show", path, "--output-format", "json")
    row = json.decode(line)
    assert code == 1 and "7 events are missing" in err and not row["complete"]
    assert row["lost"] == [{"of": "open", "reason": "ring full", "count": 7}]


def ended(path, **end):
    """With another end than the one that it has."""
    place = path / "recording.json"
    said = json.decode(place.read_bytes())
    place.write_bytes(json.encode({**said, "end": {**said["end"], **end}}))


def test_one_that_broke_off(capfd, tmp_path):
    path = record(tmp_path / "r")
    full = "incomplete: 7 events were seen and not written (the disk is full)"
    ended(tmp_path / "r", unwritten=7, complete=False, verdict=full, exit_code=None)
    code, lines, err = told(capfd, "show", path)
    assert code == 1 and "the recording broke off" in err
    assert rows(lines)["state"] == "broke off: the disk was full"
    assert rows(lines)["exit code"] == "unknown: the recording ended before the command"
    [line] = told(capfd, "show", path, "--output-format", "json")[1]
    assert json.decode(line)["state"] == "broke off"
    ended(tmp_path / "r", verdict="incomplete: 7 events were seen and not written")
    assert rows(told(capfd, "show", path)[1])["state"] == "broke off: not all could be written"


def test_options_of_the_recorder(capfd, tmp_path):
    path = record(tmp_path / "r", settings={"events": ["all"], "resolve": True, "max_size": "1M", "redact": True})
    assert rows(told(capfd, "show", path)[1])["options"] == "--max-size 1M --redact"
    path = record(tmp_path / "s", settings={"events": ["all"], "resolve": True})
    assert rows(told(capfd, "show", path)[1])["options"] == "none: all events"
    place = tmp_path / "s" / "recording.json"
    place.write_bytes(json.encode({**json.decode(place.read_bytes()), "redacted": ["url"], "rotated": 1}))
    assert rows(told(capfd, "show", path)[1])["options"] == "--redact"


def test_one_that_is_still_written(capfd, tmp_path):
    writer = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    code, lines, err = told(capfd, "show", str(tmp_path / "r"))
    writer.close()
    assert code == 0 and "is still being written; this is all until now\n" in err
    assert lines[0].endswith("  the whole machine") and rows(lines)["state"] == "still being written"


def test_what_has_no_description(capfd, tmp_path):
    path = record(tmp_path / "r")
    (tmp_path / "r" / "recording.json").unlink()
    for name in (path, f"{path}/000001.log"):
        code, lines, _ = told(capfd, "show", name)
        assert (code, lines[0]) == (1, f"{name}  ?")
        said = rows(lines)
        assert said["state"] == "unknown: its recording.json is missing or unreadable"
        assert said["size"].endswith(" kB, 1 segment, a log") and not said["events"].startswith("0")


def test_it_wraps_in_a_terminal(tmp_path):
    recording = Recording(record(tmp_path / "r"))
    asked = Facts(recording)
    for batch in recording.batches():
        asked.take(batch)
    lines = list(asked.lines(Page(40, 20)))
    assert max(map(len, lines)) <= 40 and any(line.startswith(" " * 13) for line in lines)


def test_a_process_may_stand_behind_options(capfd, tmp_path):
    path = record(tmp_path / "r")
    assert told(capfd, "show", path, "-q", "203") == told(capfd, "show", path, "203", "-q")
