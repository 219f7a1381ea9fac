"""The tables: all events are there, whatever form the recording has, with the columns that are declared."""

import json
import os
import shutil
import threading
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch
from onlooker.errors import RecordingError
from onlooker.filters.where import Asked
from onlooker.query import tables
from onlooker.query.tables import PROCESSES, TYPES, Database, all_events, event_tables
from onlooker.recordings.checksums import FILE_NAME
from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.segments import log_path, remove, sealed_path
from onlooker.recordings.writer import RecordingWriter
from onlooker.testing import make

from .made import asked, record

EVENTS = [
    make("exec", pid=7, path="/bin/sh", argv=("sh", "-c", "true")),
    make("open", pid=7, path="/etc/passwd"),
    make("open", pid=7, path="/etc/shadow", errno="EACCES"),
    make("open", pid=8, path="/tmp/\udcff"),
    make("exit", pid=7, exit_code=0),
]
FORMS = [{"sealed": False}, {"sealed": True}, {"each": True}, {"each": True, "tail": EVENTS}, {"tail": EVENTS}]


@pytest.mark.parametrize("form", FORMS)
def test_all_events_are_there(tmp_path, form):
    with asked(record(tmp_path / "r", EVENTS, **form)) as ask:
        twice = 2 if "tail" in form else 1
        assert ask("SELECT seq, event FROM events ORDER BY seq") == [
            (seq, each.event) for seq, each in enumerate(EVENTS * twice)
        ]
        assert ask("SELECT seq, path, errno FROM opens ORDER BY seq")[:3] == [
            (1, "/etc/passwd", None),
            (2, "/etc/shadow", "EACCES"),
            (3, "/tmp/\ufffd", None),
        ]
        assert ask("SELECT path_bytes FROM events WHERE path_bytes IS NOT NULL") == [(b"/tmp/\xff",)] * twice
        assert ask("SELECT argv, cmdline FROM execs") == [(["sh", "-c", "true"], "sh -c true")] * twice
        assert ask("SELECT * FROM losses") == []


def test_columns_are_as_declared(tmp_path):
    for form in ({"sealed": False}, {}):
        with asked(record(tmp_path / f"r{len(form)}", EVENTS, **form)) as ask:
            for table, columns in {**event_tables(), "events": all_events()}.items():
                wanted = [(column.name, TYPES[column.type]) for column in columns]
                found = [row[:2] for row in ask(f"DESCRIBE {table}")]
                assert found == [*wanted, ("recording", "VARCHAR")], table


def test_what_tables_there_are(tmp_path):
    with Database([record(tmp_path / "r", EVENTS)]) as database:
        assert {*database.names()} == {*event_tables(), "events", PROCESSES}
        assert database.names()["losses"] == ["seq", "time", "boot_ns", "count", "of", "reason", "recording"]


def test_many_recordings_have_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [record(tmp_path / "a", EVENTS), "it's [1].onlook", "key=value"]
    for name in names[1:]:
        record(tmp_path / name, EVENTS[1:])
    record(tmp_path / "it's 1.onlook", EVENTS)  # what the other would be as a pattern
    with asked(*names, names[0]) as ask:
        found = dict(ask("SELECT recording, count(*) FROM opens GROUP BY ALL"))
        assert found == dict.fromkeys(names, 3)
        assert ask("SELECT count(*) FROM events") == [(13,)]


def test_one_whose_name_is_not_utf_8(tmp_path):
    record(tmp_path / "r", EVENTS)
    (tmp_path / "r").rename(tmp_path / "\udcff")
    with asked(tmp_path / "\udcff") as ask:
        assert ask("SELECT DISTINCT recording, count(*) FROM opens GROUP BY ALL") == [(f"{tmp_path}/\ufffd", 3)]
        assert ask("FROM losses") == []


