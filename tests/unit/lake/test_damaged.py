"""Files of a lake that are gone or damaged: the answer is from the others, and says what it lacks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from onlooker.cli.queried import Query
from onlooker.lake.damage import is_of_data
from onlooker.lake.store import LakeError
from onlooker.testing import make

from ..conftest import Told
from .made import held, messages, writer


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Three files of 3, 200 and 3 opens."""
    own = writer(tmp_path / "lake")
    own.commit(messages(1))
    own.commit([held(2, [make("open", path=f"/srv/x{at}") for at in range(200)], first=3)])
    own.commit([held(3, [make("open", path="/srv/y")] * 3, first=203, last=True)])
    return tmp_path / "lake"


def largest(lake: Path) -> Path:
    return max(lake.glob("events/*/*/*.parquet"), key=lambda path: path.stat().st_size)


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def scribble(path: Path) -> None:
    """As long as before, and its end is as it was."""
    data = bytearray(path.read_bytes())
    data[100:3000] = bytes(2900)
    path.write_bytes(data)


def replace(path: Path) -> None:
    """By a directory."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [remove, cut, scribble, replace], ids=lambda harm: harm.__name__)
def test_the_answer_is_from_the_other_files(lake: Path, told: Told, harm: Callable[[Path], None]) -> None:
    path = largest(lake)
    harm(path)
    code, out, err = told(
        "query", str(lake), "SELECT count(path) AS n, max(uid) FROM events", "--output-format", "json"
    )
    assert (code, out) == (1, '{"n":6,"max(uid)":1000}\n')
    said = err.splitlines()
    assert said[0].startswith(f"onlooker: warning: the file '{path.relative_to(lake)}' ")
    assert said[0].endswith(": the answer lacks its 200 records; restore it from a backup")
    assert said[1:] == ["onlooker: incomplete: 200 events are missing"]


def test_a_file_that_is_gone_is_no_whole_period(lake: Path, told: Told) -> None:
    assert told("query", str(lake), "--complete")[0] == 0
    largest(lake).unlink()
    code, out, err = told("query", str(lake), "--complete", "--output-format", "json")
    assert code == 1
    assert "a file can't be read" not in out  # it had events of 2026, and the period is of 2023
    assert "200 events are missing" in err


def test_a_period_says_so(tmp_path: Path, told: Told) -> None:
    own = writer(tmp_path)
    own.commit([held(1, [make("open", time="2023-11-14T22:13:20.5Z")], last=True)])
    largest(tmp_path).unlink()
    code, out, _ = told("query", str(tmp_path), "--complete", "--output-format", "json")
    assert code == 1
    assert '"whole":false' in out
    assert '"why":"a file can\'t be read"' in out


def test_reports_of_losses_may_be_in_it(tmp_path: Path, told: Told) -> None:
    own = writer(tmp_path)
    own.commit([held(1, [make("lost", of="open", reason="ring full", count=41)], last=True)])
    largest(tmp_path).unlink()
    code, out, err = told("query", str(tmp_path), "SELECT 1 AS x", "--output-format", "json")
    assert (code, out) == (1, '{"x":1}\n')
    assert "1 event is missing" in err


def test_many_are_said_in_a_few_lines(tmp_path: Path, told: Told) -> None:
    own = writer(tmp_path)
    for each in messages(6):
        own.commit([each])
    for path in tmp_path.glob("events/*/*/*.parquet"):
        path.unlink()
    code, out, err = told("query", str(tmp_path), "SELECT count(*) AS n FROM opens", "--output-format", "json")
    assert (code, out) == (1, '{"n":0}\n')
    assert len(err.splitlines()) == 5
    assert "3 more files can't be read: the answer lacks their 9 records" in err
    assert "18 events are missing" in err


def test_what_was_given_already_is_not_given_again(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scribble(largest(lake))
    query = Query([str(lake)], "FROM events", None, "json", is_all=True, is_quiet=True)
    query._has_given = True
    with pytest.raises(LakeError, match="can't be read") as error:
        query.write(lambda: False, tmp_path / "answer")
    assert "restore it from a backup" in error.value.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM opens",
        "SELECT error('no')",
        "FROM read_csv('/nowhere.csv')",
        "FROM read_parquet('/etc/passwd')",
        "COPY (FROM opens) TO '/nowhere/x.csv'",
    ],
)
def test_for_a_mistake_in_sql_no_file_is_read(
    lake: Path, told: Told, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr("onlooker.lake.tables.by_reading", lambda *_, **__: pytest.fail("it was"))
    assert told("query", str(lake), sql)[0] in (1, 2)
    assert is_of_data(OSError(5, "Input/output error"))
