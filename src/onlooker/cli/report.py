"""What is said to the person, on standard error; standard output is for data."""

import sys
from contextlib import suppress

from ..errors import OnlookerError

LEVELS = ("debug", "info", "warning", "error")


def say(text: str) -> None:
    """One or more lines, each beginning with the program's name. A closed standard error is no reason to fail."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write("".join(f"onlooker: {line}\n" for line in text.splitlines()))
        sys.stderr.flush()


def say_error(error: OnlookerError) -> None:
    """What and where, an empty line, what to type."""
    say(str(error))
    if error.hint:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"\nhint: {error.hint}\n")
            sys.stderr.flush()


class Log:
    """Says what is at least as important as `level`."""

    def __init__(self, level: str) -> None:
        self._lowest = LEVELS.index(level)

    def __call__(self, level: str, text: str) -> None:
        """Say `text` if it matters enough."""
        if LEVELS.index(level) >= self._lowest:
            say(f"{level}: {text}")
