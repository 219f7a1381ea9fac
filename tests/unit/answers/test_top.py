"""Counts by group."""

import msgspec
import pytest

from onlooker import Batch
from onlooker.answers import top as module
from onlooker.answers.top import BY, OTHERS, Counts, Top, merged, rows
from onlooker.enrich.processes import ProcessTable
from onlooker.testing import make

EVENTS = [
    make("exec", pid=7, comm="sh", exe="/bin/sh", uid=0),
    *[make("open", pid=7, comm="sh", path="/etc/a", real_path="/etc/a", flags=("O_RDONLY",), uid=0)] * 23,
    make("open", pid=7, comm="sh", path="/tmp/b", real_path="/tmp/b", flags=("O_WRONLY",), uid=0),
    make("open", pid=7, comm="sh", path="/etc/no", errno="ENOENT", uid=0),
    make("unlink", pid=7, comm="sh", path="/tmp/b", uid=0),
    make("fork", pid=7, comm="sh", child_pid=8, uid=0),
    make("exit", pid=7, comm="sh", duration_ns=5, cpu_user_ns=3_000, cpu_system_ns=400, exit_code=1, uid=0),
    make("exit", pid=9, comm="old", start_ns=1, duration_ns=2_000_000_000, cpu_user_ns=None, cpu_system_ns=1),
]


def counted(by, events=EVENTS):
    asked = Top(by, ProcessTable(None), {0: "root", 1000: "me"}.__getitem__, "cgroup {} of {}".format)
    for batch in Batch.of(events):
        asked.take(batch)
    counts = asked.turn()
    assert asked.turn() == {}
    return counts


def test_by_process():
    whole = Counts(forks=1, execs=1, opens=24, writes=2, failed=1, short=1, cpu_ns=3_400)
    old = Counts(cpu_ns=1)
    for by, first, second in (("comm", "sh", "old"), ("exe", "/bin/sh", "[old]"), ("user", "root", "me")):
        found = counted(by)
        assert {name: msgspec.structs.asdict(each) for name, each in found.items()} == {
            first: msgspec.structs.asdict(whole),
            second: msgspec.structs.asdict(old),
        }
    assert list(counted("cgroup")) == ["cgroup 1 of 7", "cgroup 1 of 9"]


def test_by_file():
    found = counted("file")
    assert {name: (each.opens, each.writes, each.failed) for name, each in found.items() if name[0] == "/"} == {
        "/bin/sh": (0, 0, 0),
        "/etc/a": (23, 0, 0),
        "/tmp/b": (1, 2, 0),
        "/etc/no": (0, 0, 1),
    }
    assert {name: each.opens for name, each in counted("dir").items() if name[0] == "/"} == {
        "/bin/": 0, "/etc/": 23, "/tmp/": 1,
    }  # fmt: skip


def test_groups_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_GROUPS", 3)
    found = counted("comm", [make("exec", comm=f"c{number}") for number in range(10)])
    assert {name: each.execs for name, each in found.items()} == {"c0": 1, "c1": 1, "c2": 1, OTHERS: 7}


@pytest.mark.parametrize("by", BY)
def test_rows(by):
    first, *_ = found = rows(counted(by), 2.0)
    assert first["seconds"] == 2.0 and sum(row["opens"] for row in found) == 24
    assert [*first] == ["group", "seconds", "forks", "execs", "opens", "writes", "failed", "short", "cpu_ns"]


def test_two_tables_are_one():
    first, second = (
        {"a": Counts(forks=1, cpu_ns=5), "b": Counts(opens=2)},
        {"b": Counts(opens=3, failed=1), "c": Counts()},
    )
    assert merged(first, second) == {
        "a": Counts(forks=1, cpu_ns=5), "b": Counts(opens=5, failed=1), "c": Counts(),
    }  # fmt: skip
