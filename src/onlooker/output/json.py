r"""JSON lines: one flat object for each event, as the JSON Schema in the package says.

A text that is not UTF-8 has U+FFFD in its field, and `FIELD_bytes` beside it has the exact bytes in base64 (for a list:
those of every item). What text escapes is written as `\uNNNN`, so nothing in a line steers a terminal.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import msgspec

from ..events import Event
from ..lines import harmless_json


def _exact(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _readable(text: str) -> str:
    return _exact(text).decode("utf-8", "replace")


def _base64(text: str) -> str:
    return b64encode(_exact(text)).decode("ascii")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flat(event: Event) -> dict[str, Any]:
    """The event's object, with `FIELD_bytes` where a text is not UTF-8."""
    fields: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(event).items():
        if isinstance(value, str) and not _is_utf8(value):
            fields[name], fields[f"{name}_bytes"] = _readable(value), _base64(value)
        elif isinstance(value, list | tuple) and not all(map(_is_utf8, value)):
            fields[name], fields[f"{name}_bytes"] = [*map(_readable, value)], [*map(_base64, value)]
        else:
            fields[name] = value
    return fields


class JsonFormatter:
    """One JSON object for each event, a line each."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, events: Sequence[Event]) -> bytes:
        """The lines. The usual batch is encoded in one go; only one with a text that is not UTF-8 takes a detour."""
        try:
            lines = self._encoder.encode_lines(events)
        except UnicodeEncodeError:
            lines = self._encoder.encode_lines([_flat(event) for event in events])
        return harmless_json(lines)
