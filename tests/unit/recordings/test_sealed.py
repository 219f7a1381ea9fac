"""What was sealed is read again as it was: the same records in the same order, or a word about what is missing."""

import json
import os
import shutil
from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from onlooker import Batch
from onlooker.query.tables import Database
from onlooker.recordings import writer
from onlooker.recordings.checksums import FILE_NAME, write_checksums
from onlooker.recordings.database import pattern, quoted
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.segments import log_path
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary
from onlooker.testing import make

from .. import hostile

EVENTS = [
    event
    for n in range(50)
    for event in (
        make("fork", child_pid=n + 1, comm="a\udcffb"),
        make("open", path=f"/srv/{n}", flags=("O_RDWR", "O_CREAT"), errno="EACCES" if n % 3 else None, cut=("path",)),
        make("exec", argv=("a b", "", f"{n}\udc80"), exe=f"/usr/bin/{n}", cwd="/"),
        make("lost", of="open", reason="ring full", count=n + 1),
        make("rename", path="a", new_path="../b", joined_path="/srv/a"),
    )
]


def write(path, events=EVENTS, **options):
    """Sealed, with a batch for each event."""
    made = RecordingWriter(path, Manifest.new(start=now()), seal=(sealer := Sealer(path)), **options)
    made.start()
    for event in events:
        for batch in Batch.of([event]):
            made.write(batch)
    made.finish(replace(made.manifest, end=End.of(Summary(shown=Counter(e.event for e in events)), now())))
    sealer.close()
    assert made.unsealed is None
    assert not list(path.glob("*.log"))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "r"
    before, writer.SEGMENT_BYTES = writer.SEGMENT_BYTES, 20_000
    try:
        write(path)
    finally:
        writer.SEGMENT_BYTES = before
    assert len(list(path.glob("0*"))) > 3
    return path


@pytest.fixture
def copied(sealed, tmp_path):
    return shutil.copytree(sealed, tmp_path / "it's a [copy]*")


def test_what_was_recorded_is_read(copied):
    assert list(Recording(copied)) == EVENTS


