"""The command that writes a recording as a page."""

import os
import pty
import re

import pytest

from onlooker.cli import progress
from onlooker.cli.main import main
from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.writer import RecordingWriter

from ..recordings.lives import build, execute
from ..report.surveyed import data_of
from .recorded import record, told


def made(capfd, path, *words):
    """`(exit code, the page, standard error)`."""
    target = path.with_name("out.html")
    code, lines, err = told(capfd, "report", str(path), "-o", str(target), *words)
    assert lines == []
    return code, target.read_text(), err


def test_the_page(capfd, tmp_path):
    record(tmp_path / "r")
    code, html, err = made(capfd, tmp_path / "r")
    assert code == 0 and err == f"onlooker: wrote {len(html.encode())} bytes: {tmp_path}/out.html\nonlooker: complete\n"
    assert "<title>sh build.sh</title>" in html and "Complete: nothing is missing" in html
    assert len(data_of(html)["processes"]["pid"]) == 11
    assert (tmp_path / "out.html").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.html", "r"]


def test_a_title(capfd, tmp_path):
    record(tmp_path / "r")
    _, html, _ = made(capfd, tmp_path / "r", "--title", "<night>")
    assert "<title>&lt;night&gt;</title>" in html and "<dt>command</dt><dd>sh build.sh</dd>" in html


def test_no_file_is_written_over(capfd, tmp_path):
    record(tmp_path / "r")
    (tmp_path / "out.html").write_text("mine")
    code, html, err = made(capfd, tmp_path / "r")
    assert (code, html) == (2, "mine") and "is there already\n\nhint: write over it: --force" in err
    code, html, _ = made(capfd, tmp_path / "r", "--force", "-q")
    assert code == 0 and html.startswith("<!doctype html>")


INCOMPLETE = [
    ({"last": False}, "incomplete: the recording is damaged or was never finished"),
    ({"losses": [(7, "open", "ring full")]}, "incomplete: 7 events are missing"),
]


@pytest.mark.parametrize(("how", "said"), INCOMPLETE)
@pytest.mark.parametrize("words", [[], ["-q"]])
def test_one_that_is_not_complete(capfd, tmp_path, how, said, words):
    record(tmp_path / "r", **how)
    code, html, err = made(capfd, tmp_path / "r", *words)
    assert code == 1 and said in err and f"<strong>{said.capitalize()}" in html and 'class="incomplete"' in html


def test_one_without_processes(capfd, tmp_path):
    record(tmp_path / "r", settings={"events": ["open"]})
    code, html, err = made(capfd, tmp_path / "r")
    assert code == 1 and "it was recorded with --events open" in err
    assert "<strong>Incomplete: no fork, exec, exit events were recorded." in html and "with --events open</p>" in html


def test_one_of_a_part(capfd, tmp_path):
    record(tmp_path / "r", settings={"events": ["all"], "failed": True})
    code, html, _ = made(capfd, tmp_path / "r")
    assert code == 0 and 'class="narrowed"' in html and "it was recorded with --failed</p>" in html


def test_one_that_is_still_written(capfd, tmp_path):
    writer = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    try:
        code, html, err = made(capfd, tmp_path / "r", "-q")
    finally:
        writer.close()
    assert (code, err) == (1, "onlooker: incomplete: the recording is still being written\n")
    assert (
        "<strong>Incomplete: the recording is still being written." in html and "<title>INCOMPLETE: r</title>" in html
    )


SECRET = [execute(10.001, 100, 10, "curl", "--password", "hunter2hunter2", "corp-12345678")]


def test_secrets(capfd, tmp_path):
    record(tmp_path / "r", SECRET)
    _, html, _ = made(capfd, tmp_path / "r")
    assert "hunter2" not in str(data_of(html)) and "*** stands for it" in html and "corp-1" in str(data_of(html))
    _, html, _ = made(capfd, tmp_path / "r", "--force", "--redact-pattern", "corp-[0-9]{8}")
    assert "corp-1" not in str(data_of(html))
    _, html, _ = made(capfd, tmp_path / "r", "--force", "--no-redact")
    assert "hunter2" in str(data_of(html)) and "this page may show passwords" in html


MISTAKES = [
    ([], "a report needs a file", "onlooker report R -o report.html"),
    (["-o", "-"], "a report needs a file", "onlooker report R -o report.html"),
    (["-o", "/"], "'/' is there, and no file", "-o FILE"),
    (["-o", "/none/x"], "cannot write the output: there is no directory '/none'", "mkdir -p /none"),
    (["-o", "x", "--no-redact", "--redact-pattern", "a"], "--no-redact and --redact-pattern contradict", "--no-redact"),
    (["-o", "x", "--redact-pattern", "("], "not a regular expression: '('", "--redact-pattern"),
    (["-o", "x", "--log-level", "loud"], "unknown log level 'loud'", "one of debug"),
]


@pytest.mark.parametrize(("words", "message", "hint"), MISTAKES)
def test_mistakes(capfd, tmp_path, monkeypatch, words, message, hint):
    record(tmp_path / "R")
    monkeypatch.chdir(tmp_path)
    code, _, err = told(capfd, "report", "R", *words)
    assert code in (1, 2) and f"onlooker: {message}" in err and hint in err.partition("\n\nhint: ")[2]
    assert [each.name for each in tmp_path.iterdir()] == ["R"]


def test_progress_is_for_a_terminal(monkeypatch, tmp_path):
    record(tmp_path / "r")
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0)
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "w") as terminal:
            monkeypatch.setattr("sys.stderr", terminal)
            assert main(["report", str(tmp_path / "r"), "-o", str(tmp_path / "out.html")]) == 0
        said = os.read(ours, 1 << 16)
    finally:
        os.close(ours)
    assert b"onlooker: read 32 events ..." in said and b"\r\x1b[K" in said


def test_what_was_not_recorded_is_no_zero(capfd, tmp_path):
    record(tmp_path / "r", settings={"events": ["fork", "exec", "exit"]})
    code, html, err = made(capfd, tmp_path / "r")
    assert code == 0 and "has only fork, exec, exit: it was recorded with --events fork,exec,exit\n" in err
    assert 'class="narrowed"' in html and "Complete: nothing is missing" not in html
    counts = dict(re.findall(r"<dt>(\w+)</dt><dd><a[^>]*>([^<]*)</a>", html))
    assert counts == {
        "processes": "11", "read": "at least 3", "written": "not recorded", "created": "not recorded",
        "removed": "not recorded", "missing": "at least 0",
    }  # fmt: skip
    assert re.findall(r"written <small>([^<]*)", html) == ["not recorded"]


def test_failures_without_ends(capfd, tmp_path):
    record(tmp_path / "r", [each for each in build() if each.event != "exit"], settings={"events": ["fork", "exec"]})
    code, html, _ = made(capfd, tmp_path / "r")
    assert code == 1 and "No failure was seen, but ends of 11 processes are not known." in html
    assert "Nothing failed." not in html
