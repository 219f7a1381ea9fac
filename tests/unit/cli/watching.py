"""Runs `onlooker watch` with a list in place of the kernel."""

import re

from onlooker import Lost, Monitor
from onlooker.cli.main import main
from onlooker.testing import FakeSource, make

CUT = make("open", cut=("path",))
LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full")
HEAD = "onlooker: watching fork, exec, exit, open; Ctrl-C ends it\n"


class Watch:
    """Runs the command with events from a list; `given` is what it asked the monitor for."""

    def __init__(self, capfd):
        self._capfd = capfd
        self.source = FakeSource([])
        self.given = {}

    def monitor(self, **given):
        self.given = given
        return Monitor(**given, source=self.source)

    def __call__(self, *arguments, events=(), source=None):
        self.source = source or FakeSource(events)
        code = main(["watch", *arguments])
        out, err = self._capfd.readouterr()
        return code, out, re.sub(r" in \d+\.\d s", " in 0.0 s", err)


def said(first, *rest):
    """The end of standard error."""
    return "".join(f"onlooker: {line}\n" for line in (first, *rest))


COMPLETE = said("lost: nothing", "complete")
