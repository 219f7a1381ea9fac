"""A plugin of pytest that tells, line by line, how each test went: if the machine dies, what is known is known."""

import json
import time
from pathlib import Path
from typing import IO

import pytest

_PORT = Path("/dev/ttyS1")
_MESSAGE_CHARACTERS = 2000


def pytest_configure(config: pytest.Config) -> None:
    """Where tests run in several processes, the one that sees all of them tells."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(_PORT.open("w", buffering=1)))


def _message(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, or what failed: the last lines of what pytest prints about it."""
    if isinstance(report.longrepr, tuple):  # file, line, reason of a skip
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return f"{Path(crash.path).name}:{crash.lineno}: {crash.message}"[:_MESSAGE_CHARACTERS]
    return str(report.longrepr)[-_MESSAGE_CHARACTERS:]


class Reporter:
    """Writes to an open file."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._setup: dict[str, float] = {}

    def _tell(self, report: pytest.TestReport | pytest.CollectReport, seconds: float) -> None:
        line = {"test": report.nodeid, "outcome": report.outcome, "seconds": round(seconds, 2)}
        line["uptime"] = round(time.monotonic(), 2)
        if report.outcome != "passed":
            line["message"] = _message(report)
        print(json.dumps(line), file=self._file)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test that begins, and may be the last that is heard of."""
        print(json.dumps({"begun": nodeid}), file=self._file)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test that is over, with all that belongs to it."""
        print(json.dumps({"over": nodeid}), file=self._file)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each test once, with the time that its fixtures took; once more where it was what follows a test that
        failed.
        """
        if report.when == "setup":
            self._setup[report.nodeid] = report.duration
        if report.when == "call" or report.outcome != "passed":
            self._tell(report, report.duration + (self._setup.pop(report.nodeid, 0) if report.when == "call" else 0))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that can't even be imported."""
        if report.outcome != "passed":
            self._tell(report, 0)
