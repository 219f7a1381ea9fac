"""What docs/query.md shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from onlooker.cli.main import main

from .made import asked, record
from .test_named import EVENTS

PAGE = (Path(__file__).parents[3] / "docs/query.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [line for kind, block in BLOCKS if not kind for line in block.splitlines()]
SQL = [block for kind, block in BLOCKS if kind == "sql"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    made = tmp_path_factory.mktemp("documented")
    for name, events in (("build", EVENTS), ("monday", EVENTS[:1]), ("tuesday", EVENTS)):
        record(made / f"{name}.onlook", events)
    return made


def test_there_are_some():
    assert len(COMMANDS) >= 5 and len(SQL) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(command, directory, monkeypatch, capfd):
    monkeypatch.chdir(directory)
    program, *arguments = shlex.split(command)
    assert program == "onlooker"
    assert main(arguments) == 0
    out, err = capfd.readouterr()
    assert len(out.splitlines()) >= (1 if "/etc" in command or "json" in command else 2)
    assert err == "onlooker: complete\n"


@pytest.mark.parametrize("sql", SQL)
def test_sql(sql, directory, monkeypatch):
    monkeypatch.chdir(directory)
    names = ["monday.onlook", "tuesday.onlook"] if "monday" in sql else ["build.onlook"]
    with asked(*names) as ask:
        assert ask(sql)
