"""What rules look for is found, natively and all at once, and an alert says all of it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Lost, UsageError
from onlooker.filters.compile import finder, matcher
from onlooker.filters.parse import parse
from onlooker.records import Batch
from onlooker.rules import Detector, Rule, lineage
from onlooker.rules.alerts import MOST_ARGV_BYTES
from onlooker.rules.rule import Place
from onlooker.testing import make

from ..filters.expressions import expressions
from ..filters.records import batches

OFFSET = 1_700_000_000 * 10**9
LOSS = Lost("2026-01-31T12:00:00.000000000Z", 60_000_000_000, 3, "open", "ring full")


def rule(where, number=0, **fields):
    fields = {"id": f"rule-{number}", "title": "A test", "level": "low", "language": "onlooker", **fields}
    return Rule(expression=parse(where), place=Place("x.yml"), **fields)


def detector(*wheres, **how):
    return Detector([rule(where, number) for number, where in enumerate(wheres)], **how)


def seen(batch):
    return [(event.event, getattr(event, "rule", None)) for event in batch]


@settings(max_examples=30, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=12), batches)
def test_together_they_find_what_each_finds(asked, data):
    batch = Batch.checked(data, OFFSET, 1)
    found = dict.fromkeys(range(len(asked)), b"")
    for start, end, numbers in batch.found(finder(asked)):
        assert numbers == sorted(set(numbers)) and numbers
        for number in numbers:
            found[number] += batch.data[start:end]
    losses = len(batch.select("lost").data)
    for number, expression in enumerate(asked):
        matching = batch.matching(matcher(expression))
        assert Batch(found[number], OFFSET).events() == [e for e in matching if e.event != "lost"]
        assert len(found[number]) + losses == len(matching.data)


def test_alerts_come_right_behind_their_events():
    found = detector("event == 'open' and path == '/a'", "event == 'open'", "uid == 0")
    [batch] = Batch.of([make("exec"), make("open", path="/a"), LOSS, make("open", path="/b"), make("exec", uid=0)])
    assert seen(found.with_alerts(batch)) == [
        ("exec", None),
        ("open", None),
        ("alert", "rule-0"),
        ("alert", "rule-1"),
        ("lost", None),
        ("open", None),
        ("alert", "rule-1"),
        ("exec", None),
        ("alert", "rule-2"),
    ]


def test_where_nothing_is_found_it_is_the_same_batch():
    """And no object was made: the batch's events were not asked for."""
    [batch] = Batch.of([make("open"), make("exec")])
    assert detector("path == '/nothing'").with_alerts(batch) is batch


def test_what_an_alert_says():
    found = Detector([rule("event == 'open'", id="x", title="Ü", level="critical", tags=("a.b", "c.d"))])
    life = [
        make("exec", pid=7, ppid=1, start_ns=10, comm="sshd", exe="/usr/sbin/sshd"),
        make("fork", pid=7, ppid=1, start_ns=10, comm="sshd", child_pid=8, child_ppid=7, child_start_ns=20),
        make("exec", pid=8, ppid=7, start_ns=20, comm="cat", exe="/usr/bin/cat", argv=("cat", "/etc/../etc/shadow")),
        make("exit", pid=7, ppid=1, start_ns=10, comm="sshd"),
    ]
    opened = make(
        "open", pid=8, tid=9, ppid=1, start_ns=20, uid=3, gid=4, comm="cat", path="/etc/shadow", errno="EACCES",
        joined_path="/etc/shadow", boot_ns=61_000_000_000, time="2026-01-31T12:00:01.000000000Z",
    )  # fmt: skip
    for batch in Batch.of(life):
        assert found.with_alerts(batch) is batch
    [batch] = Batch.of([opened])
    event, alert = found.with_alerts(batch)
    assert event == opened
    assert (alert.rule, alert.title, alert.level, alert.tags) == ("x", "Ü", "critical", ("a.b", "c.d"))
    assert (alert.time, alert.boot_ns, alert.matched) == (opened.time, opened.boot_ns, "open")
    for name in ("pid", "tid", "ppid", "uid", "gid", "comm", "start_ns", "cgroup_id", "ns_pid", "errno"):
        assert getattr(alert, name) == getattr(opened, name)
    assert (alert.exe, alert.argv, alert.path) == ("/usr/bin/cat", ("cat", "/etc/../etc/shadow"), "/etc/shadow")
    assert (alert.ancestors, alert.ancestor_pids, alert.ancestor_exes) == (("sshd",), ("7",), ("/usr/sbin/sshd",))
    assert json.loads(alert.record) == json.loads(opened.to_json())
    line = json.loads(alert.to_json())
    assert line["event"] == "alert" and line["ancestors"] == ["sshd"] and "cut" not in line
    assert str(alert).endswith(
        "Process cat (PID:8, PPID:1) raised alert critical: Ü [rule: x] [open failed: EACCES /etc/shadow]"
        " [runs: cat /etc/../etc/shadow] [ancestors: sshd]"
    )


