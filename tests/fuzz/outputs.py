"""Events as text, JSON and a table, whatever the records were that they came from: no byte that could steer a terminal
is shown raw, every line is what it should be, and nothing is lost on the way.
"""

import base64
import json
import os
import re
from importlib.resources import files
from typing import Any
from zlib import crc32

from jsonschema import Draft202012Validator
from rich.cells import cell_len

from onlooker import Batch, Event
from onlooker.output.json import JsonFormatter
from onlooker.output.table import TableFormatter
from onlooker.output.text import TextFormatter

from .records import BOOT_NS, changed, first, made, split

__all__ = ["changed", "check", "first", "made"]

VALIDATOR = Draft202012Validator(json.loads(files("onlooker").joinpath("events.schema.json").read_text("utf-8")))
VALIDATED = 64  # one line in so many: the schema takes a millisecond for each
WIDTHS = (0, 1, 80, 133)
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
# what a line must not contain: C0, DEL, C1, line separators, what reorders or joins

JSON, TEXT = JsonFormatter(), TextFormatter()
TABLES = {width: TableFormatter(colour=bool(width % 2), width=width) for width in WIDTHS}


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    offset_ns, buffer = split(data)
    batch = Batch.checked(buffer, offset_ns, BOOT_NS)
    events = batch.events()
    check_json(batch, events)
    check_lines(bytes(TEXT.format(batch)), events)
    width = WIDTHS[crc32(data) % len(WIDTHS)]
    rows = COLOUR.sub(b"", TABLES[width].format(batch))
    check_lines(rows, events)
    assert not width or all(cell_len(row) <= width for row in rows.decode().split("\n")), width


def check_lines(output: bytes, events: list[Event]) -> None:
    """One line for each event, and nothing in it that is not printable."""
    lines = output.decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(events)
    assert all(line.isprintable() for line in lines)


def check_json(batch: Batch, events: list[Event]) -> None:
    """One valid object for each event, from which each value can be got back; nothing that steers a terminal."""
    lines = bytes(JSON.format(batch)).decode().split("\n")
    assert lines.pop() == ""
    for line, event in zip(lines, events, strict=True):
        assert line.isprintable()
        found = json.loads(line)
        assert found.pop("event") == event.event
        if crc32(line.encode()) % VALIDATED == 0:
            assert [error.message for error in VALIDATOR.iter_errors({**found, "event": event.event})] == []
        for name in event.__struct_fields__:
            value = getattr(event, name)
            got = exact(found, name)
            assert got == (list(value) if isinstance(value, tuple) else value) or (got is None and value in ((), False))
        assert not found, found


def exact(found: dict[str, Any], name: str) -> Any:
    """Takes a value and its bytes out of the object; what it was in Python."""
    value, beside = found.pop(name, None), found.pop(f"{name}_bytes", None)
    if isinstance(beside, list):
        return [os.fsdecode(base64.b64decode(item, validate=True)) for item in beside]
    return value if beside is None else os.fsdecode(base64.b64decode(beside, validate=True))
