"""`onlooker query` of recordings that were not asked for all events."""

import pytest

from onlooker.cli.main import main
from onlooker.query.asks import asks
from onlooker.testing import make

from ..query.made import record

EVENTS = [make("exec", argv=("true",)), make("exit", exit_code=0)]


@pytest.fixture
def file(tmp_path):
    return record(tmp_path / "r", EVENTS, said={"settings": {"events": ["fork", "exec", "exit"]}})


NEEDED = [
    (["SELECT count(*) FROM opens"], "open"),
    (["--named", "files-written"], "open, rename, link, truncate"),
    (["SELECT sum(opens) FROM processes"], "open"),
    (["FROM events WHERE event = 'open'"], "open"),
    (['FROM "Opens"'], "open"),
    (["CREATE TABLE mine AS FROM opens; FROM mine"], "open"),
]


@pytest.mark.parametrize(("words", "absent"), NEEDED)
def test_what_was_not_recorded_is_asked(file, capfd, words, absent):
    code = main(["query", file, *words])
    err = capfd.readouterr().err
    assert code == 1 and "it was recorded with --events fork,exec,exit\n" in err
    assert err.endswith(f"onlooker: incomplete: no {absent} events were recorded\n")
    assert main(["query", file, *words, "-q"]) == 1
    assert capfd.readouterr().err == f"onlooker: incomplete: no {absent} events were recorded\n"


@pytest.mark.parametrize("sql", ["FROM execs -- and opens", "FROM losses", "SELECT 'opens' FROM exits", "SELECT 1"])
def test_what_was_recorded_is_asked(file, capfd, sql):
    assert main(["query", file, sql]) == 0
    assert capfd.readouterr().err == "onlooker: complete\n"


@pytest.mark.parametrize("sql", ["FROM events", "SELECT comm FROM processes"])
def test_a_table_of_all_is_of_what_was_recorded(file, capfd, sql):
    assert main(["query", file, sql]) == 0
    err = capfd.readouterr().err
    assert "has only fork, exec, exit: it was recorded with" in err and err.endswith("onlooker: complete\n")


def test_one_of_two_lacks_it(file, tmp_path, capfd):
    other = record(tmp_path / "all", [*EVENTS, make("open")])
    assert main(["query", other, "SELECT count(*) FROM opens"]) == 0
    assert main(["query", other, file, "SELECT count(*) FROM opens"]) == 1
    assert f"{file!r} has no open" in capfd.readouterr().err


def test_processes_need_their_ends(tmp_path, capfd):
    file = record(tmp_path / "r", EVENTS[:1], said={"settings": {"events": ["exec"]}})
    assert main(["query", file, "--named", "slowest"]) == 1
    assert capfd.readouterr().err.endswith("incomplete: no fork, exit events were recorded\n")


def test_one_that_was_filtered(tmp_path, capfd):
    file = record(tmp_path / "r", EVENTS, said={"settings": {"events": ["all"], "comm": ["make"]}})
    assert main(["query", file, "SELECT count(*) FROM opens"]) == 0
    assert "has only a part of what happened: it was recorded with --filter\n" in capfd.readouterr().err


def test_names_are_no_texts():
    assert asks("SELECT 'it''s opens', /* renames */ pid FROM execs").needed == ("exec",)
    assert asks("SELECT writes FROM exits").needed == ("exit",)
