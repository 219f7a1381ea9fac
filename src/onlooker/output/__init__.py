"""Events as bytes: text, JSON or a table; and the descriptor that they go to."""

from collections.abc import Callable
from typing import Protocol

from ..errors import UsageError
from ..records import Batch, Buffer
from ..records.fold import ContextLines


class Formatter(Protocol):
    """Turns events into output. Its output is safe on a terminal: no byte of a name or path is raw."""

    def head(self) -> bytes:
        """What comes before the first event."""

    def format(self, batch: Batch) -> bytes | Buffer:
        """A line for each event, ended by a newline."""


UserName = Callable[[int], str]  # of a user id


def _text(descriptor: int, user: UserName | None, context: ContextLines | None) -> Formatter:
    from .text import NamingFormatter, TextFormatter

    return NamingFormatter(user, context) if user else TextFormatter(context)


def _json(descriptor: int, user: UserName | None, context: ContextLines | None) -> Formatter:
    from .json import JsonFormatter

    if user:
        raise UsageError("JSON has no names of users, only their uid", "--with user, or --output-format text")
    return JsonFormatter(context)


def _table(descriptor: int, user: UserName | None, context: ContextLines | None) -> Formatter:
    from .table import TableFormatter

    return TableFormatter.for_descriptor(descriptor, user, context)


# imported when chosen
_FORMATS: dict[str, Callable[[int, UserName | None, ContextLines | None], Formatter]] = {
    "text": _text,
    "json": _json,
    "table": _table,
}
FORMATS = tuple(_FORMATS)


def formatter(
    name: str,
    descriptor: int,
    user: UserName | None = None,
    context: ContextLines | None = None,
    *,
    is_recorded: bool = False,
) -> Formatter:
    """The formatter of that name for output to that descriptor; with `user` it shows names of users, with `context`
    what that knows of processes; `is_recorded`: of a recording. Raises UsageError for another name, and for names of
    users where there are none.
    """
    if name not in _FORMATS:
        raise UsageError.unknown("output format", name, FORMATS)
    found = _FORMATS[name](descriptor, user, context)
    if is_recorded and name == "text":
        from .text import RecordedFormatter

        return RecordedFormatter(found)
    return found
