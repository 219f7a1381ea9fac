"""Recordings in Python: events, SQL, and tables that are streams."""

import sys

import duckdb
import pytest

import onlooker
from onlooker.testing import make

from .made import record

EVENTS = [make("open", path=f"/srv/{n}", pid=n % 7 + 3) for n in range(23)] + [make("exec", pid=3)]
FORMS = [{}, {"sealed": False}, {"each": True}, {"tail": EVENTS}]


@pytest.mark.parametrize("form", FORMS)
def test_events_sql_and_tables_are_the_same(tmp_path, form):
    twice = 2 if "tail" in form else 1
    with onlooker.open(record(tmp_path / "r", EVENTS, **form)) as recording:
        assert [*recording] == EVENTS * twice
        assert sum(map(len, recording.batches())) == len(EVENTS) * twice
        relation = recording.sql("SELECT path FROM opens ORDER BY seq")
        wanted = [(f"/srv/{n}",) for n in range(23)] * twice
        assert relation.fetchall() == relation.fetchall() == wanted
        opens = recording.table("opens")
        assert (len(opens), repr(opens)) == (23 * twice, "<RecordedTable opens>")
        assert duckdb.sql("SELECT path FROM opens").fetchall() == wanted
        assert duckdb.sql("DESCRIBE FROM opens").fetchall()[0][:2] == ("seq", "UBIGINT")
        assert "recording" not in duckdb.sql("FROM opens").columns


def test_its_tables(tmp_path):
    with onlooker.open(record(tmp_path / "r", EVENTS)) as recording:
        processes = recording.table("processes")
        assert len(processes) == 7
        assert duckdb.sql("SELECT sum(events) FROM processes").fetchall() == [(24,)]
        with pytest.raises(onlooker.UsageError, match="unknown table 'open'") as caught:
            recording.table("open")
        assert caught.value.hint == "did you mean 'opens'?"


@pytest.mark.parametrize("form", FORMS[:2])
def test_its_tree(tmp_path, form):
    events = [
        make("exec", pid=2, start_ns=20, boot_ns=25, argv=("sh", "-c", "\x1b[31m")),
        make("fork", pid=2, start_ns=20, boot_ns=30, child_pid=3, child_ppid=2, child_start_ns=30),
        make("fork", pid=3, start_ns=30, boot_ns=40, child_pid=4, child_ppid=3, child_start_ns=40),
        make("exec", pid=3, start_ns=30, boot_ns=50, argv=("cc",), path="cc"),
        make("fork", pid=2, start_ns=20, boot_ns=60, child_pid=5, child_ppid=2, child_start_ns=60),
        make("exit", pid=3, start_ns=30, boot_ns=70, exit_code=1),
        make("exec", pid=9, start_ns=90, boot_ns=95, comm="ls", argv=()),
    ]
    with onlooker.open(record(tmp_path / "r", events, **form)) as recording:
        first, other = recording.tree()
    assert [(depth, each.pid) for depth, each in first.walk()] == [(0, 2), (1, 3), (2, 4), (1, 5)]
    assert [each.parent for each in first.children] == [first, first]
    assert (first.children[0].exit_code, first.children[0].duration_ns) == (1, 40)
    assert (str(first), repr(first.children[0])) == ("2 sh -c $'\\x1b[31m'", "<ProcessRecord 3 cc>")
    assert ([*other.walk()], str(other)) == ([(0, other)], "9 ls")


def test_two_streams_at_once(tmp_path):
    with onlooker.open(record(tmp_path / "r", EVENTS)) as recording:
        opens, execs = recording.table("opens"), recording.table("execs")
        joined = duckdb.sql("SELECT count(*) FROM opens JOIN execs USING (pid)").fetchall()
        assert joined == [(4,)]
        assert len(opens) + len(execs) == 24


def test_mistakes_are_errors_of_ours(tmp_path):
    with onlooker.open(record(tmp_path / "r", EVENTS)) as recording:
        with pytest.raises(onlooker.QueryError, match="Did you mean"):
            recording.sql("FROM open")
        with pytest.raises(ValueError, match="Referenced column"):
            recording.sql("SELECT pth FROM opens")
        assert recording.sql("SELECT 1").fetchall() == [(1,)]
    with pytest.raises(onlooker.RecordingError, match="there is no recording"):
        onlooker.open(tmp_path / "no")


def test_it_can_be_closed_and_used_again(tmp_path):
    recording = onlooker.open(record(tmp_path / "r", EVENTS))
    for _ in range(2):
        assert recording.sql("SELECT count(*) FROM opens").fetchall() == [(23,)]
        recording.close()
        recording.close()


def test_without_duckdb_there_are_events(tmp_path, monkeypatch):
    path = record(tmp_path / "r", EVENTS, sealed=False)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with onlooker.open(path) as recording:
        assert [*recording] == EVENTS
        for ask in (lambda: recording.sql("SELECT 1"), lambda: recording.table("opens")):
            with pytest.raises(onlooker.ExtraError, match="DuckDB"):
                ask()
