"""Events as messages of syslog, each with its length before it (RFC 6587): RFC 5424 for servers, and for the local
socket what syslog(3) writes there, since rsyslog and systemd's journal read nothing else from it.
"""

import json
import os
import time
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
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LEFT_OUT = ("event", "time")  # the message's own id and time


def severity(fields: dict[str, Any]) -> int:
    """Of an event, as syslog has it."""
    event = fields["event"]
    return ALERTS[fields["level"]] if event == "alert" else WARNING if event == "lost" else INFO


def encoder(target: Target) -> Encode:
    """With the classic line, for servers with the fields as structured data; or with the JSON of the event or of a
    map.
    """
    document = mapped(target.map) if target.map else None
    is_json = target.format == "json" or document is not None
    encoded = msgspec.json.Encoder().encode

    def encode(head: Head, batches: Sequence[Batch]) -> bytes:
        frames = []
        for each in said(batches):
            text = encoded(document(each, head) if document else each.fields) if is_json else _cut(each.text)
            if not target.servers:
                made = _begin_locally(each) + text
            else:
                made = b"%b%b %b" % (_begin(head, each), b"-" if is_json else _data(each), text)
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


def _begin_locally(each: Said) -> bytes:
    at = time.localtime(each.wall_ns // 1_000_000_000)
    when = f"{MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"<{FACILITY * 8 + severity(each.fields)}>{when} onlooker[{os.getpid()}]: ".encode()


def _begin(head: Head, each: Said) -> bytes:
    host = "".join(c for c in head.host if "!" <= c <= "~")[:255] or "-"
    when = f"{each.fields['time'][:26]}Z"  # microseconds are all that it has room for
    event = each.fields["event"]
    return f"<{FACILITY * 8 + severity(each.fields)}>1 {when} {host} onlooker {os.getpid()} {event} ".encode()


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
    shown = escape(value) if isinstance(value, str) else _json(value)
    return _shortened(shown, MOST_VALUE).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] if c != "\x7f" else "\\u007f" for c in text)


def _cut(text: str) -> bytes:
    return _shortened(text, MOST_BYTES // 4).encode("utf-8", "replace")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
