"""The last words."""

import pytest

from onlooker.cli.summary import summary, verdict

HELP = "a larger --buffer-size or a narrower --filter may help"
OPEN, EXEC = ("open", "ring full"), ("exec", "headroom")


@pytest.mark.parametrize(
    ("shown", "lost", "seconds", "lines"),
    [
        ({}, {}, 0.04, ["0 events in 0.0 s", "lost: nothing", "complete"]),
        ({"open": 1}, {}, 1.0, ["1 event in 1.0 s: 1 open", "lost: nothing", "complete"]),
        (
            {"open": 7, "exit": 2, "fork": 1, "exec": 3},
            {},
            61.25,
            ["13 events in 61.2 s: 1 fork, 3 exec, 2 exit, 7 open", "lost: nothing", "complete"],
        ),
        (
            {"open": 7, "lost": 2},
            {OPEN: 44, EXEC: 1},
            2,
            [
                "7 events in 2.0 s: 7 open",
                "lost: 44 open (ring full), 1 exec (headroom)",
                f"incomplete: 45 events are missing; {HELP}",
            ],
        ),
    ],
)
def test_summary(shown, lost, seconds, lines):
    assert summary(shown, lost, 0, seconds).splitlines() == lines


CUT = "a field that is not whole (marked: cut)"


@pytest.mark.parametrize(
    ("lost", "cut", "written", "said"),
    [
        ({}, 0, True, "complete"),
        ({}, 1, True, f"complete; 1 event has {CUT}"),
        ({}, 23, True, f"complete; 23 events have {CUT}"),
        ({OPEN: 1}, 0, True, f"incomplete: 1 event is missing; {HELP}"),
        ({OPEN: 1, EXEC: 22}, 2, True, f"incomplete: 23 events are missing; 2 events have {CUT}; {HELP}"),
        ({}, 0, False, "incomplete: the output was not written to its end"),
        ({}, 1, False, f"incomplete: the output was not written to its end; 1 event has {CUT}"),
        ({OPEN: 2}, 0, False, f"incomplete: the output was not written to its end; 2 events are missing; {HELP}"),
    ],
)
def test_verdict(lost, cut, written, said):
    assert verdict(lost, cut, written=written) == said


def test_the_summary_ends_with_the_verdict():
    assert summary({}, {}, 0, 1, written=False).endswith("\n" + verdict({}, 0, written=False))
