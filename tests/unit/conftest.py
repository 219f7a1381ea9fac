"""What tests of commands share."""

from collections.abc import Callable

import pytest

from onlooker.cli.main import main

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    """Runs a command in this process: `(exit code, standard output, standard error)`."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words])
        return code, *capfd.readouterr()

    return run
