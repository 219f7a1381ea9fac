"""A part of a lake is asked: its rows, its files, and whether it is whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from onlooker.cli.main import main
from onlooker.lake.coverage import Period
from onlooker.lake.scope import Gaps, Scope, asked_periods, gaps
from onlooker.lake.state import DataFile
from onlooker.lake.tables import LakeTables
from onlooker.testing import make

from .made import SECOND, held, time_of, writer

Told = Callable[..., tuple[int, str, str]]
DAY = 86_400 * SECOND
FIRST = 1_768_435_200 * SECOND  # 2026-01-15
NONE = dict.fromkeys(make("cgroup").__struct_fields__[3:])


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--output-format", "json"])
        return code, *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three days, web1 is whole; web2 lost something on the first day, was killed on the second, and began anew."""
    path = tmp_path_factory.mktemp("lake")
    own = writer(path)
    for day in range(3):
        for host in ("web1", "web2"):
            run = FIRST + day * DAY
            opens = [
                make(
                    "open",
                    path=f"/{host}/{day}/{at}",
                    time=time_of(run + at * SECOND // 4),
                    boot_ns=at + 1,
                    cgroup_id=3,
                )
                for at in range(4)
            ]
            if not day:
                name = {"container_name": f"of {host}"}
                opens.append(make("cgroup", time=time_of(run), boot_ns=1, cgroup_id=3, **NONE | name))
            if (host, day) == ("web2", 0):
                opens.append(make("lost", of="open", reason="ring full", count=41, time=time_of(run + 1), boot_ns=1))
            boot = f"{host}-{day}" if host == "web2" else host
            own.commit([held(1, opens, host=host, run=run, boot=boot, last=(host, day) != ("web2", 1))])
    return path


COUNT = "SELECT count(*)::INT AS n FROM events"


@pytest.mark.parametrize(
    ("words", "rows", "code", "said"),
    [
        ([], 24, 1, "41 events are missing"),
        (["--host", "web1"], 12, 0, "complete"),
        (["--host", "web1", "--host", "web2"], 24, 1, "41 events are missing"),
        (["--since", "2026-01-17"], 8, 0, "complete"),
        (["--since", "2026-01-16"], 16, 1, "1 sender broke off"),
        (["--until", "2026-01-16"], 8, 1, "41 events are missing"),
        (["--since", "2026-01-15T00:00:00.5Z", "--until", "2026-01-15T01:00:00+01:00"], None, 2, "no time is since"),
        (["--since", "2026-01-15 00:00:00.5", "--until", "2026-01-15 12:00", "--host", "web1"], 2, 0, "complete"),
        (["--since", "2026-01-15 00:00:00.5", "--until", "2026-01-15 12:00"], 4, 1, "up to 41 events may be missing"),
        (["--since", "2026-01-18"], 0, 1, "nothing is in the lake since 2026-01-18"),
        (["--host", "web1", "--since", "1s"], 0, 1, "nothing is in the lake of 'web1' since "),
        (["--host", "web3"], None, 2, "unknown host 'web3'"),
        (["--since", "2026"], None, 2, "not a time: '2026'"),
        (["--since", "yesterday"], None, 2, "not a time: 'yesterday'"),
    ],
    ids=str,
)
def test_rows_and_verdict_are_of_what_is_asked(
    lake: Path, told: Told, words: list[str], rows: int | None, code: int, said: str
) -> None:
    found, out, err = told("query", str(lake), COUNT, *words)
    assert (found, out) == (code, f'{{"n":{rows}}}\n' if rows is not None else ""), err
    assert said in err
    assert code != 2 or "hint: " in err


def test_other_files_are_not_read(lake: Path, tmp_path: Path, told: Told) -> None:
    lake = shutil.copytree(lake, tmp_path / "lake")
    for path in lake.glob("events/*/*/*.parquet"):
        if "date=2026-01-16/host=web1" not in str(path):
            path.write_bytes(b"")
    part = ["--host", "web1", "--since", "2026-01-16", "--until", "2026-01-17"]
    assert told("query", str(lake), COUNT, *part)[:2] == (0, '{"n":4}\n')
    assert told("query", str(lake), "--complete", *part)[0] == 0
    assert told("query", str(lake), COUNT)[:2] == (1, '{"n":4}\n')
    scope = Scope(hosts=("web1",), since_ns=FIRST + DAY, until_ns=FIRST + 2 * DAY)
    with LakeTables(str(lake), names={"events"}, scope=scope) as tables:
        [(view,)] = tables.connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'files'").fetchall()
        assert view.count(".parquet") == 1


def test_a_lake_that_became_silent_is_not_whole_up_to_what_is_asked(tmp_path: Path, told: Told) -> None:
    """All collectors were stopped: nobody told that anybody broke off."""
    writer(tmp_path).commit([held(1, [make("open", path="/x", time=time_of(FIRST))], run=FIRST)])
    for until, code in (("2026-01-15 00:05", 0), ("2026-01-15 00:06", 1)):
        found, out, err = told("query", str(tmp_path), COUNT, "--since", "2026-01-15", "--until", until)
        assert (found, out) == (code, '{"n":1}\n')
        assert ("1 sender broke off" in err) is bool(code)
    assert told("query", str(tmp_path), COUNT, "--since", "2026-01-15")[0] == 1
    assert told("query", str(tmp_path), COUNT)[0] == 0


def test_coverage_is_cut_to_it(lake: Path, told: Told) -> None:
    sql = "SELECT DISTINCT host, min(began)::VARCHAR AS began, max(ended)::VARCHAR AS ended FROM coverage GROUP BY host"
    part = ["--host", "web2", "--since", "2026-01-15 12:00", "--until", "2026-01-16 00:00:00.25"]
    _, out, _ = told("query", str(lake), sql, *part)
    assert out == '{"host":"web2","began":"2026-01-15 12:00:00","ended":"2026-01-16 00:00:00.25"}\n'


def test_what_was_said_of_processes_earlier_still_holds(lake: Path, told: Told) -> None:
    sql = "SELECT DISTINCT container_name AS name FROM opens"
    assert told("query", str(lake), sql, "--host", "web1", "--since", "2026-01-17")[1] == '{"name":"of web1"}\n'


def test_processes_are_of_it(lake: Path, told: Told) -> None:
    sql = "SELECT DISTINCT host FROM processes"
    assert told("query", str(lake), sql, "--host", "web1", "--since", "2026-01-17")[1] == '{"host":"web1"}\n'


def test_a_recording_has_no_hosts(tmp_path: Path, told: Told) -> None:
    (tmp_path / "x.onlook").write_bytes(b"")
    code, _, err = told("query", str(tmp_path / "x.onlook"), "FROM opens", "--host", "a")
    assert code == 2
    assert "--host asks a part of a lake" in err


def test_periods_are_cut_and_what_they_lack_is_at_most_so_much() -> None:
    made = [Period("a", "b", 1, began, began + 10, False, 2, 3, "?") for began in (0, 10, 20)]
    some = Scope(since_ns=5, until_ns=20)
    assert [(each.began_ns, each.ended_ns) for each in asked_periods(made, some)] == [(5, 10), (10, 20)]
    assert gaps(made, some) == Gaps(2, 2, 3, 3, 0)
    assert gaps(made, Scope(hosts=("b",))) == Gaps(0, 0, 0, 0, 0)
    moment = made[0]._replace(began_ns=20, ended_ns=20)
    assert [*asked_periods([moment], some)] == []
    assert [*asked_periods([moment], Scope(since_ns=20))] == [moment]


def test_a_file_whose_times_nobody_knows_is_of_its_day() -> None:
    file = DataFile("x", "2026-01-15", "web1", 1, 1)
    assert Scope(since_ns=FIRST + DAY - 1).has(file)
    assert not Scope(since_ns=FIRST + DAY).has(file)
    assert not Scope(until_ns=FIRST).has(file)
