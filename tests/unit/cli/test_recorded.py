"""The commands that ask a recording: what is said of it, and the exit code."""

import os
import re
from pathlib import Path

import pytest
from msgspec import json

from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.writer import RecordingWriter
from onlooker.testing import make

from ..recordings.lives import batches, build, event, execute
from .recorded import record, told

COMMANDS = {"tree": ("exec",), "show": ("exec", "chown"), "files": ("open", "stat")}
NEEDS_NOT = {"tree": "open"}
MORE = {"show": ("100",)}


@pytest.fixture(params=COMMANDS)
def command(request):
    return request.param


def ask(capfd, command, path, *words):
    return told(capfd, command, path, *MORE.get(command, ()), *words)


def test_the_answer_and_the_verdict(capfd, tmp_path, command):
    code, lines, err = ask(capfd, command, record(tmp_path / "r"))
    assert (code, err) == (0, "onlooker: complete\n") and lines
    code, lines, err = ask(capfd, command, str(tmp_path / "r"), "-q", "--output-format", "json")
    assert (code, err) == (0, "") and all(json.decode(line) for line in lines)
    code, lines, err = ask(capfd, command, str(tmp_path / "r"), "-q", "-o", str(tmp_path / "out"))
    assert (code, lines, err) == (0, [], "") and (tmp_path / "out").read_text()


@pytest.mark.parametrize("words", [[], ["-q"]])
def test_one_that_was_never_finished(capfd, tmp_path, command, words):
    code, lines, err = ask(capfd, command, record(tmp_path / "r", last=False), *words)
    assert code == 1 and lines
    *notes, verdict = err.splitlines()
    assert verdict.startswith("onlooker: incomplete: the recording is damaged or was never finished: ")
    assert len(notes) == (0 if words else 1) and all("its recorder was killed" in note for note in notes)


def test_one_that_is_still_written(capfd, tmp_path, command):
    writer = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    try:
        for batch in batches(*build()):
            writer.write(batch)
        code, _, err = ask(capfd, command, str(tmp_path / "r"))
    finally:
        writer.close()
    assert code == 0 and "is still being written; this is all until now\n" in err


def unwritten(path):
    """After a full disk."""
    description = Path(record(path)) / "recording.json"
    said = json.decode(description.read_bytes())
    said["end"] |= {"unwritten": 12, "complete": False}
    description.write_bytes(json.encode(said))
    return str(path)


def test_after_a_full_disk_the_rest_is_not_known(capfd, tmp_path, command):
    code, lines, err = ask(capfd, command, unwritten(tmp_path / "r"))
    assert code == 1 and lines
    assert err == (
        "onlooker: incomplete: the recording broke off, as on a full disk: 12 events were seen and not written, and "
        "nothing is known of what came later\n"
    )


def test_what_cannot_be_read_is_told_with_its_file(capfd, tmp_path, command):
    path = record(tmp_path / "r")
    log = tmp_path / "r" / "000001.log"
    size = log.stat().st_size
    os.truncate(log, size - 5)
    _, _, err = told(capfd, "tree", path)
    first, _ = err.splitlines()
    assert first.startswith(f"onlooker: warning: {str(log)!r}: its last ") and first.endswith("whose rest is missing")
    log.unlink()
    _, _, err = told(capfd, "tree", path)
    assert err.splitlines()[0] == f"onlooker: warning: {path!r}: 32 events were recorded, and 0 are there"


def test_losses_count_where_the_answer_needs_them(capfd, tmp_path, command):
    for name in COMMANDS[command]:
        code, _, err = ask(capfd, command, record(tmp_path / name, losses=[(7, name, "ring full")]))
        assert code == 1 and "incomplete: 7 events are missing" in err
    if command in NEEDS_NOT:
        code, _, err = ask(capfd, command, record(tmp_path / "other", losses=[(7, NEEDS_NOT[command], "ring full")]))
        assert (code, err) == (0, "onlooker: complete\n")
    code, _, err = ask(capfd, command, record(tmp_path / "rate", losses=[(7, "exec", "rate")]))
    assert code == 0 and "7 events were left out, over the --rate" in err


