"""`onlooker replay`, and `onlooker check`, of recordings made by hand."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from onlooker import Batch
from onlooker.cli.main import main
from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.writer import RecordingWriter
from onlooker.testing import make

from ..recordings.made import recording
from .recorded import record

EVENTS = [
    make("exec", comm="sh", path="/bin/sh", argv=("sh", "-c", "true")),
    make("open", comm="sh", path="/etc/passwd"),
    make("open", comm="sh", path="/etc/shadow", errno="EACCES"),
    make("stat", comm="sh", path="/srv/100%\n"),
    make("exit", comm="sh", exit_code=0),
]


@pytest.fixture
def file(tmp_path):
    return recording(tmp_path / "r.onlook", EVENTS)


def run(capfd, *arguments):
    code = main([*arguments])
    return code, *capfd.readouterr()


def test_it_shows_all_that_was_recorded(file, capfd):
    code, out, err = run(capfd, "replay", file)
    assert code == 0
    assert out.splitlines() == [str(event) for event in EVENTS]
    assert "5 events" in err and err.endswith("onlooker: complete\n")


@pytest.fixture
def interrupted(monkeypatch):
    """A Ctrl-C comes when the first events were read, and there are more."""

    def batches(self, *, context=False):
        for number, event in enumerate(EVENTS):
            if number == 2:
                signal.raise_signal(signal.SIGINT)
            yield from Batch.of([event])

    monkeypatch.setattr(Recording, "batches", batches)


def test_what_is_interrupted_is_complete_until_then(file, interrupted, capfd, tmp_path):
    code, out, err = run(capfd, "replay", file, "-o", str(tmp_path / "out"))
    assert (code, out) == (130, "")
    assert len((tmp_path / "out").read_text().splitlines()) == 2
    assert err.endswith("onlooker: lost: nothing\nonlooker: complete until it was interrupted\n")
    assert run(capfd, "replay", file, "-q")[::2] == (130, "")


def test_a_check_that_is_interrupted_proves_nothing(file, interrupted, capfd):
    for expression, said in (("pid == 1", "nothing matches"), ("pid > 1", "2 events match")):
        code, _, err = run(capfd, "check", file, "--fail-on", expression)
        assert code == 130
        assert err.splitlines() == [
            f"onlooker: {said} in what was read; that proves nothing of the rest",
            "onlooker: complete until it was interrupted",
        ]


@pytest.mark.parametrize("words", ["tree R", "show R", "files R", "diff R R", "verify R --against /dev/null"])
def test_an_answer_that_is_interrupted_is_none(file, interrupted, capfd, words):
    assert run(capfd, *words.replace("R", file).split()) == (130, "", "")


@pytest.mark.parametrize("words", ["report R", "export R --format trace", "export R --format json"])
def test_a_file_that_is_interrupted_is_none(file, interrupted, capfd, tmp_path, words):
    code, out, err = run(capfd, *words.replace("R", file).split(), "-o", str(tmp_path / "out"))
    assert (code, out) == (130, "") and "complete" not in err
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_not_written_is_no_loss_of_the_recording(file, monkeypatch, capfd):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code, _, err = run(capfd, "replay", file)
    assert code == 1
    assert err.splitlines()[:4] == [
        "onlooker: 0 events in 0.0 s",
        "onlooker: lost: nothing",
        "onlooker: incomplete: the output was not written completely (the disk is full)",
        "onlooker: cannot write the output: No space left on device",
    ]


def test_the_filters_of_watch_are_the_same(file, capfd):
    assert len(run(capfd, "replay", file, "--failed")[1].splitlines()) == 1
    assert len(run(capfd, "replay", file, "--events", "open,exec")[1].splitlines()) == 3
    assert len(run(capfd, "replay", file, "--path", "/etc")[1].splitlines()) == 2
    assert len(run(capfd, "replay", file, "--count", "2")[1].splitlines()) == 2
    assert run(capfd, "replay", file, "--filter", "nobody")[1] == ""
    [line] = run(capfd, "replay", file, "--where", "errno exists", "--output-format", "json")[1].splitlines()
    assert json.loads(line)["path"] == "/etc/shadow"


def test_one_that_is_not_complete_says_so(tmp_path, capfd):
    code, out, err = run(capfd, "replay", recording(tmp_path / "r", EVENTS, is_finished=False))
    assert code == 1
    assert len(out.splitlines()) == len(EVENTS) + 1
    assert "the recording is damaged or was never finished" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay"], "the following arguments are required: FILE"),
        (["replay", "no"], "there is no recording 'no'"),
        (["replay", "{}", "--speed", "0"], "not a speed: '0'"),
        (["replay", "{}", "--speed", ""], "not a speed: ''"),
        (["replay", "{}", "--speed", "9" * 400], "not a speed: '999"),
        (["tree", "{}", "--min", "9" * 400], "not a duration: '999"),
        (["replay", "{}", "--where", "erno == 1"], "unknown field 'erno'"),
        (["replay", "{}", "--cgroup", "/"], "unknown option '--cgroup'"),
        (["check", "{}"], "no expression is given"),
        (["check", "{}", "--fail-on", "x"], "what should x be?"),
        (["check", "{}", "--fail-on", "pid == 1", "--output-format", "gitlab"], "unknown output format 'gitlab'"),
        (["record", "--fail-on", "x", "--", "true"], "what should x be?"),
        (["record", "--max-size", "1", "--", "true"], "too small a size: '1'"),
        (["record", "-o", "-", "--", "true"], "a recording is a directory"),
        (["record", "-o", "{}", "--", "true"], "is there already"),
    ],
)
def test_mistakes_are_told_in_one_line(file, capfd, arguments, said):
    code, out, err = run(capfd, *(word.format(file) for word in arguments))
    assert code in (1, 2) and out == ""
    assert err.startswith("onlooker: ") and said in err.splitlines()[0]


def test_the_recording_that_was_meant_is_named(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    recording(tmp_path / "fail.onlook", EVENTS)
    (tmp_path / "fall.onlook").mkdir()  # no recording
    for words in (["replay"], ["tree"], ["query"]):
        for name in ("fail", "fial", "fail1.onlook"):
            code, _, err = run(capfd, *words, name)
            assert code == 2
            assert err == f"onlooker: there is no recording {name!r}\n\nhint: did you mean 'fail.onlook'?\n"
    assert "did you mean" not in run(capfd, "replay", "other")[2]
    assert f"did you mean '{tmp_path}/fail.onlook'?" in run(capfd, "replay", str(tmp_path / "fail"))[2]


def test_nothing_matches(file, capfd):
    code, out, err = run(capfd, "check", file, "--fail-on", "comm == 'curl'")
    assert (code, out) == (0, "")
    assert err.splitlines() == ["onlooker: nothing matches", "onlooker: complete"]


def test_what_matches_is_shown(file, capfd):
    code, out, err = run(capfd, "check", file, "--fail-on", "errno exists", "--fail-on", "event == 'exec'")
    assert code == 1
    assert out.splitlines() == [str(EVENTS[0]), str(EVENTS[2])]
    assert err.splitlines()[0] == "onlooker: 2 events match"


def test_an_incomplete_recording_proves_nothing(tmp_path, capfd):
    file = recording(tmp_path / "r", EVENTS, is_finished=False)
    assert run(capfd, "check", file, "--fail-on", "comm == 'curl'")[0] == 1


def test_a_loss_is_not_of_the_process_that_reads(tmp_path, capfd):
    lost = make("lost", of="open", reason="ring full", count=3)
    file = recording(tmp_path / "r", [*EVENTS, lost])
    for words in ([], ["--names"]):
        _, out, _ = run(capfd, "replay", file, "--events", "exec", *words)
        assert "Process onlooker lost events: 3 open (ring full)" in out
    assert f"(PID:{os.getpid()})" in str(lost)


def test_a_loss_of_a_recording_without_events_has_the_time_of_its_start(tmp_path, capfd):
    file = recording(tmp_path / "r", EVENTS)
    (tmp_path / "r" / "000001.log").write_bytes(b"")
    start = json.loads((tmp_path / "r" / "recording.json").read_text())["start"]
    _, out, err = run(capfd, "replay", file, "--output-format", "json")
    assert json.loads(out)["time"] == f"{start[:-1]}000Z"
    assert f"warning: '{file}/000001.log' is empty\n" in err


def test_annotations_are_as_github_reads_them(file, capfd):
    _, out, _ = run(capfd, "check", file, "--fail-on", "event == 'stat'", "--output-format", "github")
    [line] = out.splitlines()
    assert line.startswith("::error title=onlooker --fail-on::[")
    assert "/srv/100%25\\n" in line


def recorded(path, settings, events=EVENTS) -> str:
    """With these settings."""
    file = recording(path, events)
    described = json.loads((path / "recording.json").read_text())
    (path / "recording.json").write_text(json.dumps({**described, "settings": settings}))
    return file


@pytest.mark.parametrize(
    ("settings", "expression", "code", "said"),
    [
        ({"events": ["exec"]}, "file under '/srv/none'", 1, "recorded with --events exec"),
        ({"events": ["exec"]}, "event == 'open' and comm == 'x'", 1, "has no open"),
        ({"events": ["exec"]}, "event == 'exec' and comm == 'x'", 0, None),
        ({"events": ["all"]}, "comm == 'x'", 0, None),
        ({"events": ["all"], "path": ["/etc"]}, "comm == 'x'", 1, "recorded with --path"),
        ({"events": ["all"], "comm": ["cc"]}, "comm == 'x'", 1, "recorded with --filter"),
        ({"events": ["all"], "failed": True}, "comm == 'x'", 1, "recorded with --failed"),
        ({"events": ["all"], "rate": 100}, "comm == 'x'", 0, "recorded with --rate"),
    ],
)
def test_what_was_not_recorded_proves_nothing(tmp_path, capfd, settings, expression, code, said):
    file = recorded(tmp_path / "r", settings)
    found, out, err = run(capfd, "check", file, "--fail-on", expression)
    assert (found, out) == (code, "")
    assert said is None or said in err
    assert ("nothing matches in what was recorded; that proves nothing of the rest" in err) == bool(code)
    _, _, quiet = run(capfd, "check", file, "-q", "--fail-on", expression)
    last = "onlooker: incomplete: only a part of what happened was recorded" if code else "onlooker: complete"
    assert (err.splitlines()[-1], quiet) == (last, f"{last}\n" if code else "")


@pytest.mark.parametrize("reason", ["rate", "rotated", "ring full"])
def test_what_was_left_out_proves_nothing(tmp_path, capfd, reason):
    file = recording(tmp_path / "r", [*EVENTS, make("lost", of="unknown", reason=reason, count=3)])
    code, _, err = run(capfd, "check", file, "--fail-on", "comm == 'x'")
    assert (code, "proves nothing of the rest" in err) == (1, True)


def test_what_is_still_being_written_proves_nothing(tmp_path, capfd):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    made.write(Batch.of(EVENTS)[0])
    code, _, err = run(capfd, "check", str(tmp_path / "r"), "--fail-on", "comm == 'x'")
    made.close()
    assert code == 1
    assert "still being written" in err and "proves nothing of the rest" in err


def test_what_was_not_recorded(tmp_path, capfd):
    file = record(tmp_path / "r", [EVENTS[0], EVENTS[4]], settings={"events": ["exec", "exit"]})
    code, out, err = run(capfd, "replay", file, "--events", "open")
    assert (code, out) == (1, "") and "has no open: it was recorded with --events exec,exit\n" in err
    assert err.endswith("onlooker: incomplete: no open events were recorded\n")
    code, out, err = run(capfd, "replay", file)
    assert code == 0 and len(out.splitlines()) == 2
    assert "warning: 'r' has only exec, exit: it was".replace("'r'", repr(file)) in err and err.endswith(": complete\n")
    code, _, err = run(capfd, "replay", file, "--events", "exec")
    assert code == 0 and "warning" not in err


def test_a_part_is_said_to_be_one(tmp_path, capfd):
    file = record(tmp_path / "r", EVENTS, settings={"events": ["all"], "comm": ["sh"]})
    said = "has only a part of what happened: it was recorded with --filter\n"
    for words in (["replay", file], ["show", file]):
        code, _, err = run(capfd, *words)
        assert code == 0 and said in err
