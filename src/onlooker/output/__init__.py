"""Events as bytes: text, JSON or a table; and the descriptor that they go to."""

from collections.abc import Callable
from typing import Protocol

from ..errors import UsageError
from ..records import Batch, Buffer


class Formatter(Protocol):
    """Turns events into output. Its output is safe on a terminal: no byte of a name or path is raw."""

    def head(self) -> bytes:
        """What comes before the first event."""

    def format(self, batch: Batch) -> bytes | Buffer:
        """A line for each event, ended by a newline."""


def _text(descriptor: int) -> Formatter:
    from .text import TextFormatter

    return TextFormatter()


def _json(descriptor: int) -> Formatter:
    from .json import JsonFormatter

    return JsonFormatter()


def _table(descriptor: int) -> Formatter:
    from .table import TableFormatter

    return TableFormatter.for_descriptor(descriptor)


# imported when chosen
_FORMATS: dict[str, Callable[[int], Formatter]] = {"text": _text, "json": _json, "table": _table}
FORMATS = tuple(_FORMATS)


def formatter(name: str, descriptor: int) -> Formatter:
    """The formatter of that name for output to that descriptor. Raises UsageError for another name."""
    if name not in _FORMATS:
        raise UsageError.unknown("output format", name, FORMATS)
    return _FORMATS[name](descriptor)
