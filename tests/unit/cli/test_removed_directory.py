"""Commands that are run in a directory that is not there any more."""

import pytest

from onlooker import Monitor
from onlooker.cli.main import main
from onlooker.testing import FakeSource


@pytest.fixture(autouse=True)
def removed(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for command in ("watch", "answer", "top"):
        monkeypatch.setattr(f"onlooker.cli.{command}.Monitor", lambda **how: Monitor(**how, source=FakeSource([])))


@pytest.mark.parametrize(
    "line", ["who .", "who -q x", "watch --path x", "watch --path ../x", "watch --exe ./x", "top --exe ./x"]
)
def test_a_path_that_starts_there_is_a_mistake(capfd, line):
    assert main(line.split()) == 2
    first, empty, hint = capfd.readouterr().err.splitlines()
    assert "the working directory" in first and "not there" in first
    assert (empty, hint[:31]) == ("", "hint: cd to a directory that is")


@pytest.mark.parametrize("line", ["watch", "watch --path /etc", "who /etc", "reads", "missing", "denied", "writes"])
def test_all_else_works(capfd, line):
    assert main(line.split()) == 0
    assert "complete" in capfd.readouterr().err
