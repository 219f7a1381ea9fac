"""`onlooker verify`."""

import io
import sys

import pytest
from msgspec import json
from msgspec.structs import replace

from onlooker.recordings.manifest import Manifest
from onlooker.recordings.redact import RULES

from ..recordings.lives import execute
from .recorded import record, told

LINES = "\n".join(f"gcc -c src/f{number}.c" for number in range(5))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.write_text(LINES)
    return str(path)


def test_the_same(capfd, tmp_path, log):
    code, lines, err = told(capfd, "verify", record(tmp_path / "r"), "--against", log)
    assert (code, err) == (0, "onlooker: complete\n")
    assert lines == ["5 commands in the log, 5 ran, 0 did not; 11 executions, 0 not in the log"]


def test_a_difference(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.replace("f3.c", "f9.c").encode())))
    code, lines, err = told(capfd, "verify", record(tmp_path / "r"), "--against", "-", "--output-format", "json")
    assert (code, err) == (1, "onlooker: complete\n")
    rows = [json.decode(line) for line in lines]
    assert [(row["kind"], row.get("top")) for row in rows] == [
        ("not_in_log", True),
        ("not_in_log", False),
        ("did_not_run", None),
        ("sum", None),
    ]


def test_times_are_those_of_tree(capfd, tmp_path, log):
    path = record(tmp_path / "r")
    (tmp_path / "log").write_text(LINES.replace("f3.c", "f9.c"))
    [row] = [line for line in told(capfd, "verify", path, "--against", log)[1] if "src/f3.c" in line]
    [other] = [line for line in told(capfd, "tree", path, "--all")[1] if "gcc -c src/f3.c" in line]
    assert (row.split()[0], other.split()[0]) == ("4.010", "4.000")  # executed 10 ms after it started


def test_json_lines(capfd, tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join(f'{{"input":{{"command":"{line}"}}}}' for line in LINES.split("\n")))
    path = record(tmp_path / "r")
    assert told(capfd, "verify", path, "--against", str(log), "--field", "command")[0] == 0
    code, _, err = told(capfd, "verify", path, "--against", str(log))
    assert code == 2 and "the log has no field command, cmd or argv" in err and "the log has input.command" in err


def test_one_that_was_never_finished(capfd, tmp_path, log):
    code, _, err = told(capfd, "verify", record(tmp_path / "r", last=False), "--against", log)
    assert code == 1 and "was never finished: its recorder was killed" in err and "\nonlooker: incomplete: " in err


def test_secrets_that_the_recording_does_not_have(capfd, tmp_path):
    log = tmp_path / "log"
    log.write_text("curl https://me:hunter2@host/")
    events = [execute(1, 7, 1, "curl", "https://me:***@host/")]
    path = record(tmp_path / "r", events)
    made = Manifest.read(tmp_path / "r")
    replace(made, redacted=("url",)).write(tmp_path / "r")
    assert told(capfd, "verify", path, "--against", str(log))[0] == 0


def test_what_a_pattern_took_out(capfd, tmp_path, log):
    (tmp_path / "log").write_text("deploy corp-12345678")
    path = record(tmp_path / "r", [execute(1, 7, 1, "deploy", "***")])
    made = Manifest.read(tmp_path / "r")
    replace(made, redacted=(*RULES, "pattern 1")).write(tmp_path / "r")
    words = ["verify", path, "--against", log]
    code, _, err = told(capfd, *words)
    assert code == 1 and "warning: it was recorded with 1 --redact-pattern, which verify must be given, too\n" in err
    assert told(capfd, *words, "--redact-pattern", "corp-[0-9]+")[::2] == (0, "onlooker: complete\n")
    replace(made, redacted=()).write(tmp_path / "r")
    code, _, err = told(capfd, *words, "--redact-pattern", "corp-[0-9]+")
    assert code == 1 and "warning: nothing was taken out of the recording, so nothing is taken out of the log\n" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no log is given"),
        (["--against", ""], "no log is given"),
        (["--against", "/none"], "cannot read the log '/none': No such file or directory"),
        (["--against", "/"], "cannot read the log '/': Is a directory"),
        (["--against", "LOG", "--field", ""], "no field is named"),
    ],
)
def test_mistakes(capfd, tmp_path, log, words, message):
    path = record(tmp_path / "r")
    code, lines, err = told(capfd, "verify", path, *(log if word == "LOG" else word for word in words))
    assert (code, lines) == (2, []) and err.startswith(f"onlooker: {message}\n\nhint: ")
