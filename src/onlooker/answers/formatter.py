"""An answer as an output format: batches go in, and lines come out, most of them at the end."""

from collections.abc import Callable

from ..errors import UsageError
from ..records import Batch
from . import Answer
from .page import Page
from .rows import json_line

FORMATS = ("text", "json")


class AnswerFormatter:
    """Gives batches to an answer, and what the answer says at once as lines; `end` has the rest."""

    def __init__(self, answer: Answer, format_: str, page: Callable[[], Page]) -> None:
        """`page` is asked each time, since a terminal can be resized."""
        if format_ not in FORMATS:
            raise UsageError.unknown("output format of an answer", format_, FORMATS)
        self._answer = answer
        self._is_json = format_ == "json"
        self._page = page

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes:
        """What the answer says at once."""
        rows = self._answer.take(batch)
        if self._is_json:
            return b"".join(map(json_line, rows))
        return "".join(f"{line}\n" for line in self._answer.show(rows, self._page())).encode()

    def end(self) -> bytes:
        """The answer."""
        if self._is_json:
            return b"".join(map(json_line, self._answer.rows()))
        return "".join(f"{line}\n" for line in self._answer.lines(self._page())).encode()
