"""How far a command is that takes long."""

import os
import sys
import time
from contextlib import suppress

from .log import Log

PATIENCE_SECONDS = 2.0
_STEP_SECONDS = 0.25


class Progress:
    """A line on a terminal, once it takes long."""

    def __init__(self, log: Log) -> None:
        shows = log.says("warning") and sys.stderr is not None and sys.stderr.isatty()
        self._due = time.monotonic() + PATIENCE_SECONDS if shows else float("inf")
        self._is_shown = False

    def __call__(self, text: str) -> None:
        """Show it, if it is time for that."""
        now = time.monotonic()
        if now >= self._due:
            self._due, self._is_shown = now + _STEP_SECONDS, True
            self._write(f"\r\x1b[Konlooker: {text} ...")

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._is_shown = False
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), text.encode())
