"""A sealed segment: the same events, in files that any tool reads, and never half of them."""

import json
from collections import Counter

import duckdb
import pytest
from msgspec.structs import replace

from onlooker import Batch
from onlooker.recordings import seal, writer
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.segments import log_path, sealed_path
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary
from onlooker.testing import make

EVENTS = [
    event
    for n in range(9)
    for event in (
        make("open", path=f"/srv/it's/{n}", time=f"2026-01-31T12:00:00.{n:09}Z", boot_ns=n),
        make("exec", argv=("a b", f"{n}"), time=f"2026-01-31T12:00:00.{n:09}Z", boot_ns=n),
    )
]


def write(path, events=EVENTS):
    made = RecordingWriter(path, Manifest.new(start=now()), seal=(sealer := Sealer(path)))
    made.start()
    for event in events:
        for batch in Batch.of([event]):
            made.write(batch)
    made.finish(replace(made.manifest, end=End.of(Summary(shown=Counter(event.event for event in events)), now())))
    sealer.close()
    return made


def rows(path, table, columns):
    return duckdb.sql(f"SELECT {columns} FROM '{path}/*/{table}.parquet' ORDER BY seq").fetchall()


def said(path):
    [(_, value)] = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}') WHERE key = 'onlooker'").fetchall()
    return json.loads(value)


def test_any_tool_reads_it(tmp_path):
    made = write(tmp_path / "r")
    assert made.unsealed is None
    assert rows(tmp_path / "r", "opens", "seq, path, boot_ns") == [(2 * n, f"/srv/it's/{n}", n) for n in range(9)]
    assert rows(tmp_path / "r", "execs", "seq, argv, cmdline") == [
        (2 * n + 1, ["a b", f"{n}"], f"'a b' {n}") for n in range(9)
    ]
    assert sorted(entry.name for entry in (tmp_path / "r").iterdir()) == ["000001", "recording.json"]


def test_each_file_says_what_it_is_of(tmp_path):
    made = write(tmp_path / "r")
    found = said(tmp_path / "r/000001/opens.parquet")
    assert (found["recording"], found["segment"], found["first_seq"]) == (made.manifest.id, 1, 0)
    assert (found["events"], found["lost"], found["verdict"]) == ({"open": 9, "exec": 9}, [], "complete")


def test_only_its_owner_reads_it(tmp_path):
    write(tmp_path / "r")
    assert sealed_path(tmp_path / "r", 1).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "r/000001/opens.parquet").stat().st_mode & 0o777 == 0o600


def test_numbers_go_on_from_segment_to_segment(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 10_000)
    write(tmp_path / "r", EVENTS * 9)
    assert len(list((tmp_path / "r").glob("0*"))) > 3
    assert not list((tmp_path / "r").glob("*.log"))
    found = rows(tmp_path / "r", "opens", "seq") + rows(tmp_path / "r", "execs", "seq")
    assert sorted(found) == [(n,) for n in range(18 * 9)]


def test_where_it_can_not_be_sealed_the_log_stays(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seal, "sync_directory", fail)
    made = write(tmp_path / "r")
    assert isinstance(made.unsealed, OSError)
    assert sorted(entry.name for entry in (tmp_path / "r").iterdir()) == ["000001.log", "recording.json"]


@pytest.mark.parametrize("left", ["work/000001/opens.parquet", "work/000001/x"])
def test_what_a_kill_has_left_is_no_obstacle(tmp_path, left):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    made.write(Batch.of([make("open")])[0])
    made.close()
    (tmp_path / "r" / left).parent.mkdir(parents=True)
    (tmp_path / "r" / left).write_text("x")
    Sealer(tmp_path / "r")(1, 0, made.manifest)
    assert sorted(entry.name for entry in (tmp_path / "r").iterdir()) == ["000001", "recording.json", "work"]
    assert not list((tmp_path / "r/work").iterdir())
    assert not log_path(tmp_path / "r", 1).exists()


def test_who_does_not_wait_has_logs(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 10_000)
    path = tmp_path / "r"
    made = RecordingWriter(path, Manifest.new(start=now()), seal=(sealer := Sealer(path)))
    for event in EVENTS * 9:
        for batch in Batch.of([event]):
            made.write(batch)
    made.start()
    shown = Counter(event.event for event in EVENTS * 9)
    made.finish(replace(made.manifest, end=End.of(Summary(shown=shown), now())), lambda left: False)
    sealer.close()
    assert list(path.glob("*.log"))
    assert list(Recording(path)) == EVENTS * 9


def test_a_log_without_events_stays_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 1)
    for name, events in (("none", []), ("turned", EVENTS[:1])):
        write(tmp_path / name, events)
        assert list(Recording(tmp_path / name)) == events
    assert sorted(entry.name for entry in (tmp_path / "turned").iterdir()) == ["000001", "recording.json"]
