"""What a collector says of what goes wrong: each outage once, and of a flood a few lines and how many more."""

import time
from collections.abc import Callable

MOST_LINES = 5
LINES_SECONDS = 60.0  # for so many
_LONGEST = 200


class Told:
    """`tell` prints a line. `failing`: what fails now, and why."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.failing: dict[str, str] = {}
        self._tell = tell
        self._since = float("-inf")
        self._lines = self._more = 0

    def failed(self, what: str, error: Exception) -> None:
        """The source, by its name, the lake or merging; it tries again."""
        if what not in self.failing:
            self._tell(f"{what}: {said(error)}; it tries again")
        self.failing[what] = said(error)

    def works(self, what: str) -> None:
        """Once after it has failed."""
        if self.failing.pop(what, None) is not None:
            self._tell(f"{what}: it goes on")

    def put_aside(self, name: str, why: str) -> None:
        """A message that makes no sense."""
        self.sum_up()
        if self._lines < MOST_LINES:
            self._lines += 1
            self._tell(f"{name} was put aside: {why}")
        else:
            self._more += 1

    def sum_up(self, *, at_once: bool = False) -> None:
        """How many more there were, when the minute is over."""
        now = time.monotonic()
        if now < self._since + LINES_SECONDS and not at_once:
            return
        if self._more:
            was = "message was" if self._more == 1 else "messages were"
            self._tell(f"{self._more} more {was} put aside")
        self._since, self._lines, self._more = now, 0, 0


def said(error: Exception) -> str:
    """In one line; what is none of our own errors with what kind it is."""
    from ..errors import OnlookerError

    text = " ".join(str(error).split())[:_LONGEST]
    return str(error) if isinstance(error, OnlookerError) else f"{type(error).__name__}: {text}"