@pytest.mark.parametrize("name", ["~", "file:", "\\*", "a\\b", "s3:x", "\udcff", "k=v", "a?b"])
def test_whatever_its_name_is(sealed, tmp_path, monkeypatch, name):
    shutil.copytree(sealed, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert list(Recording(name)) == EVENTS
    with Database([name]) as database:
        assert database.connection.execute("SELECT count(*) FROM opens").fetchall() == [(50,)]


@settings(max_examples=12, deadline=None)
@given(st.lists(hostile.events, min_size=1, max_size=8))
def test_whatever_it_is(tmp_path_factory, events):
    path = tmp_path_factory.mktemp("any") / "r"
    write(path, events)
    assert list(Recording(path)) == events


def test_the_clock_may_step(tmp_path):
    events = [make("open", time=f"2026-01-31T1{n}:00:00.000000000Z", boot_ns=n) for n in (0, 5, 2, 2)]
    write(tmp_path / "r", events)
    assert list(Recording(tmp_path / "r")) == events


def missing(path):
    *found, last = Recording(path)
    assert (last.event, last.reason) == ("lost", "damaged")
    return [event for event in EVENTS if event not in found]


def test_a_file_that_is_missing_is_missed(copied):
    (copied / "000002/opens.parquet").unlink()
    assert {event.event for event in missing(copied)} == {"open"}


@pytest.mark.parametrize("size", [0, 1, 500])
def test_a_file_that_is_cut_is_left_out(copied, size):
    os.truncate(copied / "000002/execs.parquet", size)
    assert {event.event for event in missing(copied)} == {"exec"}


def test_a_file_of_something_else_is_left_out(copied):
    shutil.copy(copied / "000002/execs.parquet", copied / "000002/opens.parquet")
    assert {event.event for event in missing(copied)} == {"open"}
    (copied / "000002/later.parquet").write_bytes(b"x")
    assert {event.event for event in missing(copied)} == {"open"}


def test_a_segment_that_is_missing_is_missed(copied):
    shutil.rmtree(copied / "000002")
    assert len(missing(copied)) > 5


def test_an_empty_segment_is_damage(copied):
    for file in (copied / "000002").iterdir():
        file.unlink()
    assert len(missing(copied)) > 5


def test_half_of_a_seal_is_not_looked_at(copied):
    shutil.copytree(copied / "000002", copied / "000009.tmp")
    assert list(Recording(copied)) == EVENTS


def test_where_both_forms_are_there_the_events_come_once(copied, tmp_path):
    log_path(copied, 1).write_bytes(b"onlooker log 1\nseed")
    assert list(Recording(copied)) == EVENTS


def test_a_seal_meanwhile_changes_nothing(tmp_path):
    path = tmp_path / "r"
    made = RecordingWriter(path, Manifest.new(start=now()))
    for batch in Batch.of(EVENTS):
        made.write(batch)
    made.finish(replace(made.manifest, end=End.of(Summary(shown=Counter(e.event for e in EVENTS)), now())))
    found = Recording(path).batches()
    Sealer(path)(1, 0, made.manifest)
    assert [event for batch in found for event in batch] == EVENTS


def test_rotation_removes_sealed_segments(tmp_path):
    write(tmp_path / "r", EVENTS * 30, most_bytes=200_000)
    first, *found = Recording(tmp_path / "r")
    assert first.reason == "rotated"
    removed = len(EVENTS) * 30 - len(found)
    assert found == (EVENTS * 30)[removed:]
    assert first.count == sum(event.event != "lost" for event in (EVENTS * 30)[:removed])


@pytest.mark.parametrize("name", ["pid=42", "pid=42/seq=1"])
def test_a_directory_that_is_named_like_a_field(sealed, tmp_path, name):
    shutil.copytree(sealed, tmp_path / name / "r")
    assert list(Recording(tmp_path / name / "r")) == EVENTS


def rewrite(file, select, said=None):
    """The file with what `select` makes of its `rows`, with the same metadata or what `said` makes of it, and a
    checksum that is right.
    """
    with duckdb.connect() as connection:
        [(raw,)] = connection.execute(
            "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'onlooker'", [pattern(file)]
        ).fetchall()
        described = {**json.loads(raw), **(said or {})}
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet({quoted(pattern(file))})")
        file.unlink()
        metadata = quoted(json.dumps(described))
        connection.execute(
            f"COPY ({select}) TO {quoted(str(file))} (FORMAT parquet, KV_METADATA {{onlooker: {metadata}}})"
        ).fetchall()
    write_checksums(file.parent, [each.name for each in file.parent.glob("*.parquet")])


@pytest.mark.parametrize(
    "select",
    [
        "FROM rows UNION ALL (FROM rows LIMIT 1)",
        "FROM rows UNION ALL SELECT * REPLACE (seq + 1000 AS seq) FROM rows",
        "FROM rows LIMIT 1",
        "FROM rows ORDER BY seq DESC",
        "SELECT * REPLACE (NULL::UBIGINT AS seq) FROM rows",
        "SELECT * REPLACE (if(seq % 2 = 0, seq, NULL) AS seq) FROM rows",
        "SELECT * EXCLUDE (seq) FROM rows",
        "SELECT * REPLACE (seq + 1000 AS seq) FROM rows",
        "SELECT * REPLACE ('x' AS seq) FROM rows",
        "SELECT r.* FROM rows r, range(100000)",
    ],
)
def test_rows_that_are_not_as_they_were(copied, select):
    rewrite(copied / "000002/opens.parquet", select)
    assert {event.event for event in missing(copied)} == {"open"}


def test_two_events_with_one_number(copied):
    select = "SELECT * REPLACE (if(seq = 1, 2::UBIGINT, seq) AS seq) FROM rows ORDER BY seq"  # 2 is an execution
    rewrite(copied / "000001/opens.parquet", select)
    assert missing(copied) == []


@pytest.mark.parametrize(
    "said", [{"recording": "other"}, {"segment": 3}, {"first_seq": 10**9}, {"first_seq": -(10**18)}]
)
def test_a_file_of_another_recording_is_left_out(copied, said):
    rewrite(copied / "000002/opens.parquet", "FROM rows ORDER BY seq", said)
    if "first_seq" not in said:  # the first file says it for all
        assert {event.event for event in missing(copied)} == {"open"}
        return
    (copied / "000002/execs.parquet").unlink()
    (copied / "000002/forks.parquet").unlink()
    (copied / "000002/losses.parquet").unlink()
    assert {event.event for event in missing(copied)} >= {"open"}


def test_a_segment_that_is_there_twice(copied):
    last = max(copied.glob("0*"))
    shutil.copytree(last, copied / f"{int(last.name) + 1:06}")
    assert missing(copied) == []


def test_nobody_waits_for_a_fifo(copied):
    (copied / "000002/opens.parquet").unlink()
    os.mkfifo(copied / "000002/opens.parquet")
    assert {event.event for event in missing(copied)} == {"open"}


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_bit_that_is_wrong_is_no_wrong_value(sealed, tmp_path_factory, data):
    path = shutil.copytree(sealed, tmp_path_factory.mktemp("flip") / "r")
    file = data.draw(st.sampled_from(sorted((path / "000002").iterdir())))
    raw = bytearray(file.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(raw)
    *found, last = Recording(path)
    assert (last.event, last.reason) == ("lost", "damaged")
    assert all(event in EVENTS for event in found)
    table = {"opens": "open", "execs": "exec", "renames": "rename", "forks": "fork", "losses": "lost"}.get(file.stem)
    # where it is the name of a file in the checksums, that file has none and is left out
    assert file.name == FILE_NAME or {event.event for event in EVENTS if event not in found} <= {table}


def test_checksums_that_are_missing_are_missed(copied):
    (copied / "000002" / FILE_NAME).unlink()
    assert missing(copied) == []


def test_a_recording_of_an_older_version_has_none(copied):
    for segment in copied.glob("0*"):
        for file in segment.glob("*.parquet"):
            rewrite(file, "FROM rows ORDER BY seq", {"checksums": False})
        (segment / FILE_NAME).unlink()
    assert list(Recording(copied)) == EVENTS


@pytest.mark.parametrize("made", [b"", b"{", b"[" * 100_000, b'{"opens.parquet": {"bytes": -1, "crc32": 1e400}}'])
def test_checksums_that_are_none(copied, made):
    (copied / "000002" / FILE_NAME).write_bytes(made)
    assert missing(copied) == []


def test_names_of_segments_are_as_they_are_written(copied):
    for name in ("0000009", "9", "000000", "12345678901234567890", "00000\uff19", "+00009"):
        (copied / name).mkdir()
    assert list(Recording(copied)) == EVENTS
