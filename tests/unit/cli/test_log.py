"""What is said on standard error, and reports on standard output: full, closed, unread, or with nobody there."""

import os
import subprocess
import sys
import threading

import pytest

from onlooker import UnsupportedError, UsageError
from onlooker.cli.log import Log, say, say_error, show

REPORTS = (["--help"], ["--version"], ["schema"], ["watch", "--help"])
NO_ROOM = (
    "onlooker: cannot write the output: No space left on device\n\n"
    "hint: make room or choose another place for the output, and run it again\n"
)


def onlooker(arguments, **options):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it hides mistakes
    return subprocess.run([sys.executable, "-m", "onlooker", *arguments], env=env, **options)


def test_say(capfd):
    say("one", "two", "a\nb\x1b[31m")
    assert capfd.readouterr() == ("", "onlooker: one\nonlooker: two\nonlooker: a\\nb\\x1b[31m\n")


def test_an_error_has_its_hint(capfd):
    say_error(UsageError("no", "yes"))
    say_error(UsageError("no"))
    say_error(UnsupportedError("never"))
    expected = "onlooker: no\n\nhint: yes\nonlooker: no\nonlooker: never\n\nhint: onlooker doctor\n"
    assert capfd.readouterr() == ("", expected)


def test_an_error_is_printable_and_its_message_and_hint_one_line_each(capfd):
    say_error(UsageError("no \x1b[2J\n\u2028x\t'\xad", "type --pid 1,\udcff\r\n2"))
    said = "onlooker: no \\x1b[2J\\n\\u2028x\\t'\\xad\n\nhint: type --pid 1,\\xff\\r\\n2\n"
    assert capfd.readouterr() == ("", said)


def test_what_a_library_says_is_printable(capfd):
    Log("debug")("debug", "a\x1b\tb\x85\r\nc")
    assert capfd.readouterr().err == "onlooker: debug: a\\x1b     b\\x85\\r\\nc\n"


@pytest.mark.parametrize(
    ("level", "said"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")], ids=lambda each: each
)
def test_log_levels(capfd, level, said):
    log = Log(level)
    for each in ("debug", "info", "warning", "error"):
        log(each, "text")
    lines = capfd.readouterr().err.splitlines()
    assert [line.removeprefix("onlooker: ")[0] for line in lines] == list(said)
    assert lines[-1] == "onlooker: error: text"


@pytest.mark.parametrize("stderr", [None, "closed"])
def test_without_standard_error_nothing_is_said(monkeypatch, tmp_path, stderr):
    file = None
    if stderr == "closed":
        file = (tmp_path / "file").open("w")
        file.close()
    monkeypatch.setattr(sys, "stderr", file)
    say("text")
    say_error(UsageError("text", "hint"))


def test_a_full_standard_error_is_no_error():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = onlooker(["wach"], stderr=full, stdout=subprocess.PIPE)
    assert (ended.returncode, ended.stdout) == (2, b"")


def test_a_standard_error_that_nobody_reads_does_not_hang(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "w") as unread:
        monkeypatch.setattr(sys, "stderr", unread)
        say("text")
    # closing would have failed with text left over


def test_show_waits_for_a_reader(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text, found = "é" * 200_000, []

    def read():
        with os.fdopen(reader, encoding="utf-8") as file:
            found.append(file.read())

    thread = threading.Thread(target=read)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        thread.start()
        show(text)
    thread.join()
    assert found == [text]


@pytest.mark.parametrize("arguments", REPORTS, ids=" ".join)
def test_a_report_into_a_full_disk(arguments):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = onlooker(arguments, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (1, NO_ROOM)


@pytest.mark.parametrize("arguments", REPORTS, ids=" ".join)
def test_a_report_that_nobody_reads(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        ended = onlooker(arguments, stdout=pipe, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [*REPORTS, ["watch"]], ids=" ".join)
def test_a_closed_standard_output(arguments):
    command = ["bash", "-c", 'exec "$@" >&-', "bash", sys.executable, "-m", "onlooker", *arguments]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    where = "-o result.txt" if arguments == ["watch"] else "onlooker COMMAND > file.txt"
    assert (ended.returncode, ended.stderr) == (2, f"onlooker: standard output is closed\n\nhint: {where}\n")
