"""The classic lines: `[2023-10-20 15:30:46.123456] Process nginx (PID:5678) opened file /etc/nginx/nginx.conf`."""

from collections.abc import Sequence

from ..events import Event
from ..events.words import local_second


class LocalTime:
    """RFC 3339 in UTC to local time with microseconds; the zone is asked once a second."""

    def __init__(self) -> None:
        self._second = self._local = ""

    def __call__(self, time: str) -> str:
        """2023-10-20 15:30:46.123456."""
        if time[:19] != self._second:
            self._second = time[:19]
            self._local = local_second(time)
        return self._local + time[20:26]


class TextFormatter:
    """One classic line for each event."""

    def __init__(self) -> None:
        self._time = LocalTime()

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, events: Sequence[Event]) -> bytes:
        """The lines."""
        time = self._time
        return "".join([event._line(time(event.time)) + "\n" for event in events]).encode()
