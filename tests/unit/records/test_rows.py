"""Columns back to records: the same, byte for byte; and nothing that no record can hold."""

import gc

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch, UsageError
from onlooker.events import TASK_EVENTS
from onlooker.records import NUMBERS
from onlooker.records.rows import merged, records_of
from onlooker.records.table import TableBuilder
from onlooker.schema.columns import table_of
from onlooker.testing import make

from .. import hostile
from ..made_records import batch, record
from . import arrow
from .arrow import resident_kib
from .producer import Made, column, made
from .raw_values import OFFSETS, raws

EVENTS = [make(event) for event in TASK_EVENTS]
LOSS = hostile.Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full")


class Once:
    """DuckDB's result as a stream; the query may name `rows`."""

    def __init__(self, query, connection=None, rows=None):
        self.relation = (connection or duckdb.connect()).sql(query)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.relation.__arrow_c_stream__()


def tables(batches):
    """The tables of batches, by their event."""
    found = {}
    for event in NUMBERS:
        builder = TableBuilder(table_of(event), seq=0)
        for each in batches:
            builder.add(each)
        if len(builder):
            found[event] = builder.take()
    return found


def same(batches):
    return [(each.data, each.offset_ns) for each in batches]


@settings(max_examples=25, deadline=None)
@given(st.lists(hostile.events, max_size=12))
def test_what_comes_back_is_the_same(tmp_path_factory, events):
    """Through Parquet."""
    batches, parts = Batch.of(events), []
    for event, rows in tables(batches).items():  # noqa: B007
        file = tmp_path_factory.getbasetemp() / f"{event}.parquet"
        duckdb.connect().execute(f"COPY (FROM rows) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        parts.append(records_of(event, Once(f"FROM '{file}'")))
    assert same(merged(parts)) == same(batches)


@pytest.mark.parametrize("event", TASK_EVENTS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_record_is_the_same_event(event, data):
    """The spans of a record that the kernel wrote may lie elsewhere."""
    given_raws = data.draw(st.lists(raws(event), min_size=1, max_size=4))
    one = Batch.checked(batch(*(record(event, each) for each in given_raws)), data.draw(OFFSETS), 0)
    [back] = merged([records_of(event, one.table(table_of(event)))])
    assert back.offset_ns == one.offset_ns
    assert back.events() == one.events()
    again = records_of(event, back.table(table_of(event)))
    assert again.data == back.data


@pytest.mark.parametrize(("setting", "form"), [("arrow_large_buffer_size", "U"), ("produce_arrow_string_view", "vu")])
def test_duckdbs_other_forms(setting, form):
    """Offsets of 64 bits, and views."""
    long = "/a/long/path/that/is/in/no/view"
    [one] = Batch.of([*EVENTS, make("open", path=long), make("exec", argv=(long, "\udcff", ""), path="\udcfe" * 20)])
    connection = duckdb.connect()
    connection.execute(f"SET {setting} = true")
    connection.execute("SET arrow_output_version = '1.4'")
    assert form in [each[0] for each in arrow.described_stream(Once("FROM rows", connection, one)).values()]
    for event in TASK_EVENTS:
        rows = Once("FROM rows", connection, one.table(table_of(event)))
        assert records_of(event, rows).data == one.select(event).data


def test_the_wide_table_has_all():
    [one] = Batch.of([*EVENTS, make("open", path="/\udcff")])
    for event in TASK_EVENTS:
        rows = Once(f"FROM one WHERE event = '{event}'", namespace_of(one))
        assert records_of(event, rows).data == one.select(event).data


def namespace_of(one):
    connection = duckdb.connect()
    connection.execute("CREATE TABLE one AS FROM one")
    return connection


def test_losses_come_back():
    [one] = Batch.of([LOSS])
    assert same(merged([records_of("lost", one.table("losses"))])) == same([one])


def test_the_order_is_that_of_the_numbers():
    parts = []
    for event, seqs in (("open", [0, 3, 4, 9]), ("exec", [1, 2, 9]), ("fork", [])):
        parts.append(records_of(event, made({"seq": ("L", seqs), "syscall": ("u", [b"openat"] * len(seqs))})))
        assert parts[-1].seqs == seqs
    found = [event.event for each in merged(parts) for event in each]
    assert found == ["open", "exec", "exec", "open", "open", "open", "exec"]
    assert list(merged([])) == []


def test_batches_have_one_clock_and_a_size():
    times = {"boot_ns": ("L", [1, 2, 3, 4]), "time": ("tsn:", [11, 12, 23, 24]), "syscall": ("u", [b"open"] * 4)}
    part = records_of("open", made(times))
    assert part.offsets == [10, 10, 20, 20]
    assert [(len(each), each.offset_ns) for each in merged([part])] == [(2, 10), (2, 20)]
    assert [len(each) for each in merged([part], 1)] == [1, 1, 1, 1]


def test_rows_that_are_not_in_order():
    part = records_of("exec", made({"seq": ("L", [2, 1])}))
    with pytest.raises(UsageError, match="not in the order of seq"):
        list(merged([part]))


def test_what_is_missing_is_absent_or_empty():
    [one] = Batch(records_of("open", made({"syscall": ("u", [b"creat"])})).data, 0)
    assert one == make("open", syscall="creat", time="1970-01-01T00:00:00.000000000Z", path="", fd=None, dirfd=None,
                       boot_ns=0, pid=0, tid=0, ppid=0, uid=0, gid=0, comm="", start_ns=0, cgroup_id=0,
                       ns_pid=0)  # fmt: skip
    absent = {"argv": ("+lu", [None]), "path": ("u", [None]), "path_bytes": ("n", [None]), "cut": ("+lu", [None])}
    [one] = Batch(records_of("exec", made({**absent, "pid": ("I", [None]), "unknown": ("e", [])})).data, 0)
    assert (one.argv, one.path, one.cut, one.pid) == ((), "", (), 0)
    part = records_of("exec", made({"pid": ("I", [1, 2, 3])}))
    assert part.seqs == [0, 1, 2] and len(part) == 3
    assert records_of("exec", made({})).data == b""


def test_a_wall_clock_alone():
    """Then all rows have the same offset, so they are one batch."""
    part = records_of("exec", made({"time": ("tsn:", [7, 8, None])}))
    [one] = merged([part])
    assert one.offset_ns == 0
    assert [event.boot_ns for event in one] == [7, 8, 0]


def test_the_bytes_win():
    texts = {"path": ("u", [b"/\xef\xbf\xbd"] * 2), "path_bytes": ("z", [b"/\xff", None])}
    lists = {"argv": ("+lu", [[b"x"]] * 2), "argv_bytes": ("+lz", [[b"\xfe", b""], None])}
    found = Batch(records_of("exec", made(texts | lists)).data, 0).events()
    assert [(event.path, event.argv) for event in found] == [("/\udcff", ("\udcfe", "")), ("/\ufffd", ("x",))]


def test_rows_from_somewhere_on():
    """Arrays that are a part of others: of the table, and of each column."""
    values = [b"/%d" % i for i in range(20)]
    path, argv, pid = column("u", values), column("+lu", [[each] for each in values]), column("S", range(20))
    for each in (path, argv, pid):
        each.offset, each.length = 2, 18
    one = Batch(records_of("exec", Made([("path", path), ("argv", argv), ("pid", pid)], 4, 3)).data, 0).events()
    assert [(event.path, event.argv, event.pid) for event in one] == [(f"/{i}", (f"/{i}",), i) for i in range(5, 9)]


WRONG = {
    "pid, of Arrow's type 'u'": {"pid": ("u", [b"1"])},
    "pid, of Arrow's type 'g'": {"pid": ("g", [1])},
    "path, of Arrow's type 'z'": {"path": ("z", [b"/"])},
    "path_bytes, of Arrow's type 'u'": {"path_bytes": ("u", [b"/"])},
    "flags, of Arrow's type": {"flags": ("u", [b"O_RDONLY"])},
    "flags, of": {"flags": ("+lI", [[1]])},
    "time, of Arrow's type 'l'": {"time": ("l", [1])},
    "seq, of": {"seq": ("u", [b"1"])},
    "value of open.seq in row 1": {"seq": ("l", [0, -1]), "syscall": ("u", [b"open"] * 2)},
    "value of open.pid in row 0": {"pid": ("l", [-1])},
    "value of open.pid in": {"pid": ("L", [2**32])},
    "value of open.fd in": {"fd": ("l", [2**31])},
    "open.fd": {"fd": ("l", [-(2**31) - 1])},
    "open.fd in row": {"fd": ("i", [-1])},  # which means that there is none
    "open.inode": {"inode": ("L", [0])},
    "open.syscall: 'fork'": {"syscall": ("u", [b"fork"])},
    "open.syscall: ''": {"syscall": ("u", [b""])},
    "open.syscall: 'open, '": {"syscall": ("u", [b"open\0"])},
    "no value of open.syscall in row 0": {"pid": ("I", [1])},
    "open.errno: 'NONSENSE'": {"errno": ("u", [b"NONSENSE"])},
    "open.errno: '\ufffd'": {"errno": ("u", [b"\xff"])},
    "open.errno in": {"errno": ("u", [b"65536"])},
    "open.errno in row": {"errno": ("u", [b"0"])},
    "open.errno: 0x": {"errno": ("u", [b"9" * 100])},
    "open.errno: '9": {"errno": ("u", [b"9" * 5000])},
    "open.flags: 'O_RDONLY, O_NONSENSE'": {"flags": ("+lu", [[b"O_RDONLY", b"O_NONSENSE"]])},
    "open.flags: '0xg'": {"flags": ("+lu", [[b"0xg"]])},
    "open.flags: 0x1ff": {"flags": ("+lu", [[b"0x1" + b"f" * 16]])},
    "open.flags in row 0": {"flags": ("+lu", [[None]])},
    "open.flags in": {"flags": ("+lu", [[b"O_RDONLY\0O_CREAT"]])},
    "open.cut: 'fork'": {"cut": ("+lu", [[b"fork"]])},
    "open.comm": {"comm": ("u", [b"x" * 17])},
    "open.comm in": {"comm": ("u", [b"x\0"])},
    "open.real_path": {"real_path": ("u", [b"/a\0b"])},
    "open.joined_path": {"joined_path": ("u", [b"/a/b"]), "path": ("u", [b"c"])},
    "open.joined_path in": {"joined_path": ("u", [b"//b"]), "path": ("u", [b"b"])},
    "open.joined_path in row": {"joined_path": ("u", [b"//b"]), "path": ("u", [b"/b"])},
    "open.joined_path in row 0": {"joined_path": ("u", [b"/a\0/b"]), "path": ("u", [b"b"])},
    "exec.argv": {"argv": ("+lu", [[b"a\0"]])},
    "exec.argv in": {"argv": ("+lu", [[b"a", None]])},
    "exec is too long in row 0": {"argv": ("+lu", [[b"a" * (64 << 20)]])},
}


@pytest.mark.parametrize("message", WRONG)
def test_values_that_no_record_can_hold(message):
    columns = WRONG[message]
    event = "exec" if "exec" in message else "open"
    if event == "open" and "syscall" not in columns and "no value" not in message:
        columns = {"syscall": ("u", [b"open"]), **columns}
    stream = made(columns)
    with pytest.raises(UsageError) as caught:
        records_of(event, stream)
    assert message in str(caught.value)
    assert str(caught.value).startswith(("not a ", "no value", "a record of"))
    assert not stream.stream.release


def test_columns_that_make_no_sense():
    twice = Made([("path", column("u", [b"a"])), ("path", column("u", [b"a"]))], 1)
    with pytest.raises(UsageError, match="path"):
        records_of("exec", twice)
    of_numbers = column("C", [1])
    of_numbers.has_dictionary = True
    with pytest.raises(UsageError, match="path, of"):
        records_of("exec", Made([("path", of_numbers)], 1))
    short = Made([("path", column("u", [b"a"]))], 2)
    with pytest.raises(UsageError, match="columns that make no sense"):
        records_of("exec", short)
    assert short.released == 1


@pytest.mark.filterwarnings("ignore:memory leak in callback function")  # where ctypes returns a string
def test_the_streams_error():
    stream = made({"pid": ("I", [1])})
    stream.error = b"no such \x1bthing"
    with pytest.raises(UsageError, match=r"can't be read: no such \\x1bthing$"):
        records_of("exec", stream)

    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise RuntimeError("not\nthere")

    with pytest.raises(UsageError, match=r"can't be read: not\\nthere$"):
        records_of("exec", Broken())
    rows = tables(Batch.of(EVENTS))["exec"]
    records_of("exec", rows)
    with pytest.raises(UsageError, match="read already"):
        records_of("exec", rows)
    with pytest.raises(UsageError, match="unknown event 'opens'"):
        records_of("opens", rows)


def test_memory_does_not_grow():
    """Whether all is read, or the first row is refused, or a later one."""
    [one] = Batch.of([make("exec", argv=("a b", "\udcff"), path=f"/{i}", cwd="/x") for i in range(500)])
    wrong = {"path": ("u", [b"a"] * 500), "cwd": ("u", [b"/b"] * 499 + [b"\0"])}

    def build(times):
        for _ in range(times):
            part = records_of("exec", one.table("execs"))
            assert len(next(merged([part]))) == 500
            for columns in (wrong, {"path": ("u", [b"a"]), "pid": ("u", [b"b"])}):
                with pytest.raises(UsageError):
                    records_of("exec", made(columns))
        gc.collect()

    build(20)
    before = resident_kib()
    build(300)
    assert resident_kib() - before < 4096  # one table takes 300 KiB


def test_names_are_asked_for_once(monkeypatch):
    """And again where there are too many to remember."""
    asked = []
    real = "onlooker.records.rows._number_of"
    monkeypatch.setattr(real, lambda _event, _step, raw: asked.append(raw) or int(raw))
    errnos = [b"%d" % (1 + i % 2500) for i in range(5000)]
    part = records_of("exec", made({"errno": ("u", errnos)}))
    assert [event.errno for event in Batch(part.data, 0)][:3] == ["EPERM", "ENOENT", "ESRCH"]
    assert 2500 < len(asked) <= 5000
    asked.clear()
    records_of("exec", made({"errno": ("u", [b"%d" % (1 + i % 20) for i in range(5000)])}))
    assert len(asked) == 20
