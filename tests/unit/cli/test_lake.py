"""`onlooker query` of a lake, and `onlooker collect`, at a terminal of 80 columns and with mistakes."""

from pathlib import Path

import pytest

from onlooker.answers.page import Page
from onlooker.cli.main import main
from onlooker.lake.aside import Aside
from onlooker.testing import make

from ..lake.made import BEGAN, SECOND, held, messages, opens, writer


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """Whole, then a message is missing, then events are lost, then the sender breaks off, and another begins."""
    own = writer(tmp_path / "lake")
    own.commit(messages(2))
    lost = make("lost", of="open", reason="ring full", count=41)
    own.commit([held(4, opens(1), first=9), held(5, [lost], first=10)])
    own.commit([held(1, opens(1), run=BEGAN + 60 * SECOND, last=True)])
    return str(tmp_path / "lake")


def told(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main([*words])
    out, err = capfd.readouterr()
    return code, out, err


def test_for_which_times_it_is_whole_fits_a_terminal(lake, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = told(capfd, "query", lake, "--complete")
    assert code == 1
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].split() == ["host", "began", "ended", "what"]
    assert max(map(len, lines)) <= 80
    said = [line.partition("  2023-11-14 ")[2].partition("  ")[2].strip() for line in lines[1:]]
    assert [each.rpartition("  ")[2] for each in said] == [
        "whole",
        "3 records are missing",
        "whole",
        "lost 41 events",
        "the sender broke off",
        "whole",
    ]


def test_as_json_it_has_all_columns(lake, capfd):
    _, out, _ = told(capfd, "query", lake, "--complete", "--output-format", "json")
    assert '"boot_id":' in out
    assert '"why":"the sender broke off"' in out


@pytest.mark.parametrize("words", [["SELECT 1"], ["--named", "slowest"], ["--where", "pid == 1"]])
def test_it_stands_alone(lake, capfd, words):
    code, _, err = told(capfd, "query", lake, "--complete", *words)
    assert (code, err.splitlines()[0]) == (2, "onlooker: --complete stands in place of SQL, --named and --where")


def test_a_recording_is_no_lake(tmp_path, capfd):
    (tmp_path / "x.onlook").mkdir()
    code, _, err = told(capfd, "query", str(tmp_path / "x.onlook"), "--complete")
    assert code == 2
    assert "--complete asks a lake" in err


def test_a_lake_to_which_nothing_was_committed_is_said(tmp_path, capfd):
    writer(tmp_path / "lake").close()
    code, _, err = told(capfd, "query", str(tmp_path / "lake"), "SELECT 1")
    assert code == 2
    assert "is empty: no collector has committed to it yet" in err
    assert "onlooker collect " in err


def test_a_collector_that_reached_nobody_says_so(tmp_path, capfd):
    words = ["nats://127.0.0.1:1/onlooker", "--lake", str(tmp_path / "lake"), "--duration", "300ms"]
    code, _, err = told(capfd, "collect", *words)
    assert code == 1
    assert "warning: nats://127.0.0.1:1/onlooker: Connection refused; it tries again" in err
    assert "collected 0 records in 0 messages, 0 commits" in err
    assert "it ended while nats://127.0.0.1:1/onlooker or the lake failed: Connection refused" in err


@pytest.mark.parametrize("others", [(), ("m",)])
def test_a_lake_is_asked_alone(lake, capfd, others):
    code, _, err = told(capfd, "query", lake, *(others or (lake,)), "FROM execs")
    said = err.splitlines()
    assert (code, said[0]) == (2, "onlooker: a lake is asked alone")
    assert said[-1] == ("hint: leave out 'm'" if others else "hint: name it once")


def test_a_hint_names_the_lake(lake, capfd):
    for words in (["--complete", "SELECT 1"], ["--complete", "--aside"]):
        _, _, err = told(capfd, "query", lake, *words)
        assert f"query {lake} --" in err.splitlines()[-1]


def test_a_url_with_a_mistake_becomes_no_directory(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url, hint in (
        ("s4://bucket/lake", "one of s3, iceberg+http, iceberg+https"),
        ("s3:/bucket/lake", "two slashes: s3://"),
        ("iceberg+htp://localhost/a.b", "did you mean 'iceberg+http'"),
        ("file:///srv/lake", "a directory is named without a scheme: /srv/lake"),
        ("nats://localhost/lake", "one of s3, iceberg+http, iceberg+https"),
    ):
        for words in (
            ["collect", "nats://127.0.0.1:1/onlooker", "--lake", url, "--duration", "1"],
            ["collect", "--retry-aside", "--lake", url],
            ["query", url, "FROM execs"],
        ):
            code, _, err = told(capfd, *words)
            assert (code, err.splitlines()[0]) == (2, f"onlooker: no lake is known for the URL {url!r}")
            assert hint in err.splitlines()[-1]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("command", ["show", "replay", "tree"])
def test_who_takes_a_lake_for_a_recording_is_told_to_query_it(lake, capfd, command):
    code, _, err = told(capfd, command, lake)
    said = err.splitlines()
    assert (code, said[0]) == (2, f"onlooker: {lake!r} is a lake, and no recording")
    hint = said[-1].partition("hint: ")[2]
    assert hint.endswith(f"query {lake} 'FROM events LIMIT 10'")


WHY = "its records have a plan that is not in the lake, and the sender has not sent it in the 150 seconds since then"


@pytest.fixture
def aside(lake) -> str:
    """The same lake, and a machine whose messages can't be read."""
    own = writer(Path(lake))
    own.put_aside([Aside("ONLOOKER-1204", {"Onlooker-Host": "web9", "Onlooker-Records": "12"}, b"x", WHY)])
    return lake


def test_a_machine_of_which_all_was_put_aside_is_known(aside, capfd):
    code, out, err = told(capfd, "query", aside, "--aside", "--host", "web9", "--output-format", "json")
    assert (code, out.count("\n")) == (0, 1)
    assert '"host":"web9"' in out
    assert err.strip() == "onlooker: complete"
    code, out, err = told(capfd, "query", aside, "FROM opens", "--host", "web9", "--output-format", "json")
    assert (code, out) == (1, "")
    assert "nothing is in the lake of 'web9'" in err
    assert "1 message was put aside that made no sense: --aside lists them" in err
    code, _, err = told(capfd, "query", aside, "--aside", "--host", "web8")
    assert (code, err.splitlines()[0]) == (2, "onlooker: unknown host 'web8'")
    assert "'web9'" in err.splitlines()[-1]


def test_aside_does_not_point_at_itself(aside, capfd):
    _, out, err = told(capfd, "query", aside, "--aside")
    assert WHY in out
    assert "--aside" not in err


@pytest.mark.parametrize("width", [60, 80])
def test_a_reason_is_shown_whole(aside, capfd, monkeypatch, width):
    monkeypatch.setattr(Page, "of", lambda descriptor: Page(width, 24))
    _, out, _ = told(capfd, "query", aside, "--aside")
    head, *lines = out.splitlines()
    assert max(map(len, (head, *lines))) <= width
    at = head.index("why")
    assert " ".join(line[at:] for line in lines) == WHY
    assert lines[0].split()[:2] == ["ONLOOKER-1204", "web9"]
    assert not any(line[:at].strip() for line in lines[1:])


def test_what_collect_has_not_is_hinted_where_it_is(capfd):
    for typed, hint in (("--aside", "query LAKE --aside lists them, "), ("--complete", "query LAKE --complete")):
        code, _, err = told(capfd, "collect", "--lake", "/srv/lake", typed)
        assert (code, err.splitlines()[0]) == (2, f"onlooker: unknown option {typed!r}")
        assert hint in err.splitlines()[-1]


def test_the_hint_of_a_time_works(lake, capfd):
    code, _, err = told(capfd, "query", lake, "FROM opens", "--since", "-2h")
    assert (code, err.splitlines()[-1]) == (2, "hint: --since 2h")
    assert told(capfd, "query", lake, "FROM opens", "--since", "2h")[0] == 1
    code, _, err = told(capfd, "query", lake, "FROM opens", "--since=-2h")
    assert (code, err.splitlines()[-1].partition(", ")[0]) == (2, "hint: 2h")
    code, _, err = told(capfd, "query", lake, "FROM opens", "--since", "2023-11-14", "--until", "now")
    assert (code, "not a time" in err) == (1, False)
    code, _, err = told(capfd, "query", lake, "FROM opens", "--until", "yesterday")
    assert code == 2
    assert err.splitlines()[-1].startswith("hint: a time is 2026-01-31, '2026-01-31 12:00:00' (UTC), ")
