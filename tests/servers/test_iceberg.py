"""A lake as an Iceberg table, by SeaweedFS's REST catalogue."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyiceberg.catalog.rest import RestCatalog

from onlooker.cli.main import main
from onlooker.collect.retry import Retry
from onlooker.errors import UsageError
from onlooker.lake import store, writer_of
from onlooker.lake.aside import Aside
from onlooker.lake.iceberg import Catalogue, IcebergWriter
from onlooker.lake.iceberg_merge import MOST_AGE, Merger
from onlooker.lake.iceberg_reader import IcebergReader
from onlooker.lake.rows import is_lake, reader_of
from onlooker.lake.scope import Scope
from onlooker.lake.state import State
from onlooker.lake.store import LakeError, store_of
from onlooker.lake.tables import LakeTables
from onlooker.testing import make

from ..unit.collect.test_collector import messages as sent
from ..unit.lake.made import BEGAN, SECOND, held, messages
from .conftest import lake_in
from .running import KEYS, Server, make_tables


@pytest.fixture(scope="module")
def tables(s3: Server) -> Server:
    """S3 with a bucket of tables."""
    make_tables(s3)
    return s3


@pytest.fixture
def table(tables: Server, tmp_path: Path) -> str:
    """A table that is not there yet."""
    _, _, options = lake_in(tables, tmp_path, "unused").partition("?")
    login = tmp_path / "login"
    login.write_text(":".join(KEYS))
    name = f"security.t{os.urandom(4).hex()}"
    return f"iceberg+http://127.0.0.1:{tables.options['iceberg']}/{name}?warehouse=s3://tables&login={login}&{options}"


def counted(lake: str) -> list[tuple]:
    with LakeTables(lake, names={"events"}) as tables:
        asked = "SELECT count(*), count(DISTINCT (run, seq)), count(DISTINCT path) FROM events"
        return tables.connection.execute(asked).fetchall()


def test_each_message_is_in_the_table_once(table: str) -> None:
    assert is_lake(table)
    one, other = writer_of(table), writer_of(table)
    some = messages(7)
    assert one.commit(some[:4]) == some[:4]
    assert other.commit([some[2], some[5], some[5], some[3]]) == [some[5]]
    assert one.commit(some) == [some[4], some[6]]
    assert counted(table) == [(21, 21, 21)]
    with LakeTables(table, names={"opens", "coverage"}) as tables:
        kinds = tables.connection.execute("SELECT DISTINCT typeof(inode), typeof(time), host FROM opens").fetchall()
        assert kinds == [("UBIGINT", "TIMESTAMP_NS", "web1")]
        assert tables.connection.execute("SELECT whole FROM coverage").fetchall() == [(True,)]


def test_of_writers_at_once_each_message_is_taken_by_one(table: str) -> None:
    writer_of(table).close()
    some = messages(8)
    taken: list[int] = []

    def collect() -> None:
        own = writer_of(table)
        for at in range(0, 8, 2):
            taken.extend(each.head.seq for each in own.commit(some[at : at + 3]))

    threads = [threading.Thread(target=collect) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == list(range(1, 9))
    assert counted(table) == [(24, 24, 24)]


def test_any_program_reads_it_by_the_catalogue(table: str) -> None:
    writer_of(table).commit(messages(3))
    catalogue = Catalogue(table)
    catalogue.refresh()
    read = catalogue.table.scan(selected_fields=("host", "date", "event", "path", "inode")).to_arrow()
    assert read.num_rows == 9
    assert set(read["event"].to_pylist()) == {"open"}
    assert [each.name for each in catalogue.table.spec().fields] == ["date", "host"]


def test_what_makes_no_sense_is_put_aside_once(table: str) -> None:
    own = writer_of(table)
    own.commit(messages(1))
    aside = [Aside("stream-1", {"a": "b"}, b"\0\xff", "why"), Aside("stream-2", {}, b"", "why")]
    assert own.put_aside(aside) == 2
    assert own.put_aside(aside) == 0
    with LakeTables(table, names=set()) as tables:
        assert tables.notes == ["2 messages were put aside that made no sense: --aside lists them"]
    some = sent(2)
    own.put_aside([*(Aside(each.head.id, each.head.headers(), each.payload, "no plan") for each in some)])
    for taken, before in ((2, 0), (0, 0)):
        retry = Retry(own)
        retry.run()
        assert retry.counts == Counter(messages=taken, records=taken, duplicates=before, left=2)
    with LakeTables(table, names={"aside", "opens"}) as tables:
        asked = "SELECT name, why, bytes FROM aside ORDER BY name"
        assert tables.connection.execute(asked).fetchall() == [
            ("stream-1", "it has no header of onlooker", 2),
            ("stream-2", "it has no header of onlooker", 0),
        ]


def test_small_files_become_one_while_others_append(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = writer_of(table), writer_of(table)
    some = messages(6)
    for each in some[:4]:
        own.commit([each])
    catalogue = Catalogue(table)
    merger, tried = Merger(catalogue), list[int]()
    refresh = catalogue.refresh

    def refresh_and_append() -> State:  # the merger decides, another one commits, and the catalogue refuses the merger
        state = refresh()
        if len(tried) == 1:
            other.commit(some[4:5])
        tried.append(state.number)
        return state

    monkeypatch.setattr(catalogue, "refresh", refresh_and_append)
    assert merger.run(least_files=3) == 4
    assert tried == [4, 4, 5]
    assert len(catalogue.tasks()) == 2
    assert counted(table) == [(15, 15, 15)]
    assert [own.commit(some), own.commit(some)] == [some[5:], []]
    assert counted(table) == [(18, 18, 18)]
    with LakeTables(table, names={"coverage"}) as tables:
        assert tables.connection.execute("SELECT whole FROM coverage").fetchall() == [(True,)]
    read = catalogue.table.scan(selected_fields=("path", "inode", "date")).to_arrow()  # as any program does
    assert len(set(read["path"].to_pylist())) == 15


def test_of_two_that_merge_the_same_one_wins(table: str) -> None:
    own = writer_of(table)
    for each in messages(3):
        own.commit([each])
    found: list[int] = []
    mergers = [Merger(Catalogue(table)) for _ in range(2)]
    threads = [threading.Thread(target=lambda each=each: found.append(each.run(least_files=2))) for each in mergers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 3]
    assert counted(table) == [(9, 9, 9)]


KILLED = """
import os, signal, sys
from pyiceberg.table import Table
from onlooker.lake.iceberg import Catalogue
from onlooker.lake.iceberg_merge import Merger
commit = Table._do_commit
def die(*given, **named):
    if sys.argv[2] == "after":
        commit(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
Table._do_commit = die
Merger(Catalogue(sys.argv[1])).run(least_files=2)
"""


@pytest.mark.parametrize(("when", "files"), [("before", 2), ("after", 1)])
def test_a_merger_that_is_killed_leaves_all_events_once(table: str, when: str, files: int) -> None:
    own, some = writer_of(table), messages(3)
    for each in some[:2]:
        own.commit([each])
    ended = subprocess.run([sys.executable, "-c", KILLED, table, when], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]
    catalogue = Catalogue(table)
    catalogue.refresh()
    assert len(catalogue.tasks()) == files
    assert own.commit(some) == some[2:]
    assert Merger(catalogue).run(least_files=2) == files + 1
    assert counted(table) == [(9, 9, 9)]


def test_a_commit_whose_answer_is_lost_on_the_way_counts(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends the request again, as a proxy may, is told of a conflict with the first."""
    writer_of(table)
    commit, tried = RestCatalog.commit_table, list[int]()

    def commit_twice(*given: Any) -> None:
        tried.append(len(given))
        commit(*given)
        commit(*given)

    monkeypatch.setattr(RestCatalog, "commit_table", commit_twice)
    own, some = writer_of(table), messages(3)
    assert [own.commit([each]) for each in some] == [[each] for each in some]
    assert Merger(Catalogue(table)).run(least_files=2) == 3
    assert len(tried) == 4
    assert counted(table) == [(9, 9, 9)]


def test_old_snapshots_go_with_the_files_that_only_they_had(table: str) -> None:
    own = writer_of(table)
    for each in messages(3):
        own.commit([each])
    catalogue = Catalogue(table)
    merger = Merger(catalogue)
    catalogue.refresh()
    small = [each.file.file_path for each in catalogue.tasks()]
    merger.run(least_files=2)
    assert merger.expire(grace=-1) == 0  # they are not an hour old
    with catalogue.table.transaction() as change:
        change.set_properties({MOST_AGE: "0"})
    assert merger.expire(grace=600) == 0  # whatever its clock says, this program has not seen it so long
    own.commit(messages(4)[3:])
    assert merger.expire(grace=-1) == 4
    catalogue.refresh()
    assert len(catalogue.table.snapshots()) == 1
    assert not any(catalogue.table.io.new_input(each).exists() for each in small)
    assert counted(table) == [(12, 12, 12)]


def test_a_part_is_asked_and_a_file_that_is_gone_is_said(
    table: str, lake: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in (table, lake):  # in Iceberg, and in S3 by our own log
        check_part(name, capfd)


def check_part(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    own = writer_of(name)
    for day in (15, 16):
        opened = make("open", path="/srv/x", time=f"2026-01-{day}T12:00:00Z")
        own.commit([held(1, [opened] * day, run=BEGAN + day * SECOND, last=True, boot=str(day))])
    own.commit(messages(1, host="web2"))
    part = Scope(hosts=("web1",), since_ns=1_768_521_600 * SECOND)  # 2026-01-16
    with LakeTables(name, names={"events"}, scope=part) as tables:
        assert len(tables._reader.files) == 1
        assert tables.connection.execute("SELECT count(*) FROM events").fetchall() == [(16,)]
    reader = reader_of(name, Scope(hosts=("web2",)))
    [gone] = reader.files
    if isinstance(reader, IcebergReader):
        reader._catalogue.table.io.delete(gone.name)
    else:
        store_of(name).delete([gone.name])
    assert main(["query", name, "SELECT count(*) AS n FROM events", "--output-format", "json"]) == 1
    out, err = capfd.readouterr()
    assert out == '{"n":31}\n'
    assert f"the file '{gone.name}' is missing: the answer lacks its 3 records" in err
    assert main(["query", name, "--complete"]) == 1
    assert "3 events are missing" in capfd.readouterr().err


def test_a_table_that_is_not_there_is_said(table: str) -> None:
    with pytest.raises(UsageError, match="there is no table"):
        LakeTables(table)


def test_a_catalogue_that_is_not_reached_is_said_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(LakeError, match="can't read the table"):
        IcebergWriter("iceberg+http://127.0.0.1:1/a.b")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("kind", ["s3", "iceberg"])
def test_a_server_that_stalls_while_it_is_asked_is_said(
    table: str, tables: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    lake = table if kind == "iceberg" else lake_in(tables, tmp_path, tmp_path.name)
    own = writer_of(lake)
    own.commit(messages(2))
    own.close()
    monkeypatch.setattr(store, "READ_SECONDS", 1)
    with LakeTables(lake, names={"opens"}) as asked:
        tables.pause()
        try:
            with pytest.raises((duckdb.Error, OSError)) as error:
                asked.connection.execute("SELECT count(path) FROM opens").fetchall()
            failure = asked.failure(error.value)
            assert failure
            assert str(failure).endswith(": the server did not answer for 1 s")
            assert failure.hint
            with pytest.raises(LakeError, match="the server did not answer for 1 s"):
                LakeTables(lake, names={"opens"})
        finally:
            tables.go_on()
    with LakeTables(lake, names={"opens"}) as asked:
        assert asked.connection.execute("SELECT count(path) FROM opens").fetchall() == [(6,)]
