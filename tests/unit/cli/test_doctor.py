"""`onlooker doctor`: what it prints of a diagnosis, and its exit code."""

import json

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
    assert capfd.readouterr() == (text(found), "")


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