def test_segments_of_several_versions(tmp_path):
    path = record(tmp_path / "r", EVENTS, each=True)
    file = f"{path}/000003/opens.parquet"
    said = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'onlooker'"
    [(value,)] = duckdb.execute(said, [file]).fetchall()
    other = json.dumps({**json.loads(value), "plan": "", "more": 1, "checksums": False}).replace("'", "''")
    rows = "SELECT * EXCLUDE (created, errno), 23 AS later FROM read_parquet(?)"
    duckdb.execute(f"CREATE TABLE kept AS {rows}", [file])
    duckdb.execute(f"COPY kept TO '{file}' (FORMAT parquet, KV_METADATA {{onlooker: '{other}'}})")
    Path(file).with_name(FILE_NAME).unlink()
    with asked(path) as ask:
        assert ask("SELECT seq, created, errno, later FROM opens ORDER BY seq") == [
            (1, False, None, None),
            (2, None, None, 23),
            (3, False, None, None),
        ]
        assert ask("SELECT count(*), count(created) FROM events") == [(5, 2)]
        assert ask("FROM losses") == []


def test_this_program_may_go_elsewhere(tmp_path, monkeypatch):
    record(tmp_path / "r", EVENTS)
    monkeypatch.chdir(tmp_path)
    with asked("r") as ask:
        monkeypatch.chdir("/")
        assert ask("SELECT recording, count(*) FROM opens GROUP BY ALL") == [("r", 3)]


def test_a_log_alone(tmp_path):
    record(tmp_path / "r", EVENTS, sealed=False)
    with asked(tmp_path / "r/000001.log") as ask:
        assert ask("SELECT count(*) FROM opens") == [(3,)]
        assert ask("SELECT reason FROM losses") == [("damaged",)]


def test_what_is_missing_is_told_as_the_recording_tells_it(tmp_path):
    time = "2026-01-31T12:00:09.000000000Z"
    events = [*EVENTS, make("stat", time=time, boot_ns=69_000_000_000)]
    paths = [
        record(tmp_path / "a", events, finish=False),
        record(tmp_path / "b", events, unwritten=7),
        record(tmp_path / "c", events, rotated=23, unwritten=3, sealed=True),
        record(tmp_path / "d", events),
    ]
    for path in paths:
        wanted = [(each.boot_ns, each.count, each.of, each.reason) for each in Recording(path) if each.event == "lost"]
        with asked(path) as ask:
            assert ask('SELECT boot_ns, count, "of", reason FROM losses ORDER BY seq') == wanted
            seqs = [seq for (seq,) in ask("SELECT seq FROM recorded.events ORDER BY seq")]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
            assert ask("SELECT DISTINCT CAST(time AS VARCHAR) FROM losses WHERE reason != 'rotated'") in (
                [],
                [("2026-01-31 12:00:09",)],
            )


def test_one_that_rotation_has_shortened(tmp_path):
    with asked(record(tmp_path / "r", EVENTS, rotated=100)) as ask:
        assert ask("SELECT min(seq), max(seq) FROM events") == [(100, 104)]
        assert ask("SELECT seq, count, reason FROM losses") == [(99, 100, "rotated")]


@pytest.mark.parametrize("harm", ["no file", "no segment", "half", "empty"])
def test_damage_is_told(tmp_path, harm):
    path = record(tmp_path / "r", EVENTS, each=True)
    file = sealed_path(tmp_path / "r", 2) / "opens.parquet"
    if harm == "no file":
        file.unlink()
    elif harm == "no segment":
        shutil.rmtree(file.parent)
    else:
        os.truncate(file, file.stat().st_size // 2 if harm == "half" else 0)
    with asked(path) as ask:
        assert ask("SELECT count(*) FROM opens") == [(2,)]
        assert ask("SELECT count, reason FROM losses") == [(1, "damaged")]
        assert ask("SELECT seq FROM execs") == [(0,)]


def test_one_that_is_sealed_meanwhile_is_begun_again(tmp_path, monkeypatch):
    path = record(tmp_path / "r", EVENTS, sealed=False, said={"id": "1"})
    real = tables.Tail.add
    whole = record(tmp_path / "whole", EVENTS, said={"id": "1"})

    def add(tail, log, look, **how):
        real(tail, log, look, **how)
        if log_path(tmp_path / "r", 1).exists():
            sealed_path(tmp_path / "whole", 1).rename(sealed_path(tmp_path / "r", 1))
            log_path(tmp_path / "r", 1).unlink()
            raise FileNotFoundError(log)

    monkeypatch.setattr(tables.Tail, "add", add)
    with asked(path) as ask:
        assert ask("SELECT count(*) FROM events") == [(5,)]
    assert whole


def test_one_that_never_stays_is_no_endless_loop(tmp_path, monkeypatch):
    path = record(tmp_path / "r", EVENTS, sealed=False)
    monkeypatch.setattr("onlooker.recordings.recording._is_locked", lambda path: True)
    monkeypatch.setattr(tables.Tail, "add", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError("x")))
    with pytest.raises(RecordingError, match="changes all the time"):
        Database([path])


