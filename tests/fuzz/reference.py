"""What a batch of records must become: the decoder once more, in plain Python without any memory of earlier records.

Written from the plans alone, so that new events and fields are covered by themselves.
"""

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from onlooker import Event
from onlooker.schema.kinds import Op
from onlooker.schema.plan import Plan, Step

BILLION = 10**9


class MisfitError(Exception):
    """The record makes no sense."""


def unsigned(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def time(boot_ns: int, offset_ns: int) -> str:
    """A sum beyond 64 bits wraps, and before 1970 is 1970: no clock that was set gives either."""
    wall_ns = (boot_ns + offset_ns + 2**63) % 2**64 - 2**63
    second, rest = divmod(max(0, wall_ns), BILLION)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def span(record: bytes, fixed: int, raw: bytes) -> bytes:
    offset, length = struct.unpack("=II", raw)
    if not length:
        return b""
    if offset < fixed or offset + length > len(record):
        raise MisfitError
    return record[offset : offset + length]


def texts(raw: bytes) -> tuple[str, ...]:
    """Each is ended by a NUL; the last one may lack it."""
    parts = raw.split(b"\0")
    return tuple(map(os.fsdecode, parts if parts[-1] else parts[:-1]))


def path(raw: bytes) -> bytes:
    """Names from the last to the first, each ended by a NUL; the root's is empty."""
    names = raw.split(b"\0")
    found = b"/".join(reversed(names if names[-1] else names[:-1]))
    return b"/" if raw and not found else found


def joined(base: bytes, text: bytes) -> bytes:
    if not text:
        return base
    if base == b"/":
        base = b""
        text = b"/" + text.removeprefix(b"/")
    return base + (b"/" if base and not text.startswith(b"/") else b"") + text


def label(describe: Callable[[int], object] | None, number: int) -> object:
    assert describe
    try:
        return describe(number)
    except LookupError:
        raise MisfitError from None


def value(record: bytes, fixed: int, step: Step, offset_ns: int) -> Any:
    op, at, width, absent, describe, other = step
    raw = record[at : at + width]
    if op == Op.TIME:
        return time(unsigned(raw), offset_ns)
    if op == Op.BOOL:
        return raw != b"\0"
    if op == Op.NAME:
        return os.fsdecode(raw.partition(b"\0")[0])
    if op in (Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED):
        found = span(record, fixed, raw)
        if unsigned(raw[:4]) == absent:  # it has no place in the record
            return None
        if op == Op.TEXTS:
            return texts(found)
        if op == Op.TEXT:
            return os.fsdecode(found)
        behind = span(record, fixed, record[other : other + 8]) if op == Op.JOINED else b""
        return os.fsdecode(joined(path(found), behind))
    number = signed(raw) if op == Op.SIGNED else unsigned(raw)
    if absent is not None and number == (absent if op == Op.SIGNED else absent % 2**64):
        return None
    return label(describe, number) if op == Op.LABEL else number


class Reference:
    """Like `onlooker.probe._decode.Decoder`."""

    def __init__(self, plans: Sequence[Plan], corrupt: Callable[[int], Event]) -> None:
        self._plans = {number: (event, size, steps) for number, event, size, steps in plans}
        self._corrupt = corrupt

    def decode(self, buffer: bytes, offset_ns: int, kind_at: int) -> list[Event]:
        return [
            self._corrupt(0) if record is None else self._event(record, offset_ns, kind_at) for record in framed(buffer)
        ]

    def _event(self, record: bytes, offset_ns: int, kind_at: int) -> Event:
        kind = unsigned(record[kind_at : kind_at + 2]) if len(record) >= kind_at + 2 else 0
        if kind not in self._plans:
            return self._corrupt(0)
        event, size, steps = self._plans[kind]
        if len(record) < size:
            return self._corrupt(kind)
        try:
            return event(*[value(record, size, step, offset_ns) for step in steps])
        except MisfitError:
            return self._corrupt(kind)


def framed(buffer: bytes) -> Iterator[bytes | None]:
    """The records of a batch; None, and then no more, for one that reaches beyond it."""
    at = 0
    while at + 8 <= len(buffer):
        length = unsigned(buffer[at : at + 8])
        at += 8
        if length > len(buffer) - at:
            yield None
            return
        yield buffer[at : at + length]
        at += -(-length // 8) * 8
