"""Events as messages of syslog (RFC 5424), each with its length before it (RFC 6587)."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ..escaping import escape
from ..records import Batch
from .formats import Encode, Said, mapped, said
from .message import Head
from .target import Target

FACILITY = 3  # daemon
MOST_BYTES = 8 << 10  # of a message: what rsyslog takes by default
MOST_VALUE = 1024  # characters of a value in the structured data
SD_ID = "onlooker@32473"  # the number that RFC 5612 keeps for examples: we have none of our own
WARNING, INFO = 4, 6
ALERTS = {"informational": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
_LEFT_OUT = ("event", "time")  # the message's own id and time


def severity(fields: dict[str, Any]) -> int:
    """Of an event, as syslog has it."""
    event = fields["event"]
    return ALERTS[fields["level"]] if event == "alert" else WARNING if event == "lost" else INFO


def encoder(target: Target) -> Encode:
    """With the classic line and the fields as structured data; or with the JSON of the event or of a map."""
    document = mapped(target.map) if target.map else None
    is_json = target.format == "json" or document is not None
    json = msgspec.json.Encoder().encode

    def encode(head: Head, batches: Sequence[Batch]) -> bytes:
        frames = []
        for each in said(batches):
            if is_json:
                made = _begin(head, each) + b"- " + json(document(each, head) if document else each.fields)
            else:
                made = _begin(head, each) + _data(each) + b" " + _cut(each.text).encode("utf-8", "replace")
            frames.append(b"%d %b" % (len(made), made))
        return b"".join(frames)

    return encode


def frames(payload: bytes) -> Iterator[bytes]:
    """The messages of a payload, without their lengths."""
    at = 0
    while at < len(payload):
        space = payload.index(b" ", at)
        at = space + 1 + int(payload[at:space])
        yield payload[space + 1 : at]


def _begin(head: Head, each: Said) -> bytes:
    host = "".join(c for c in head.host if "!" <= c <= "~")[:255] or "-"
    time = f"{each.fields['time'][:26]}Z"  # microseconds are all that it has room for
    event = each.fields["event"]
    return f"<{FACILITY * 8 + severity(each.fields)}>1 {time} {host} onlooker {os.getpid()} {event} ".encode()


def _data(each: Said) -> bytes:
    """Of the fields, as many as there is room for."""
    parts, room = [], MOST_BYTES // 2
    for name, value in each.fields.items():
        if name in _LEFT_OUT:
            continue
        part = f' {name}="{_value(value)}"'.encode("utf-8", "replace")
        room -= len(part)
        if room < 0:
            parts.append(b' left_out="true"')
            break
        parts.append(part)
    return b"[%b%b]" % (SD_ID.encode(), b"".join(parts))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    shown = _shortened(escape(text), MOST_VALUE)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _cut(text: str) -> str:
    return _shortened(escape(text), MOST_BYTES // 4)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
