"""Columns: each holds what the event object says, and who takes them can do with them what Arrow allows."""

import gc
import threading

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch, Batches, FakeSource, Monitor, UsageError
from onlooker.events import TASK_EVENTS
from onlooker.records import NUMBERS, PLAN
from onlooker.records._records import Columns, pulled
from onlooker.records.table import TableBuilder, table_plan
from onlooker.schema.columns import columns_of, table_of, wide_columns
from onlooker.testing import make

from .. import hostile
from ..made_records import batch, record
from . import arrow
from .column_values import row
from .raw_values import OFFSETS, raws

COLUMNS = {event.name: columns_of(event) for event in PLAN.events}
WIDE = wide_columns(PLAN)
EVENTS = [make(event) for event in TASK_EVENTS]


def check_tables(given_batch):
    """The wide table, and that of each event."""
    events = given_batch.events()
    assert arrow.rows(given_batch) == [row(event, WIDE) for event in events]
    for name in NUMBERS:
        of_kind = [event for event in events if event.event == name]
        assert arrow.rows(given_batch.table(table_of(name))) == [row(event, COLUMNS[name]) for event in of_kind]


@pytest.mark.parametrize("event", TASK_EVENTS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_record(event, data):
    given_raws = data.draw(st.lists(raws(event), min_size=1, max_size=4))
    given_batch = Batch.checked(batch(*(record(event, each) for each in given_raws)), data.draw(OFFSETS), 0)
    assert given_batch.counts() == {event: len(given_raws)}
    events = given_batch.events()
    assert arrow.rows(given_batch.table(table_of(event))) == [row(each, COLUMNS[event]) for each in events]
    assert arrow.rows(given_batch) == [row(each, WIDE) for each in events]


@settings(max_examples=40, deadline=None)
@given(st.lists(hostile.events, max_size=8))
def test_hostile_events(events):
    for given_batch in Batch.of(events):
        check_tables(given_batch)


def test_what_is_empty_is_not_absent():
    [found] = arrow.rows(Batch.of([make("open", flags=("O_RDONLY",), errno="ENOENT")])[0].table("opens"))
    assert (found["cut"], found["resolve"], found["unproven"], found["fd"]) == ([], [], False, None)
    [found] = arrow.rows(Batch.of([make("exec", argv=())])[0].table("execs"))
    assert (found["argv"], found["cmdline"], found["argv_bytes"]) == ([], "", None)


def test_a_time_before_1970_is_what_it_is():
    [made] = Batch.of([make("open", time="1970-01-01T00:00:00.000000005Z", boot_ns=0)])
    for offset in (-7, -(2**63)):
        [found] = arrow.rows(Batch(made.data, offset).table("opens"))
        assert found["time"] == offset


def test_no_rows():
    [made] = Batch.of([make("open")])
    assert arrow.rows(made.table("execs")) == []
    empty = Batch(b"", 0)
    assert arrow.rows(empty) == []
    assert list(arrow.chunks(empty.__arrow_c_stream__())) == []


def test_the_schema():
    [made] = Batch.of([make("open")])
    opens = arrow.schema_of(made.table("opens").__arrow_c_schema__())
    assert list(opens)[:3] == ["time", "boot_ns", "pid"]
    assert opens["time"] == ("tsn:", False) and opens["fd"] == ("i", True) and opens["flags"] == ("+lu", False)
    assert list(opens)[-4:] == ["comm_bytes", "path_bytes", "real_path_bytes", "joined_path_bytes"]
    wide = arrow.schema_of(made.__arrow_c_schema__())
    assert list(wide)[:3] == ["event", "time", "boot_ns"]
    assert wide["argv_bytes"] == ("+lz", True) and wide["mode"] == ("L", True)
    assert wide == arrow.schema_of(made.table("events").__arrow_c_schema__())


def test_tables_have_names():
    [made] = Batch.of([*EVENTS, make("open")])
    assert len(made.table("opens")) == 2 and len(made.table("events")) == len(made)
    with pytest.raises(UsageError, match="unknown table 'open'") as caught:
        made.table("open")
    assert "'opens'" in caught.value.hint


@settings(max_examples=40, deadline=None)
@given(st.lists(hostile.events, min_size=1, max_size=60), st.integers(0, 4000))
def test_chunks_are_split(events, most):
    """A chunk ends behind the block of rows in which a buffer has become too large: here behind each batch."""
    columns, wanted = Columns(table_plan("events"), 0, most), []
    for given_batch in Batch.of(events):
        columns.add(given_batch.raw, given_batch.offset_ns)
        wanted += [row(event, WIDE) for event in given_batch]
    assert len(columns) == len(wanted)

    class Taken:
        def __arrow_c_stream__(self):
            return columns.stream()

    assert arrow.rows(Taken()) == wanted
    assert len(columns) == 0 and arrow.rows(Taken()) == []


def test_many_rows_are_some_blocks():
    """More than a block has; their validity does not end with a byte."""
    given_batch, *_ = Batch.of([make("open", path=f"/{i}", fd=i) if i % 3 else make("exec") for i in range(5003)])
    check_tables(given_batch)
    columns = Columns(table_plan("opens"), 0, 1)
    columns.add(given_batch.raw, given_batch.offset_ns)
    sizes = [len(chunk["path"]) for chunk in arrow.chunks(columns.stream())]
    assert sizes == [1024, 1024, 1024, 263]


def test_a_builder_counts_all_events():
    batches = [Batch.of([make("open"), make("exec")])[0], Batch.of([make("exec")])[0], Batch.of([make("open")])[0]]
    found = {}
    for table in ("opens", "execs", "forks", "events"):
        builder = TableBuilder(table, seq=10)
        for each in batches:
            builder.add(each)
        assert builder.seq == 14
        rows = builder.take()
        found[table] = [each["seq"] for each in arrow.rows(rows)]
        assert len(rows) == len(found[table])
        with pytest.raises(UsageError, match="read already"):
            rows.__arrow_c_stream__()
    assert found == {"opens": [10, 13], "execs": [11, 12], "forks": [], "events": [10, 11, 12, 13]}


def test_each_batch_has_its_clock():
    [one], builder = Batch.of([make("open")]), TableBuilder("opens")
    for offset in (5, 7):
        builder.add(Batch(one.data, offset))
    boot_ns = one.events()[0].boot_ns
    assert [each["time"] - boot_ns for each in arrow.rows(builder.take())] == [5, 7]


def test_a_record_that_is_too_long():
    [one], builder = Batch.of([make("exec", argv=("x" * 65_000_000, "y" * 5_000_000))]), TableBuilder("execs")
    with pytest.raises(UsageError, match="too long"):
        builder.add(one)
    with pytest.raises(ValueError, match="earlier batch"):
        builder.add(one)


def test_duckdb_reads_them():
    events = [make("open", path="/caf\udce9", pid=7), make("open", errno="ENOENT", boot_ns=60_000_000_001,
              time="2026-01-31T12:00:00.000000001Z")]  # fmt: skip
    [made] = Batch.of(events)
    opens = made.table("opens")  # noqa: F841
    found = duckdb.connect().execute("SELECT path, path_bytes, pid, errno, epoch_ns(time), cut FROM opens").fetchall()
    assert found == [
        ("/caf\ufffd", b"/caf\xe9", 7, None, 1769860800000000000, []),
        ("/etc/fake.conf", None, 1234, "ENOENT", 1769860800000000001, []),
    ]
    assert duckdb.connect().execute("SELECT event, count(*) FROM made GROUP BY 1").fetchall() == [("open", 2)]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_parquet_gives_the_same(version, tmp_path):
    [made] = Batch.of([*EVENTS, make("exec", argv=("a b", "\udcff"), comm="\udcfe"), make("open", path="a\x01\n")])
    connection, file = duckdb.connect(), tmp_path / "events.parquet"
    connection.execute(f"COPY (FROM made) TO '{file}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION {version})")
    found = connection.execute(f"SELECT * REPLACE (epoch_ns(time) AS time) FROM '{file}'")
    names = [each[0] for each in found.description]
    assert [dict(zip(names, each, strict=True)) for each in found.fetchall()] == arrow.rows(made)


def test_another_thread_takes_the_stream():
    [made] = Batch.of(EVENTS)
    capsule, found = made.__arrow_c_stream__(), []
    thread = threading.Thread(target=lambda: found.extend(arrow.chunks(capsule)))
    thread.start()
    thread.join()
    assert found[0]["event"] == [event.event for event in EVENTS]


def test_a_child_outlives_its_array():
    """Who reads may move a column away, and release the rest."""
    [made] = Batch.of([make("open", path="/moved")])
    capsule = made.table("opens").__arrow_c_stream__()
    stream, array, child = arrow.Stream.from_address(arrow.POINTER(capsule, b"arrow_array_stream")), arrow.Array(), None
    assert stream.get_next(stream, array) == 0
    place = [column.name for column in COLUMNS["open"]].index("path")
    original = array.children[place].contents
    child = arrow.Array.from_buffer_copy(original)
    original.release = type(original.release)()
    array.release(array)
    stream.release(stream)
    assert arrow.values("u", child) == ["/moved"]
    child.release(child)
    assert not child.release and not array.release and not stream.release


def watching(events):
    return Monitor(events=["all"], source=FakeSource(events))


def test_a_monitor_is_a_stream():
    """A chunk for each batch, and none for one that the filter has emptied."""
    events = [make("open", boot_ns=1), make("exec", boot_ns=1), make("open", boot_ns=2), make("open", boot_ns=3)]
    with watching(events) as monitor:
        batches = monitor.batches()
        assert arrow.schema_of(batches.__arrow_c_schema__()) == arrow.schema_of(Batch(b"", 0).__arrow_c_schema__())
        found = list(arrow.chunks(batches.__arrow_c_stream__()))
    assert [len(chunk["event"]) for chunk in found] == [len(each) for each in Batch.of(events)]
    with watching(events) as monitor:
        batches = monitor.batches()
        assert len(next(batches)) == 2
        assert [each["boot_ns"] for each in arrow.rows(batches)] == [2, 3]
        assert list(batches) == []


def test_a_monitor_runs_while_duckdb_reads():
    with watching(EVENTS) as monitor:
        batches = monitor.batches()  # noqa: F841
        found = duckdb.connect().execute("SELECT event FROM batches").fetchall()
    assert [event for (event,) in found] == [event.event for event in EVENTS]


def test_an_error_of_a_monitor_is_the_streams():
    batches = Monitor(source=FakeSource(EVENTS)).batches()
    stream = batches.__arrow_c_stream__()
    with pytest.raises(arrow.StreamError, match="UsageError: the monitor is not started"):
        list(arrow.chunks(stream))
    batches = Monitor(source=FakeSource(EVENTS)).batches()
    with pytest.raises(duckdb.Error, match="the monitor is not started"):
        duckdb.connect().execute("FROM batches")


def test_memory_does_not_grow():
    """Whether a capsule is read, or the schema alone, or nothing."""
    [made] = Batch.of([make("exec", argv=("a b", "\udcff"), path=f"/{i}") for i in range(500)])
    few, _ = made.split(5)  # reading takes Python most of the time

    def build(times):
        for _ in range(times):
            made.__arrow_c_stream__()
            made.__arrow_c_schema__()
            arrow.schema_of(made.table("execs").__arrow_c_schema__())
            pulled(table_plan("events"), iter([made]))
            arrow.rows(Batches(iter([])))
            for _ in zip(range(1), arrow.chunks(few.__arrow_c_stream__()), strict=False):
                pass
        gc.collect()

    build(20)
    before = arrow.resident_kib()
    build(1000)
    assert arrow.resident_kib() - before < 4096  # one table takes 300 KiB
