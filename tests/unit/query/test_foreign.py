"""Sealed files that somebody else made: no column of theirs is taken for ours, and a needed value that is missing is
damage.
"""

import duckdb
import pytest

from onlooker.errors import RecordingError
from onlooker.query.recording import Recording
from onlooker.recordings.checksums import write_checksums
from onlooker.recordings.database import quoted
from onlooker.testing import make

from .made import asked, record

EVENTS = [make("open", path=f"/srv/{n}", pid=3, boot_ns=n + 1, time=f"2026-01-31T12:00:00.{n:09}Z") for n in range(23)]


def rewritten(path, columns, table="opens", rows=""):
    """The same recording with other columns, and checksums that fit."""
    file = path / f"000001/{table}.parquet"
    with duckdb.connect() as run:
        ask = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'onlooker'"
        [(said,)] = run.execute(ask, [str(file)]).fetchall()
        new = file.with_suffix(".new")
        run.execute(
            f"COPY (SELECT {columns} FROM {quoted(str(file))}{rows}) TO {quoted(str(new))} "
            f"(FORMAT parquet, KV_METADATA {{onlooker: {quoted(said.decode())}}})"
        )
    new.rename(file)
    write_checksums(file.parent, [each.name for each in file.parent.glob("*.parquet")])


@pytest.fixture
def path(tmp_path):
    record(tmp_path / "r", EVENTS)
    return tmp_path / "r"


def losses(path):
    with asked(path) as run:
        return run("SELECT reason FROM losses")


@pytest.mark.parametrize("columns", ["*, FALSE AS wanted", "*, 'x' AS recording", "*, 1 AS later", "* EXCLUDE (errno)"])
def test_other_columns_change_nothing(path, columns):
    rewritten(path, columns)
    with asked(path) as run:
        assert run("SELECT count(*), count(DISTINCT seq), min(recording) FROM opens") == [(23, 23, str(path))]
        assert run("SELECT events FROM processes") == [(23,)]
    assert losses(path) == []
    assert len([*Recording(path)]) == 23


@pytest.mark.parametrize("name", ["seq", "time", "pid", "start_ns", "boot_ns"])
@pytest.mark.parametrize("how", ["* EXCLUDE ({0})", "* REPLACE (CASE WHEN seq != 7 THEN {0} END AS {0})"])
def test_what_lacks_a_needed_value_is_damaged(path, name, how):
    rewritten(path, how.format(name))
    with asked(path) as run:
        assert run("SELECT count(*) FROM opens") == [(0,)]
    assert losses(path) == [("damaged",)]
    assert [event.reason for event in Recording(path)] == ["damaged"]


@pytest.mark.parametrize("value", ["{'a': 1}", "'x'"])
def test_values_of_other_types_are_an_error_of_the_database(path, value):
    rewritten(path, f"* REPLACE ({value} AS pid)")
    with pytest.raises((duckdb.Error, RecordingError)), asked(path) as run:
        run("SELECT sum(pid) FROM opens")
        raise RecordingError("its column was left out")


def test_more_than_fits_in_memory(path):
    """70 000 texts of 4 kB are a small file, and no segment."""
    said = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'onlooker'"
    file = path / "000001/opens.parquet"
    with duckdb.connect() as run:
        [(before,)] = run.execute(said, [str(file)]).fetchall()
        after = quoted(before.decode().replace('"open":23', '"open":70000'))
        run.execute(
            f"COPY (SELECT * EXCLUDE (n) REPLACE (n::UBIGINT AS seq, repeat('a', 4000) AS path) FROM "
            f"(FROM {quoted(str(file))} LIMIT 1), range(70_000) numbers(n)) TO {quoted(str(file) + '.new')} "
            f"(FORMAT parquet, KV_METADATA {{onlooker: {after}}})"
        )
    file.with_suffix(".parquet.new").rename(file)
    write_checksums(file.parent, [file.name])
    found = Recording(path)
    assert [event.reason for event in found] == ["damaged"]
    assert any("more records of open than fit in memory" in reason for reason in found.damage)