def test_events_that_were_not_recorded(capfd, tmp_path, command):
    code, _, err = ask(capfd, command, record(tmp_path / "r", settings={"events": ["bind"]}))
    assert code == 1 and "it was recorded with --events bind\n" in err
    assert re.fullmatch("onlooker: incomplete: no .*exec.* events were recorded", err.splitlines()[-1])
    assert ask(capfd, command, str(tmp_path / "r"), "-q")[2] == f"{err.splitlines()[-1]}\n"
    code, _, err = ask(capfd, command, record(tmp_path / "some", settings={"comm": ["sh"], "failed": True}))
    assert code == 0 and "only a part of what happened: it was recorded with --filter, --failed\n" in err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["-"], "a recording is a directory, not a stream", "build.onlook"),
        ([""], "a recording is a directory, not a stream", "build.onlook"),
        (["/none"], "there is no recording '/none'", "onlooker record -o FILE -- COMMAND"),
        (["/etc"], "'/etc' is no recording", "onlooker record -o FILE -- COMMAND"),
        (["R", "--output-format", "jsn"], "unknown output format of an answer 'jsn'", "did you mean 'json'?"),
        (["R", "-o", "/none/x"], "cannot write the output: there is no directory '/none'", "mkdir -p /none"),
    ],
)
def test_mistakes(capfd, tmp_path, command, words, message, hint):
    path = record(tmp_path / "r")
    code, lines, err = ask(capfd, command, *(path if word == "R" else word for word in words))
    assert code in (1, 2) and lines == []
    assert err.startswith(f"onlooker: {message}\n\nhint: ") and hint in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pid", "5"], "the recording has no process 5"),
        (["--pid", "x"], "not a process id: 'x'"),
        (["--depth", "0"], "not a depth: '0'"),
        (["--min", "long"], "not a duration: 'long'"),
    ],
)
def test_mistakes_of_tree(capfd, tmp_path, words, message):
    code, lines, err = told(capfd, "tree", record(tmp_path / "r"), *words)
    assert (code, lines) == (2, []) and err.startswith(f"onlooker: {message}\n\nhint: ")


def test_tree(capfd, tmp_path):
    path = record(tmp_path / "r")
    assert len(told(capfd, "tree", path)[1]) == 7
    assert len(told(capfd, "tree", path, "--all")[1]) == 13
    assert len(told(capfd, "tree", path, "--all", "--failed")[1]) == 4
    assert len(told(capfd, "tree", path, "--depth", "1")[1]) == 3
    assert len(told(capfd, "tree", path, "--pid", "200,201")[1]) == 4
    assert len(told(capfd, "tree", path, "--min", "900ms", "--all")[1]) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["5"], "the recording has no process '5'"),
        (["gc"], "the recording has no process 'gc'\n\nhint: it has gcc, cc1, sh"),
        (["/opt/sh"], "the recording has no process '/opt/sh'\n\nhint: it has /usr/bin/sh, /usr/bin/"),
        ([""], "no process is given"),
        (["99999999999999999999"], "not a process id: '99999999999999999999'"),
        (["100", "--index", "2"], "there are only 1 such processes"),
        (["100", "--index", "0"], "not a place: '0'"),
        (["100", "--start", "5"], "no process '100' started at 5"),
        (["100", "--start", "x"], "not a start: 'x'"),
    ],
)
def test_mistakes_of_show(capfd, tmp_path, words, message):
    code, lines, err = told(capfd, "show", record(tmp_path / "r"), *words)
    assert (code, lines) == (2, []) and err.startswith(f"onlooker: {message}") and "\n\nhint: " in err


def test_show_by_another_name_of_the_directory(capfd, tmp_path, monkeypatch):
    (tmp_path / "bin").symlink_to(tmp_path / "usr")
    (tmp_path / "usr").mkdir()
    path = record(tmp_path / "r", [execute(1, 7, 0.5, "make", path=f"{tmp_path}/usr/make", exe=f"{tmp_path}/usr/make")])
    assert told(capfd, "show", path, f"{tmp_path}/bin/make")[0] == 0
    described = json.decode((tmp_path / "r" / "recording.json").read_bytes())
    (tmp_path / "r" / "recording.json").write_bytes(json.encode({**described, "host": "elsewhere"}))
    assert told(capfd, "show", path, f"{tmp_path}/bin/make")[0] == 2


def test_show_of_what_may_be_missing(capfd, tmp_path):
    code, _, err = told(capfd, "show", record(tmp_path / "r", last=False), "5")
    assert code == 2 and "the recording has no process '5', but it is not complete\n" in err


def test_show(capfd, tmp_path):
    path = record(tmp_path / "r")
    for words in (["203"], ["gcc", "--index", "4"], ["gcc", "--start", "14000000000"]):
        code, lines, _ = told(capfd, "show", path, *words)
        assert code == 0 and lines[0] == "gcc (203)  gcc -c src/f3.c" and "  by      sh (100) < ? (99)" in lines
    code, lines, err = told(capfd, "show", path, "gcc")
    assert code == 2 and len(lines) == 6 and err.startswith("onlooker: 5 processes are called 'gcc'\n\nhint: ")


