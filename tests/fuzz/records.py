"""Records, as they come out of the ring: what must hold for any bytes."""

import os
import struct
from random import Random

import msgspec

from onlooker import Event, Lost
from onlooker.lines import escape
from onlooker.probe import _decode
from onlooker.schema.plan import plan

from ..unit.lines.test_escape import unescaped
from ..unit.records import KIND_AT, LAYOUTS
from .mutate import edges, generated, mutated
from .reference import Reference

PLANS = [plan(number, made) for number, made in enumerate(LAYOUTS.values(), 1)]


def corrupt(kind: int) -> Event:
    of = ("unknown", *LAYOUTS)[kind]
    return Lost(time="2026-01-31T12:00:00.000000000Z", boot_ns=0, count=1, of=of, reason="corrupt")


def decoder() -> _decode.Decoder:
    return _decode.Decoder(PLANS, corrupt)


# each remembers what it has seen, for as long as the process lives, as in a monitor
NATIVE = decoder()
REFERENCE = Reference(PLANS, corrupt)


def split(data: bytes) -> tuple[int, bytes]:
    """The first 8 bytes are the offset of the wall clock."""
    return struct.unpack("=q", data[:8].ljust(8, b"\0"))[0], data[8:]


def joined(rng: Random, buffer: bytes) -> bytes:
    offset_ns = rng.choice((0, 0, 1_700_000_000 * 10**9, -1, 2**63 - 1, -(2**63), rng.getrandbits(62)))
    return struct.pack("=q", offset_ns) + buffer


def first() -> list[bytes]:
    return [bytes(8) + each for each in edges()]


def made(rng: Random) -> bytes:
    return joined(rng, generated(rng))


def changed(rng: Random, data: bytes) -> bytes:
    _, buffer = split(data)
    return joined(rng, mutated(rng, buffer)) if rng.random() < 0.1 else data[:8].ljust(8, b"\0") + mutated(rng, buffer)


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    offset_ns, buffer = split(data)
    events = NATIVE.decode(buffer, offset_ns, KIND_AT)
    assert events == REFERENCE.decode(buffer, offset_ns, KIND_AT)
    for event in events:
        check_event(event)


def check_event(event: Event) -> None:
    """The values have their types, no byte was lost, and every text can be escaped and got back."""
    plain = msgspec.to_builtins(event)
    assert msgspec.convert(plain, type(event)) == event
    for value in plain.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                raw = os.fsencode(text)
                assert os.fsdecode(raw) == text
                assert unescaped(escape(text)) == raw
