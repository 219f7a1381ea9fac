"""`onlooker export`: files, standard output, secrets, and what is said of what is missing."""

import os
import stat
import sys

import pytest
from msgspec import json

from onlooker.cli import newfile
from onlooker.cli import progress as module
from onlooker.cli.log import Log
from onlooker.exports import FORMATS

from ..recordings.lives import execute
from .recorded import record, told

SECRET = [execute(1, 7, 1, "curl", "--password", "hunter2", "corp-1234")]
duckdb = pytest.importorskip("duckdb")


def about(path, form):
    """What a file says of the recording."""
    if form == "parquet":
        [(said,)] = duckdb.sql(f"select value from parquet_kv_metadata('{path}') where key = 'onlooker'").fetchall()
        return json.decode(said)
    found = json.decode(path.read_bytes())
    if form == "trace":
        return found["otherData"]
    if form == "in-toto":
        return found["predicate"]["onlooker"]
    return {each["name"].removeprefix("onlooker:"): each["value"] for each in found["metadata"]["properties"]}


@pytest.mark.parametrize("form", FORMATS)
def test_a_file(capfd, tmp_path, form):
    out = tmp_path / "out"
    code, lines, err = told(capfd, "export", record(tmp_path / "r"), "--format", form, "-o", str(out))
    assert (code, lines) == (0, [])
    assert err == f"onlooker: wrote {out.stat().st_size} bytes: {out}\nonlooker: complete\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert {each.name for each in tmp_path.iterdir()} == {"r", "out"}
    if form != "json":
        assert about(out, form)["verdict"] == "complete"


@pytest.mark.parametrize("form", [each for each in FORMATS if each != "parquet"])
@pytest.mark.parametrize("words", [(), ("-o", "-")])
def test_standard_output(capfd, tmp_path, form, words):
    code, lines, err = told(capfd, "export", record(tmp_path / "r"), "--format", form, *words)
    assert (code, err) == (0, "onlooker: complete\n")
    assert lines and all(json.decode(line) for line in lines if form == "json")


def test_json_is_what_replay_writes(capfd, tmp_path):
    path = record(tmp_path / "r")
    replayed = told(capfd, "replay", path, "--output-format", "json")[1]
    assert told(capfd, "export", path, "--format", "json")[1] == replayed


@pytest.mark.parametrize("form", FORMATS)
def test_secrets(capfd, tmp_path, form):
    path = record(tmp_path / "r", SECRET)
    for number, (words, shown) in enumerate(
        [
            ((), {"corp-1234"}),
            (("--redact-pattern", "corp-[0-9]+"), set()),
            (("--no-redact",), {"hunter2", "corp-1234"}),
        ]
    ):
        out = tmp_path / f"out{number}"
        assert told(capfd, "export", path, "--format", form, "-o", str(out), *words)[0] == 0
        text = out.read_bytes().decode("latin-1")
        if form == "parquet":
            text = str(duckdb.sql(f"select argv from read_parquet('{out}')").fetchall())
        if form != "cyclonedx":  # it has no arguments
            assert {each for each in ("hunter2", "corp-1234") if each in text} == shown
        if form != "json":
            assert ("named" in about(out, form).get("redacted", "")) == (words != ("--no-redact",))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("words", [[], ["-q"]])
def test_one_that_was_never_finished(capfd, tmp_path, form, words):
    out = tmp_path / "out"
    path = record(tmp_path / "r", last=False)
    code, _, err = told(capfd, "export", path, "--format", form, "-o", str(out), *words)
    assert code == 1
    assert err.splitlines()[-1].startswith("onlooker: incomplete: the recording is damaged or was never finished: ")
    if form != "json":
        assert about(out, form)["verdict"].startswith("incomplete: ")
        assert str(about(out, form)["complete"]).lower() == "false"


def test_losses(capfd, tmp_path):
    out = tmp_path / "out"
    path = record(tmp_path / "r", losses=[(7, "exec", "ring full")])
    code, _, err = told(capfd, "export", path, "--format", "trace", "-o", str(out))
    assert code == 1 and "incomplete: 7 events are missing" in err
    assert about(out, "trace")["lost"] == [{"of": "exec", "reason": "ring full", "count": 7}]


