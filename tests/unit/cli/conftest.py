"""What several tests of the commands use."""

import pytest

from .watching import Watch


@pytest.fixture
def watch(capfd, monkeypatch):
    made = Watch(capfd)
    monkeypatch.setattr("onlooker.cli.watch.Monitor", made.monitor)
    return made
