"""Rows as JSON lines, by the rules of the events' JSON: what is absent is left out, and no byte is lost."""

import base64
from typing import Any

import msgspec


def json_line(row: dict[str, Any]) -> bytes:
    r"""One object on one line.

    >>> json_line({"file": "/a\udcff", "count": 1, "errno": None})
    b'{"file":"/a\xef\xbf\xbd","file_bytes":"L2H/","count":1}\n'
    """
    made: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value == ():
            continue
        shown, exact = _text(value)
        made[name] = shown
        if exact is not None:
            made[f"{name}_bytes"] = exact
    return msgspec.json.encode(made) + b"\n"


def _text(value: Any) -> tuple[Any, Any]:
    """What is written, and in base64 the bytes where that is not all; of a list the bytes of each item."""
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        shown = data.decode("utf-8", "replace")
        return shown, None if shown == value else _base64(data)
    if isinstance(value, list | tuple):
        pairs = [_text(item) for item in value]
        is_whole = all(exact is None for _, exact in pairs)
        items = [_base64(item.encode("utf-8", "surrogateescape")) for item in value if isinstance(item, str)]
        return [shown for shown, _ in pairs], None if is_whole else items
    return value, None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
