"""`onlooker top` with a list in place of the kernel, where its output is no terminal."""

import time

import pytest
from msgspec import json

from onlooker import Monitor
from onlooker.cli.main import main
from onlooker.testing import FakeSource, make

from .watching import LOST


@pytest.fixture
def top(capfd, monkeypatch):
    def run(*arguments, events=(), source=None):
        given = source or FakeSource(events)
        monkeypatch.setattr("onlooker.cli.top.Monitor", lambda **how: Monitor(**how, source=given))
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
    assert first == "onlooker: watching by comm for 1 s; the table comes then"
    assert last.startswith("onlooker: 0.") and last.endswith(" s; complete")


class Clock(FakeSource):
    """An event every 10 ms, by a clock of its own."""

    now = 5.0
    process_time = time.process_time

    def monotonic(self):
        return self.now

    def poll(self, timeout):
        self.now += 0.01
        return super().poll(timeout)


@pytest.fixture
def slow(monkeypatch):
    def made(number):
        clock = Clock([make("exec", comm="sh")] * number, batch=1)
        for module in ("cli.top", "session"):
            monkeypatch.setattr(f"onlooker.{module}.time", clock)
        return clock

    return made


def test_a_short_rest_is_a_part_of_the_last_table(top, slow):
    """Of a split second there are no sensible rates. Nothing is lost, in the table or in JSON."""
    number = 32  # more than one interval, and less than one and a half
    _, out, _ = top("--interval", "250ms", "--by", "comm", source=slow(number))
    tables = [block.splitlines() for block in out.split("FORK")[1:]]
    assert len(tables) == 2 and tables[-1][1].split() == [str(number), "sh"]
    assert float(tables[-1][-1].split()[0]) >= 0.3
    _, out, _ = top("--interval", "250ms", "--by", "comm", "--output-format", "json", source=slow(number))
    first, second = map(json.decode, out.splitlines())
    assert first["execs"] + second["execs"] == number and second["seconds"] < 0.125


def test_a_duration_leaves_no_short_rest(top, slow):
    _, out, _ = top("--interval", "250ms", "--duration", "600ms", "--output-format", "json", source=slow(1000))
    assert [json.decode(line)["seconds"] > 0.24 for line in out.splitlines()] == [True, True]


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
        (("--no-resolve",), "--no-resolve leaves out the paths that --by exe needs", "leave out --no-resolve"),
        (("--output-format", "table"), "unknown output format of an answer 'table'", "one of text, json"),
    ],
)
def test_a_mistake_has_its_remedy(top, arguments, message, hint):
    assert top(*arguments) == (2, "", f"onlooker: {message}\n\nhint: {hint}\n")
