"""The last words."""

import pytest

from onlooker.summary import End, Summary

HELP = "a larger --buffer-size or a narrower --filter may help"
OVER = ("open", "rate")
OPEN, EXEC, SKIPPED = ("open", "ring full"), ("exec", "headroom"), ("unknown", "recursion")


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"seconds": 0.04}, ["0 events in 0.0 s", "lost: nothing", "complete"]),
        ({"shown": {"open": 1}, "seconds": 1.0}, ["1 event in 1.0 s: 1 open", "lost: nothing", "complete"]),
        (
            {"shown": {"open": 7, "exit": 2, "fork": 1, "exec": 3}, "seconds": 61.25},
            ["13 events in 61.2 s: 1 fork, 3 exec, 2 exit, 7 open", "lost: nothing", "complete"],
        ),
        (
            {"shown": {"open": 7, "lost": 2}, "lost": {OPEN: 44, EXEC: 1}, "seconds": 2},
            [
                "7 events in 2.0 s: 7 open",
                "lost: 44 open (ring full), 1 exec (headroom)",
                f"incomplete: 45 events are missing; {HELP}",
            ],
        ),
        (
            {"shown": {"open": 7}, "lost": {OPEN: 1, SKIPPED: 5}, "unwritten": 1, "end": End.UNWRITTEN},
            [
                "7 events in 0.0 s: 7 open",
                "lost: 1 open (ring full), up to 5 unknown (recursion), 1 seen and not written",
                "incomplete: 1 event was seen and not written; "
                f"1 event is missing; up to 5 events may be missing; {HELP}",
            ],
        ),
        (
            {"shown": {"open": 2}, "repeated": 1, "lost": {OVER: 40}, "over_rate": ((30, 8, "a\n"), (10, 9, "b"))},
            [
                "2 events in 0.0 s: 2 open",
                "left out: 1 repetition",
                "over the rate: 40 events: a\\n (PID:8) 30, b (PID:9) 10",
                "lost: nothing",
                "complete; 40 events were left out, over the --rate",
            ],
        ),
    ],
)
def test_lines(given, lines):
    assert str(Summary(**given)).splitlines() == lines


CUT = "a field that is not whole (marked: cut)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "complete"),
        ({"cut": 1}, f"complete; 1 event has {CUT}"),
        ({"cut": 23}, f"complete; 23 events have {CUT}"),
        ({"lost": {OPEN: 1}}, f"incomplete: 1 event is missing; {HELP}"),
        ({"lost": {OPEN: 1, EXEC: 22}, "cut": 2}, f"incomplete: 23 events are missing; 2 events have {CUT}; {HELP}"),
        ({"lost": {OVER: 1}}, "complete; 1 event was left out, over the --rate"),
        (
            {"lost": {OVER: 2, SKIPPED: 1}},
            "incomplete: up to 1 event may be missing; 2 events were left out, over the --rate",
        ),
        ({"lost": {("open", "busy"): 2}}, "incomplete: 2 events are missing"),
        ({"lost": {SKIPPED: 1}}, "incomplete: up to 1 event may be missing"),
        ({"unwritten": 2}, "incomplete: 2 events were seen and not written"),
        ({"end": End.CLOSED}, "complete until the output was closed"),
        ({"end": End.INTERRUPTED}, "complete until it was interrupted"),
        ({"end": End.CLOSED, "cut": 1}, f"complete until the output was closed; 1 event has {CUT}"),
        ({"end": End.CLOSED, "lost": {SKIPPED: 2}}, "incomplete: up to 2 events may be missing"),
        (
            {"end": End.CLOSED, "unwritten": 2},
            "incomplete: the output was closed; 2 events were seen and not written",
        ),
        ({"end": End.DROPPED}, "complete"),
        (
            {"end": End.DROPPED, "unwritten": 1},
            "incomplete: it was stopped at once; 1 event was seen and not written",
        ),
        ({"end": End.UNWRITTEN}, "incomplete: the output was not written completely"),
        (
            {"end": End.UNWRITTEN, "cause": "the disk is full", "unwritten": 2},
            "incomplete: 2 events were seen and not written (the disk is full)",
        ),
        ({"end": End.UNWRITTEN, "cut": 1}, f"incomplete: the output was not written completely; 1 event has {CUT}"),
        (
            {"end": End.UNWRITTEN, "lost": {OPEN: 2}},
            f"incomplete: the output was not written completely; 2 events are missing; {HELP}",
        ),
        ({"end": End.FAILED}, "incomplete: it ended with an error"),
        (
            {"lost": {("fork", "unfollowed"): 1, ("open", "busy"): 2}},
            "incomplete: 2 events are missing; 1 process could not be followed, with all descendants",
        ),
    ],
)
def test_verdict(given, said):
    report = Summary(**given)
    assert report.verdict == said
    assert report.complete == said.startswith("complete")
    assert str(report).endswith("\n" + said)
