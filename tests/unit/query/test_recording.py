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
