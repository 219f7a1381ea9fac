"""A lake as an Iceberg table, by SeaweedFS's REST catalogue."""

import os
import threading
import time
from pathlib import Path

import pytest

from onlooker.errors import UsageError
from onlooker.lake import writer_of
from onlooker.lake.iceberg import Catalogue, IcebergWriter
from onlooker.lake.rows import is_lake
from onlooker.lake.store import LakeError
from onlooker.lake.tables import LakeTables
from onlooker.lake.unpacking import Aside

from ..unit.lake.made import messages
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
        assert tables.notes == ["2 messages were put aside that made no sense"]


def test_a_table_that_is_not_there_is_said(table: str) -> None:
    with pytest.raises(UsageError, match="there is no table"):
        LakeTables(table)


def test_a_catalogue_that_is_not_reached_is_said_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(LakeError, match="can't read the table"):
        IcebergWriter("iceberg+http://127.0.0.1:1/a.b")
    assert time.monotonic() - began < 20