def test_hostile_bytes_and_long_arguments():
    name = "\udcff\n\x1b[2J"
    long = ("x" * MOST_ARGV_BYTES, "y")
    found = detector("event in ('exec', 'rename')")
    [batch] = Batch.of(
        [make("exec", comm=name, exe=f"/{name}", argv=(name,)), make("exec", argv=long), make("rename", new_path=name)]
    )
    alerts = [event for event in found.with_alerts(batch) if event.event == "alert"]
    assert (alerts[0].comm, alerts[0].exe, alerts[0].argv, alerts[0].cut) == (name, f"/{name}", (name,), ())
    assert (alerts[1].argv, alerts[1].cut) == (("x" * MOST_ARGV_BYTES,), ("argv",))
    assert alerts[2].new_path == name and alerts[2].path == "/srv/fake"
    for alert in alerts:
        json.loads(alert.to_json())
        json.loads(alert.record.encode("utf-8", "surrogateescape"))
        assert "\x1b" not in str(alert) and "\n" not in str(alert)


def test_each_process_s_kin():
    """With parents and ancestors of many rules: more than one word of bits."""
    wheres = [f"event == 'exec' and parent.comm == 'p{number}'" for number in range(200)]
    found = detector(*wheres, "event == 'open' and process.exe == '/usr/bin/x'", "ancestor.comm == 'p150'")
    life = [
        make("exec", pid=7, ppid=1, start_ns=10, comm="p150"),
        make("fork", pid=7, ppid=1, start_ns=10, comm="p150", child_pid=8, child_ppid=7, child_start_ns=20),
        make("open", pid=8, ppid=7, start_ns=20),
        make("exec", pid=8, ppid=7, start_ns=20, comm="x", exe="/usr/bin/x"),
        make("open", pid=8, ppid=7, start_ns=20),
        make("open", pid=7, ppid=1, start_ns=10),
    ]
    [batch] = Batch.of(life)
    assert [rule for _, rule in seen(found.with_alerts(batch)) if rule] == [
        "rule-201",
        "rule-150",
        "rule-201",
        "rule-200",
        "rule-201",
    ]


def test_a_scope_holds_for_all():
    found = detector("event == 'open'", "event == 'exec'", scope=parse("uid == 0"))
    [batch] = Batch.of([make("open", uid=0), make("open"), make("exec"), make("exec", uid=0)])
    assert [rule for _, rule in seen(found.with_alerts(batch)) if rule] == ["rule-0", "rule-1"]


def test_too_many_tests_of_kin():
    tests = " or ".join(f"parent.comm in ('{number}', 'x')" for number in range(60))
    with pytest.raises(UsageError, match="the rules have 4140 tests of processes"):
        detector(*(tests.replace("x", f"x{number}") for number in range(69)))


def test_what_is_kept_of_processes_is_bounded(monkeypatch):
    monkeypatch.setattr(lineage, "MOST_BYTES", 2000)
    found = detector("event == 'open'")
    for number in range(100):
        [batch] = Batch.of([make("fork", pid=7, start_ns=10, child_pid=100 + number, child_ppid=7, child_start_ns=20)])
        found.with_alerts(batch)
    assert found._lineage._bytes <= 2000
    [batch] = Batch.of([make("open", pid=199, start_ns=20), make("open", pid=100, start_ns=20)])
    alerts = [event for event in found.with_alerts(batch) if event.event == "alert"]
    assert [alert.ancestor_pids for alert in alerts] == [("7",), ()]
