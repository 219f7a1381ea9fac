r"""JSON lines: one flat object for each event, as the JSON Schema in the package says.

A text that is not UTF-8 has U+FFFD in its field, and `FIELD_bytes` beside it has the exact bytes in base64 (for a list:
those of every item). What text escapes is written as `\uNNNN`, so nothing in a line steers a terminal.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from .. import lines

_encoder = msgspec.json.Encoder()


@cache
def _shape(event: type[msgspec.Struct]) -> tuple[bytes, list[tuple[str, bytes, bytes, Any]]]:
    """What `json_object` needs to know of a class."""
    names = event.__struct_fields__
    defaults = (*[object()] * (len(names) - len(event.__struct_defaults__)), *event.__struct_defaults__)
    fields = [
        (name, f',"{name}":'.encode(), f',"{name}_bytes":'.encode(), default)
        for name, default in zip(names, defaults, strict=True)
    ]
    config = event.__struct_config__
    return f'{{"{config.tag_field}":"{config.tag}"'.encode(), fields


def json_line(event: msgspec.Struct) -> bytes:
    """The line of one event, with its newline."""
    return lines.json_object(*_shape(type(event)), event)


def json_lines(events: Sequence[msgspec.Struct]) -> bytes:
    """The lines. msgspec encodes them at once; an event with a text that is not UTF-8 is put together by itself."""
    try:
        made = _encoder.encode_lines(events)
    except UnicodeEncodeError:
        return b"".join(map(_any_line, events))
    return lines.harmless_json(made)


def _any_line(event: msgspec.Struct) -> bytes:
    try:
        made = _encoder.encode(event)
    except UnicodeEncodeError:
        return json_line(event)
    return lines.harmless_json(made) + b"\n"