FILES = [
    event("open", 11, 100, 10, path="/srv/a.c", real_path="/srv/a.c", flags=("O_RDONLY",)),
    event("open", 12, 200, 11, path="/srv/b.c", real_path="/srv/b.c", flags=("O_RDONLY",), comm="cc"),
    event("open", 13, 200, 11, path="/srv/o", real_path="/srv/o", flags=("O_WRONLY", "O_CREAT"), created=True),
    event("open", 14, 100, 10, path="/srv/o", real_path="/srv/o", flags=("O_RDONLY",)),
]


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["--read"], ["/srv/a.c", "/srv/b.c", "/srv/o"]),
        (["--created", "--missing"], ["/srv/o"]),
        (["--read", "--under", "b.c"], ["/srv/b.c"]),
        (["--filter", "cc"], ["/srv/b.c"]),
        (["--pid", "100"], ["/srv/a.c", "/srv/o"]),
        (["--where", "file endswith '.c'"], ["/srv/a.c", "/srv/b.c"]),
    ],
)
def test_files(capfd, tmp_path, words, files):
    path = record(tmp_path / "r", FILES, directory="/srv")
    code, lines, err = told(capfd, "files", path, "--output-format", "json", *words)
    assert (code, [json.decode(line)["file"] for line in lines], err) == (0, files, "onlooker: complete\n")


def test_a_directory_that_has_nothing_is_named(capfd, tmp_path):
    path = record(tmp_path / "r", FILES, directory="/srv")
    code, _, err = told(capfd, "files", path, "--read", "--under", "none/x", "--under", "b.c")
    said = "onlooker: warning: --under: nothing of what was asked for is at or below '/srv/none/x'\n"
    assert (code, err) == (0, f"{said}onlooker: complete\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/srv", "'/srv' is a directory, and matches nothing below it: write '/srv/'"),
        (
            "/srv/a.c  # one",
            "'/srv/a.c  # one' matches nothing: write '/srv/a.c', and the comment on a line of its own",
        ),
        ("*.c # all", "'*.c # all' matches nothing: write '*.c', and the comment on a line of its own"),
        ("/srv/ # all", "'/srv/ # all' matches nothing: write '/srv/', and the comment on a line of its own"),
        ("/srv/d # of that name", None),
        ("/srv/none", None),
        ("/srv/", None),
    ],
)
def test_a_line_that_matches_nothing_by_mistake(capfd, tmp_path, line, said):
    odd = make("open", pid=2, start_ns=20, boot_ns=70, path="d", real_path="/srv/d # of that name")
    path = record(tmp_path / "r", [*FILES, odd], directory="/srv")
    (tmp_path / "list").write_text(f"{line}\n/srv/b.c\n")
    code, _, err = told(capfd, "files", path, "--undeclared-by", str(tmp_path / "list"))
    assert code == (0 if line == "/srv/" else 1)
    assert [each for each in err.splitlines() if "warning" in each] == ([f"onlooker: warning: {said}"] if said else [])


@pytest.mark.parametrize(
    ("declared", "words", "files"),
    [
        ("a.c\nb.c\n", [], []),
        ("# no a.c\n/srv/b.c", [], ["/srv/a.c"]),
        ("", [], ["/srv/a.c", "/srv/b.c"]),
        ("", ["--filter", "cc"], ["/srv/b.c"]),
        ("", ["--pid", "5"], []),
        ("*.c", [], []),
        ("/srv/", [], []),
    ],
)
def test_undeclared(capfd, tmp_path, declared, words, files, monkeypatch):
    path = record(tmp_path / "r", FILES, directory="/srv")
    (tmp_path / "list").write_text(declared)
    words = [*words, "--output-format", "json"]
    code, lines, _ = told(capfd, "files", path, "--undeclared-by", str(tmp_path / "list"), *words)
    assert (code, [json.decode(line)["file"] for line in lines]) == (1 if files else 0, files)
    monkeypatch.setattr("sys.stdin", (tmp_path / "list").open())
    assert told(capfd, "files", path, "--undeclared-by", "-", *words)[:2] == (code, lines)


