"""`onlooker top` with a list in place of the kernel, where its output is no terminal."""

import pytest
from msgspec import json

from onlooker import Monitor
from onlooker.cli.main import main
from onlooker.testing import FakeSource, make

from .watching import LOST


@pytest.fixture
def top(capfd, monkeypatch):
    def run(*arguments, events=()):
        monkeypatch.setattr("onlooker.cli.top.Monitor", lambda **how: Monitor(**how, source=FakeSource(events)))
        code = main(["top", *arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


EVENTS = [*[make("exec", comm="sh", exe="/bin/sh")] * 23, *[make("open", comm="cat", errno="ENOENT")] * 3, make("exit")]


def test_once(top):
    code, out, err = top("--once", "--by", "comm", events=EVENTS)
    head, *found, foot = [line.split() for line in out.splitlines()]
    assert (code, head) == (0, ["FORK", "EXEC", "OPEN", "WRITE", "FAIL", "SHORT", "CPU", "COMM"])
    assert found == [["23", "sh"], ["3", "cat"], ["4.0ms", "fake"]]
    assert "events a second; onlooker takes" in " ".join(foot)
    first, last = err.splitlines()
    assert first == "onlooker: watching by comm; Ctrl-C ends it, with the table"
    assert last.startswith("onlooker: 0.") and last.endswith(" s; complete")


def test_json_and_losses(top):
    code, out, err = top("--once", "--by", "exe", "--output-format", "json", events=[*EVENTS, LOST])
    first, *_ = map(json.decode, out.splitlines())
    assert (first["group"], first["execs"], code) == ("/bin/sh", 23, 1)
    assert "incomplete: 45 events are missing" in err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--by", "program"), "unknown group 'program'", "one of exe, comm, user, file, dir, cgroup"),
        (("--interval", "100ms"), "too short an interval: '100ms'", "250ms or more: --interval 250ms"),
        (("--output-format", "table"), "unknown output format of an answer 'table'", "one of text, json"),
    ],
)
def test_a_mistake_has_its_remedy(top, arguments, message, hint):
    assert top(*arguments) == (2, "", f"onlooker: {message}\n\nhint: {hint}\n")
