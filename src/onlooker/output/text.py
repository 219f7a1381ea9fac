"""The classic lines: `[2023-10-20 15:30:45.123456] Process nginx (PID:5678) opened file /etc/nginx/nginx.conf`."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..escaping import escape
from ..events import Lost, TaskEvent
from ..events.alert import Alert
from ..records import Batch, Buffer
from ..records.fold import ContextLines

if TYPE_CHECKING:
    from . import Formatter


class TextFormatter:
    """One classic line for each event."""

    def __init__(self, context: ContextLines | None = None) -> None:
        self._context = context

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes | Buffer:
        """The lines."""
        return self._context.text_lines(batch) if self._context else batch.text_lines()


class NamingFormatter(TextFormatter):
    """The same lines, with the name of the user behind each."""

    def __init__(self, user: Callable[[int], str], context: ContextLines | None = None) -> None:
        super().__init__(context)
        self._user = user

    def format(self, batch: Batch) -> bytes:
        """The lines."""
        lines = bytes(super().format(batch)).split(b"\n")
        return b"".join(line + self._mark(event) for line, event in zip(lines, batch.events(), strict=False))

    def _mark(self, event: object) -> bytes:
        mark = f" [user: {escape(self._user(event.uid))}]" if isinstance(event, TaskEvent | Alert) else ""
        return f"{mark}\n".encode()


class RecordedFormatter:
    """The lines of a recording. Its losses are not those of this process, and it does not say whose they are."""

    def __init__(self, lines: "Formatter") -> None:
        self._lines = lines

    def head(self) -> bytes:
        """Nothing."""
        return self._lines.head()

    def format(self, batch: Batch) -> bytes | Buffer:
        """The lines."""
        made = self._lines.format(batch)
        if Lost.event not in batch.counts():
            return made
        own = f" (PID:{os.getpid()})".encode()
        lines = zip(bytes(made).splitlines(keepends=True), batch.events(), strict=True)
        return b"".join(line.replace(own, b"", 1) if isinstance(event, Lost) else line for line, event in lines)
