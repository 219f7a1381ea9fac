"""A monitor with rules, on a list in place of the kernel."""

import pytest

from onlooker import Lost, Monitor, UsageError
from onlooker.rules import load
from onlooker.testing import FakeSource, make

LOSS = Lost("2026-01-31T12:00:00.000000000Z", 60_000_000_000, 3, "open", "ring full")
EVENTS = [make("open", path="/etc/shadow", comm="cat"), make("exec"), make("open"), LOSS]


def seen(given=EVENTS, **how):
    with Monitor(source=FakeSource(given), **how) as monitor:
        return [event.event for event in monitor], monitor


def test_alerts_alone():
    """And losses; what is counted is what is reported."""
    found, monitor = seen(rules="shipped")
    assert found == ["alert", "lost"]
    assert monitor.stats().events == {"alert": 1, "lost": 1}
    assert monitor.filter.events != () and len(monitor.rules) == len(load("shipped").rules)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({"events": ["open"]}, ["open", "alert", "open", "lost"]),
        ({"events": ["exec"]}, ["alert", "exec", "lost"]),
        ({"events": ["all"]}, ["open", "alert", "exec", "open", "lost"]),
        ({"where": "event == 'exec'"}, ["alert", "exec", "lost"]),
        ({"events": ["open"], "comm": ["fake"]}, ["open", "lost"]),
        ({"comm": ["fake"]}, ["lost"]),
        ({"comm": ["cat"]}, ["alert", "lost"]),
        ({"events": ["open"], "where": "parent.comm == 'x'"}, ["alert", "lost"]),
        ({"events": ["open"], "first": True}, ["open", "alert", "open", "lost"]),
        ({"events": ["open"], "rate": 1}, ["open", "alert", "lost", "lost"]),
    ],
)
def test_with_events(how, wanted):
    assert seen(rules=["shipped"], **how)[0] == wanted


def test_a_rule_that_asks_for_parents(tmp_path):
    (tmp_path / "x.yml").write_text("title: x\nwhere: event == 'open' and parent.comm == 'nginx'\n")
    life = [
        make("exec", pid=7, start_ns=1, comm="nginx"),
        make("fork", pid=7, start_ns=1, comm="nginx", child_pid=8, child_ppid=7, child_start_ns=2),
        make("open", pid=8, start_ns=2, uid=0, comm="x"),
        make("open", pid=7, start_ns=1, uid=0, comm="nginx"),
    ]
    assert seen(life, rules=[str(tmp_path)])[0] == ["alert"]
    assert seen(life, rules=[str(tmp_path)], uid=[0])[0] == ["alert"]
    assert seen(life, rules=[str(tmp_path)], uid=[1])[0] == []
    assert seen(life, rules=[str(tmp_path)], events=["open"], comm=["x"])[0] == ["open", "alert"]


def test_alerts_do_not_count_as_repetitions():
    twice = [EVENTS[0], EVENTS[0]]
    found, monitor = seen(twice, rules=["shipped"], first=True, rate=1)
    assert found == ["alert", "alert"] and monitor.stats().repeated == 0


def test_what_it_asks_for_stays():
    with (
        Monitor(rules=["shipped"], source=FakeSource([])) as monitor,
        pytest.raises(UsageError, match="can't be changed"),
    ):
        monitor.refine(where="uid == 0")


@pytest.mark.parametrize("given", [7, b"x", ["/nothing"], "nothing"])
def test_what_are_no_rules(given):
    with pytest.raises(UsageError, match=r"rules are files|cannot read the rules"):
        Monitor(rules=given)