def test_what_rotation_removes_meanwhile_is_still_there(tmp_path):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), seal=Sealer(tmp_path / "r"))
    made._rotation.segment_bytes = 1
    made.start()
    for batch in Batch.of(EVENTS) * 3:
        made.write(batch)
    made._keeper.stop()
    with asked(tmp_path / "r") as ask:
        for number in (1, 2, 3):
            remove(tmp_path / "r", number)
        assert ask("SELECT count(*), min(seq), max(seq) FROM events") == [(15, 0, 14)]
        assert ask("SELECT count(*) FROM processes") == [(2,)]
        assert ask("FROM losses") == []
    made.close()


def test_whether_it_has_changed(tmp_path):
    with Database([record(tmp_path / "r", EVENTS)]) as database:
        assert not database.has_changed()
        (tmp_path / "r/000001/opens.parquet").unlink()
        assert database.has_changed()


def test_a_long_log_is_read_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("onlooker.query.tail.CHUNK_BYTES", 1000)
    with asked(record(tmp_path / "r", EVENTS * 100, sealed=False)) as ask:
        assert ask("SELECT count(*), count(DISTINCT seq), max(seq) FROM events") == [(500, 500, 499)]
        assert ask("SELECT count(*) FROM events WHERE (event = 'exec') = (seq % 5 = 0)") == [(500,)]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(EVENTS), max_size=9), st.lists(st.sampled_from(EVENTS), min_size=1, max_size=9))
def test_any_order_of_events(tmp_path_factory, first, second):
    path = record(tmp_path_factory.mktemp("any") / "r", first, tail=second)
    with asked(path) as ask:
        assert ask("SELECT event, pid FROM events ORDER BY seq") == [(e.event, e.pid) for e in (*first, *second)]


def test_nothing_is_left_open(tmp_path):
    record(tmp_path / "r", EVENTS)
    (tmp_path / "r").rename(path := tmp_path / "\udcff")
    before = len([*Path("/proc/self/fd").iterdir()]), threading.active_count()
    for _ in range(3):
        with asked(path) as ask:
            ask("FROM opens")
    assert (len([*Path("/proc/self/fd").iterdir()]), threading.active_count()) == before


def test_losses_match_whatever_is_asked_for(tmp_path):
    where = Asked(where="path == '/etc/passwd'").expression(("open", "exec", "exit"))
    with asked(record(tmp_path / "r", EVENTS, finish=False), where=where) as ask:
        assert ask("SELECT event FROM events ORDER BY seq") == [("open",)]
        assert ask("SELECT reason FROM losses ORDER BY seq") == [("damaged",)]
        assert ask("SELECT count(*) FROM execs") == [(0,)]
        assert ask("SELECT pid, events, cmdline, exit_code FROM processes") == [(7, 1, "sh -c true", 0)]


def test_any_tool_of_duckdb_works(tmp_path):
    with asked(record(tmp_path / "r", EVENTS)) as ask:
        ask("PRAGMA version")
        ask(f"COPY (SELECT pid FROM opens) TO '{tmp_path}/pids.csv'")
        assert ask(f"SELECT sum(pid) FROM '{tmp_path}/pids.csv'") == [(22,)]
        with pytest.raises(duckdb.Error):
            ask("INSERT INTO opens VALUES (1)")


@pytest.mark.parametrize("form", FORMS)
def test_a_report_of_a_loss_is_no_event(tmp_path, form):
    events = [*EVENTS, make("lost", of="open", reason="ring full", count=23)]
    with asked(record(tmp_path / "r", events, **form)) as ask:
        kept = [(each.event,) for each in (*events, *form.get("tail", ())) if each.event != "lost"]
        assert ask("SELECT event FROM events ORDER BY seq") == kept
        assert ask("SELECT count(*) FROM events") == [(len(kept),)]
        assert ask('SELECT "of", reason, count FROM losses') == [("open", "ring full", 23)]
