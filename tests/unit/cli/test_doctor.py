"""`onlooker doctor`: what it prints of a diagnosis, and its exit code."""

import json
import os
import pty

import pytest

from onlooker import Attachment, Check, Diagnosis
from onlooker.cli.doctor import text
from onlooker.cli.main import main

OK = Check("kernel", "ok", "6.1.0 (5.15 or newer is needed)")
LIMITED = Check("tracefs", "limited", "can't be had: Permission denied", "50 ns for each", "sudo onlooker")
FAILED = Check("capabilities", "failed", "missing: CAP_BPF", "nothing can be watched", "sudo onlooker doctor")
ATTACHED = (
    Attachment("fork", "creation", "raw tracepoint", ("on_fork",), "needs no tracefs"),
    Attachment("open", "success and failure", "raw tracepoint", ("on_a", "on_b"), "it is there", "io_uring"),
)
ABLE = Diagnosis(True, (OK, LIMITED), ATTACHED)
UNABLE = Diagnosis(False, (OK, FAILED), ())


def test_text_of_a_machine_that_can():
    assert (
        text(ABLE)
        == """\
ok       kernel            6.1.0 (5.15 or newer is needed)
limited  tracefs           can't be had: Permission denied
                           cost: 50 ns for each
                           remedy: sudo onlooker

how each event is observed here:
fork     creation          raw tracepoint: on_fork
                           because: needs no tracefs
open     success and failure raw tracepoint: on_a, on_b
                           because: it is there
                           does not see: io_uring

onlooker can watch this machine
"""
    )


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_text_for_a_terminal_breaks_no_word(width):
    """What does not fit goes on in its column."""
    long = Check(
        "capabilities", "limited", "a result in words, " * 9 + "its end", "a cost, " * 20 + "its end", "--attach-x " * 9
    )
    whole, short = (text(Diagnosis(True, (OK, long), ATTACHED), each) for each in (None, width))
    assert short.split() == whole.split()
    assert max(map(len, short.splitlines())) <= width < max(map(len, whole.splitlines()))
    if width == 80:
        rest = [line for line in short.splitlines() if line.startswith(" " * 27)]
        assert len(rest) > len(whole.splitlines()) / 2
        assert all(line[27] != " " for line in rest)


def test_what_is_piped_is_wrapped_too(capfd, monkeypatch):
    monkeypatch.setattr("onlooker.cli.doctor.diagnose", lambda: ABLE)
    for columns, width in (("40", 40), ("", 80)):
        monkeypatch.setenv("COLUMNS", columns)
        main(["doctor"])
        assert capfd.readouterr().out == text(ABLE, width)


def test_on_a_terminal_the_doctor_is_as_wide_as_it(monkeypatch):
    ours, its = pty.openpty()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("onlooker.cli.doctor.diagnose", lambda: ABLE)
    with os.fdopen(its, "w") as terminal:
        monkeypatch.setattr("sys.stdout", terminal)
        main(["doctor"])
        assert os.read(ours, 1 << 16).decode().replace("\r\n", "\n") == text(ABLE, 40) != text(ABLE)
    os.close(ours)


def test_text_of_a_machine_that_cannot():
    assert (
        text(UNABLE)
        == """\
ok       kernel            6.1.0 (5.15 or newer is needed)
failed   capabilities      missing: CAP_BPF
                           cost: nothing can be watched
                           remedy: sudo onlooker doctor

onlooker can't watch this machine
"""
    )


@pytest.mark.parametrize(("found", "code"), [(ABLE, 0), (UNABLE, 3)])
def test_the_command(capfd, monkeypatch, found, code):
    monkeypatch.setattr("onlooker.cli.doctor.diagnose", lambda: found)
    assert main(["doctor"]) == code
    assert capfd.readouterr() == (text(found, 80), "")


def test_json(capfd, monkeypatch):
    monkeypatch.setattr("onlooker.cli.doctor.diagnose", lambda: UNABLE)
    assert main(["doctor", "--output-format=json"]) == 3
    out, err = capfd.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "able": False,
        "checks": [
            {"name": "kernel", "status": "ok", "result": OK.result, "cost": "", "remedy": ""},
            {
                "name": "capabilities",
                "status": "failed",
                "result": "missing: CAP_BPF",
                "cost": "nothing can be watched",
                "remedy": "sudo onlooker doctor",
            },
        ],
        "attached": [],
    }


def test_json_of_what_is_attached(capfd, monkeypatch):
    monkeypatch.setattr("onlooker.cli.doctor.diagnose", lambda: ABLE)
    assert main(["doctor", "--output-format=json"]) == 0
    assert json.loads(capfd.readouterr().out)["attached"][1] == {
        "event": "open",
        "purpose": "success and failure",
        "method": "raw tracepoint",
        "programs": ["on_a", "on_b"],
        "why": "it is there",
        "blind": "io_uring",
    }
