"""Events as entries of systemd's journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""

from typing import Any

import msgspec

from .formats import Encode, Said, said
from .syslog_lines import severity
from .target import Target

_LEFT_OUT = ("event", "time")


def encoder(_target: Target) -> Encode:
    """Of a list of entries."""
    return lambda _head, batches: msgspec.msgpack.encode([_entry(each) for each in said(batches)])


def entries(payload: bytes) -> list[bytes]:
    """Those of a payload."""
    return msgspec.msgpack.decode(payload, type=list[bytes])


def _entry(each: Said) -> bytes:
    fields: dict[str, Any] = {
        "MESSAGE": each.text,
        "PRIORITY": str(severity(each.fields)),
        "SYSLOG_IDENTIFIER": "onlooker",
        "ONLOOKER_EVENT": each.fields["event"],
        "SYSLOG_TIMESTAMP": each.fields["time"],
    }
    for name, value in each.fields.items():
        if name not in _LEFT_OUT:
            fields[f"ONLOOKER_{name.upper()}"] = value
    return b"".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: Any) -> bytes:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    data = text.encode("utf-8", "replace")
    if b"\n" not in data:
        return b"%b=%b\n" % (name.encode(), data)
    return b"%b\n%b%b\n" % (name.encode(), len(data).to_bytes(8, "little"), data)