def test_events_that_were_not_recorded(capfd, tmp_path):
    out = tmp_path / "out"
    path = record(tmp_path / "r", settings={"events": ["exec"]})
    code, _, err = told(capfd, "export", path, "--format", "trace", "-o", str(out))
    assert code == 1 and "it was recorded with --events exec\n" in err
    assert "it was recorded with --events exec" in about(out, "trace")["notes"][0]


def test_a_file_that_is_there_is_kept(capfd, tmp_path):
    out, path = tmp_path / "out", record(tmp_path / "r")
    out.write_text("mine")
    code, _, err = told(capfd, "export", path, "--format", "json", "-o", str(out))
    assert code == 2 and "is there already\n\nhint: write over it: --force" in err and out.read_text() == "mine"
    link = tmp_path / "link"
    link.symlink_to("out")
    assert told(capfd, "export", path, "--format", "json", "-o", str(link), "--force")[0] == 0
    assert link.is_symlink() and json.decode(out.read_bytes().splitlines()[0])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_what_is_no_file_is_not_replaced(capfd, tmp_path, force):
    out = tmp_path / "fifo"
    os.mkfifo(out)
    code, _, err = told(capfd, "export", record(tmp_path / "r"), "--format", "json", "-o", str(out), *force)
    assert code == 2 and err.startswith(f"onlooker: {str(out)!r} is there, and no file") and out.is_fifo()


def test_one_that_somebody_makes_meanwhile_is_kept(capfd, tmp_path, monkeypatch):
    out, path = tmp_path / "out", record(tmp_path / "r")
    made = newfile._take_its_name

    def late(*names, **how):
        out.write_text("mine")
        made(*names, **how)

    monkeypatch.setattr(newfile, "_take_its_name", late)
    code, _, err = told(capfd, "export", path, "--format", "json", "-o", str(out))
    assert code == 2 and "is there already" in err and out.read_text() == "mine"
    assert {each.name for each in tmp_path.iterdir()} == {"r", "out"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("form", FORMATS)
def test_what_is_not_finished_goes(capfd, tmp_path, monkeypatch, form, error):
    path = record(tmp_path / "r")

    def fail(*words):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    assert told(capfd, "export", path, "--format", form, "-o", str(tmp_path / "out"))[0] in (1, 130)
    assert {each.name for each in tmp_path.iterdir()} == {"r"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no format is given"),
        (["--format", "traec"], "unknown format 'traec'"),
        (["--format", "parquet"], "parquet needs a file"),
        (["--format", "parquet", "-o", "-"], "parquet needs a file"),
        (["--format", "trace", "-o", ""], "no file is given to -o"),
        (["--format", "trace", "-o", "/none/x"], "cannot write the output: there is no directory '/none'"),
        (["--format", "trace", "-o", "/tmp/\0"], "cannot write the output: '/tmp/\\x00': embedded null byte"),
        (["--format", "trace", "--redact-pattern", "("], "not a regular expression: '('"),
        (["--format", "trace", "--no-redact", "--redact-pattern", "x"], "--no-redact and --redact-pattern contradict"),
    ],
)
def test_mistakes(capfd, tmp_path, words, message):
    code, lines, err = told(capfd, "export", record(tmp_path / "r"), *words)
    assert code in (1, 2) and lines == [] and err.startswith(f"onlooker: {message}") and "\n\nhint: " in err


def test_parquet_without_duckdb(capfd, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    code, _, err = told(capfd, "export", record(tmp_path / "r"), "--format", "parquet", "-o", str(tmp_path / "out"))
    assert code == 3 and "--format parquet needs DuckDB, which is not installed" in err
    assert not (tmp_path / "out").exists()


def test_parquet_has_all_events(capfd, tmp_path):
    out = tmp_path / "a'b.parquet"
    told(capfd, "export", record(tmp_path / "r"), "--format", "parquet", "-o", str(out))
    rows = duckdb.read_parquet(str(out)).aggregate("event, count(*)").fetchall()
    assert dict(rows) == {"fork": 10, "exec": 11, "exit": 11}


def test_progress_on_a_terminal(monkeypatch, tmp_path):
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master, "rb", buffering=0) as shown:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
        progress = module.Progress(Log("warning"))
        progress("7 events")
        progress.end()
        progress.end()
        seen = b""
        while not seen.endswith(b"...\r\x1b[K"):
            seen += shown.read(100)
        assert seen == b"\r\x1b[Konlooker: 7 events ...\r\x1b[K"
