"""JSON lines; `onlooker.lines.json` makes them."""

from collections.abc import Sequence

from ..events import Event
from ..lines.json import json_lines


class JsonFormatter:
    """One JSON object for each event, a line each."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, events: Sequence[Event]) -> bytes:
        """The lines."""
        return json_lines(events)
