"""The classic lines: `[2023-10-20 15:30:45.123456] Process nginx (PID:5678) opened file /etc/nginx/nginx.conf`."""

from collections.abc import Callable

from ..escaping import escape
from ..events import TaskEvent
from ..records import Batch, Buffer


class TextFormatter:
    """One classic line for each event."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes | Buffer:
        """The lines."""
        return batch.text_lines()


class NamingFormatter(TextFormatter):
    """The same lines, with the name of the user behind each."""

    def __init__(self, user: Callable[[int], str]) -> None:
        self._user = user

    def format(self, batch: Batch) -> bytes:
        """The lines."""
        lines = batch.to_text().split(b"\n")
        return b"".join(line + self._mark(event) for line, event in zip(lines, batch.events(), strict=False))

    def _mark(self, event: object) -> bytes:
        mark = f" [user: {escape(self._user(event.uid))}]" if isinstance(event, TaskEvent) else ""
        return f"{mark}\n".encode()