def test_what_is_declared_is_no_answer_where_opens_are_missing(capfd, tmp_path):
    (tmp_path / "list").write_text("/")
    path = record(tmp_path / "r", FILES, losses=[(3, "open", "ring full")])
    assert told(capfd, "files", path, "--undeclared-by", str(tmp_path / "list"))[0] == 1
    path = record(tmp_path / "s", FILES, losses=[(3, "stat", "ring full")])
    assert told(capfd, "files", path, "--undeclared-by", str(tmp_path / "list"))[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "user"], "unknown way to group 'user'"),
        (["--under", ""], "no directory is given to --under"),
        (["--undeclared-by", ""], "no list is given to --undeclared-by"),
        (["--undeclared-by", "/none/x"], "cannot read '/none/x': No such file or directory"),
        (["--undeclared-by", "/etc"], "cannot read '/etc': Is a directory"),
        (["--undeclared-by", "x", "--read"], "--read says nothing of what is declared"),
        (["--undeclared-by", "x", "--by", "process"], "--by says nothing of what is declared"),
        (["--where", "fil == 'a'"], "unknown field 'fil'"),
        (["--pid", "x"], "not a process id: 'x'"),
    ],
)
def test_mistakes_of_files(capfd, tmp_path, words, message):
    code, lines, err = told(capfd, "files", record(tmp_path / "r"), *words)
    assert (code, lines) == (2, []) and err.startswith(f"onlooker: {message}\n") and "\n\nhint: " in err


def test_diff(capfd, tmp_path):
    first = record(tmp_path / "a", FILES, directory="/srv")
    second = record(tmp_path / "b", FILES[::-1], directory="/srv")
    third = record(tmp_path / "c", FILES[:3], directory="/srv", losses=[(3, "open", "rate")])
    assert told(capfd, "diff", first, second) == (
        0,
        ["the same: 0 programs, 4 files, 0 failures"],
        "onlooker: complete\n",
    )
    code, lines, err = told(capfd, "diff", first, third)
    assert (code, lines[2]) == (1, "    1       -  read  ./o") and "over the --rate" in err
    assert told(capfd, "diff", first, third, "--only", "programs,failures")[0] == 0
    damaged = record(tmp_path / "d", FILES, directory="/srv", losses=[(3, "stat", "ring full")])
    assert told(capfd, "diff", first, damaged)[0] == 1
    assert told(capfd, "diff", first, damaged, "--only", "programs")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["R", "R", "--only", "file"], "unknown kind of difference 'file'"),
        (["R", "R", "--only", ""], "nothing is given to --only"),
        (["R", "-"], "a recording is a directory, not a stream"),
        (["R", "/none"], "there is no recording '/none'"),
        (["/etc", "R"], "'/etc' is no recording"),
        (["R"], "the following arguments are required: SECOND"),
    ],
)
def test_mistakes_of_diff(capfd, tmp_path, words, message):
    path = record(tmp_path / "r")
    code, lines, err = told(capfd, "diff", *(path if word == "R" else word for word in words))
    assert (code, lines) == (2, []) and err.startswith(f"onlooker: {message}\n\nhint: ")


def test_what_is_not_whole_is_said(capfd, tmp_path):
    path = record(tmp_path / "r", [*FILES, event("open", 15, 100, 10, path="/srv/long", cut=("path",))])
    code, _, err = told(capfd, "files", path)
    assert (code, err) == (0, "onlooker: complete; 1 event has a field that is not whole (marked: cut)\n")
    assert told(capfd, "tree", path)[2] == "onlooker: complete\n"


def test_events_of_sections_that_were_not_recorded(capfd, tmp_path):
    path = record(tmp_path / "r", FILES, settings={"events": ["default"]})
    assert told(capfd, "files", path)[0] == 0
    code, _, err = told(capfd, "files", path, "--removed")
    assert code == 1 and "has no unlink, rmdir, rename: it was recorded with --events default\n" in err
    other = record(tmp_path / "s", FILES)
    assert "warning: the two have other events: " in told(capfd, "diff", path, other)[2]


@pytest.mark.parametrize("settings", [{"events": 5}, {"events": [5, {}]}, {"events": {"a": 1}}, {"comm": 5, "x": None}])
def test_settings_that_make_no_sense(capfd, tmp_path, command, settings):
    assert ask(capfd, command, record(tmp_path / "r", settings=settings))[0] == 0


def test_where_ends_are_not_known_it_says_so(capfd, tmp_path):
    events = [each for each in build() if each.event != "exit"]
    path = record(tmp_path / "r", events, settings={"events": ["fork", "exec"]})
    code, lines, _ = told(capfd, "tree", path)
    assert code == 1 and lines[-1].startswith("11 processes, 0 failed, ends of 11 not known, in ")
    [line] = told(capfd, "tree", path, "--failed")[1]
    assert line.startswith("0 processes of 11, 0 failed, ends of 11 not known, in ")
    lines = told(capfd, "tree", path, "--pid", "200")[1]
    assert lines[-1].startswith("2 processes of 11, 0 failed, ends of 2 not known, in ")
