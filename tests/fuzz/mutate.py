"""Batches of records: whole ones made from the layouts, and the damage that is done to them."""

import struct
from collections.abc import Callable, Iterator, Sequence
from random import Random

from onlooker.events import EVENTS
from onlooker.schema.fields import FieldType, Op
from onlooker.schema.values import Names

from ..unit.hostile import BYTES, CHARACTERS
from ..unit.made_records import KIND_AT, LAYOUTS, batch, members, record, with_span
from ..unit.records.reference import framed

PIECES = (
    *(text.encode() for text in CHARACTERS),
    *BYTES,
    b"a",
    b"/",
    b".",
    b"..",
    b"/usr/lib",
    b"\0",
    b"\0\0",
    b"x" * 300,
)
EDGES = (0, 1, 2, 7, 8, 127, 128, 255, 256, 511, 4095, 4096, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
         2**63 - 1, 2**63, 2**64 - 8, 2**64 - 100, 2**64 - 1)  # fmt: skip
SIZES = (16, 256, 512, 1024, 2048, 4096)
MOST_BYTES = 1 << 14  # of what is made from nothing


def raw_text(rng: Random) -> bytes:
    if rng.random() < 0.05:  # about as long as a buffer on the stack, or a limit of the probe
        return (rng.choice(PIECES) * 4200)[: rng.choice(SIZES) + rng.randrange(-3, 4)]
    return b"".join(rng.choices(PIECES, k=rng.choice((0, 1, 2, 5, 20))))


def number(rng: Random, bits: int) -> int:
    return rng.choice((rng.choice(EDGES), rng.getrandbits(bits), rng.randrange(64))) % 2**bits


def member(rng: Random, field: FieldType) -> int | bytes | tuple[bytes, ...]:
    """Mostly what the probe could write there."""
    if field.ctype == "struct span":
        return tuple(raw_text(rng) for _ in range(rng.choice((0, 1, 3)))) if field.op is Op.TEXTS else raw_text(rng)
    if field.op is Op.NAME:
        return raw_text(rng)[: field.size]
    bits = 8 * field.size
    if field.absent is not None and rng.random() < 0.3:
        return field.absent
    if field.is_enum:
        assert isinstance(field.values, Names)
        return rng.randrange(len(field.values.names) + (rng.random() < 0.9)) + (rng.random() < 0.9)
    return number(rng, bits) - (2 ** (bits - 1) if field.ctype.startswith("__s") else 0)


def ordinary(event: str, **fields: int | bytes) -> bytes:
    """A record of that event with nothing in the fields that are not given."""
    empty = {
        name: b"" if f.type.ctype == "struct span" or f.type.op is Op.NAME else int(f.type.is_enum)
        for name, f in members(event).items()
        if name not in ("kind", "cut")
    }
    return record(event, {**empty, **fields})


def edges() -> Iterator[bytes]:
    """Batches in which a text is just as long as a buffer, or a span ends just inside or outside of the record."""
    for event, made in LAYOUTS.items():
        spans = [name for name, f in members(event).items() if f.type.ctype == "struct span"]
        for name in spans:
            yield batch(
                *(ordinary(event, **{name: b"a" * size}) for near in SIZES for size in range(near - 2, near + 9))
            )
            one = ordinary(event, **dict.fromkeys(spans, b"ab\0"))
            start, end = made.size, len(one)
            inside, outside = [(start, end - start), (end - 1, 1)], [(start, end - start + 1), (start - 1, 1), (end, 1)]
            yield batch(*(with_span(one, event, name, *each) for each in inside + outside))


def whole(rng: Random) -> bytes:
    """A record of any event."""
    event = rng.choice(list(LAYOUTS))
    fields = {name: member(rng, f.type) for name, f in members(event).items() if name not in ("kind", "cut")}
    made = record(event, {**fields, "cut": rng.getrandbits(16) & rng.getrandbits(16)})
    for name, f in members(event).items():
        if f.type.op in (Op.PATH, Op.JOINED) and rng.random() < 0.3:
            made = with_span(made, event, name, 0, 0)
    return made


def _set_number(rng: Random, found: bytearray) -> None:
    """One member of the record, or the offset or length of a span, becomes another number."""
    made = LAYOUTS[rng.choice(list(LAYOUTS))]
    chosen = rng.choice((*made.header.members, *made.body.members))
    at, size = chosen.offset, min(chosen.type.size, 8)
    if at + size > len(found):
        return
    now = int.from_bytes(found[at : at + size], "little")
    near = (now - 1, now + 1)
    if chosen.type.ctype == "struct span":
        offset, length = struct.unpack_from("=II", found, at)
        size = 4
        if rng.random() < 0.5:
            near = (offset - 1, made.size, made.size - 1, len(found), len(found) - length, len(found) - length + 1)
        else:
            at, near = at + 4, (length + 1, len(found) - offset, len(found) - offset + 1)
    value = rng.choice(near) if rng.random() < 0.6 else number(rng, 8 * size)
    found[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, "little")


def _set_kind(rng: Random, found: bytearray) -> None:
    if len(found) >= KIND_AT + 2:
        struct.pack_into("=H", found, KIND_AT, rng.choice((*range(len(EVENTS) + 2), 63, 64, 2**16 - 1)))


def _flip(rng: Random, found: bytearray) -> None:
    if found:
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)


def _cut(rng: Random, found: bytearray) -> None:
    del found[rng.randrange(len(found) + 1) :]


def _grow(rng: Random, found: bytearray) -> None:
    at = rng.randrange(len(found) + 1)
    found[at:at] = raw_text(rng)


DAMAGE: Sequence[Callable[[Random, bytearray], None]] = (_set_number, _set_number, _set_kind, _flip, _cut, _grow)


def damaged(rng: Random, one: bytes) -> bytes:
    found = bytearray(one)
    for _ in range(rng.choice((1, 1, 2, 5))):
        rng.choice(DAMAGE)(rng, found)
    return bytes(found)


def _reframed(rng: Random, buffer: bytes) -> bytes:
    """The length in front of one of the records becomes another one."""
    found = bytearray(buffer)
    if len(found) >= 8:
        at = rng.randrange(0, len(found) - 7, 8)
        struct.pack_into("=Q", found, at, rng.choice((number(rng, 64), len(found) - at - 8, len(found) - at)))
    return bytes(found)


def mutated(rng: Random, buffer: bytes) -> bytes:
    """The batch with a record more, less, twice or damaged, or with one of its lengths wrong."""
    records = [one for one in framed(buffer) if one is not None]
    what = rng.randrange(8)
    if what == 0 or not records:
        records.insert(rng.randrange(len(records) + 1), whole(rng))
    elif what == 1:
        del records[rng.randrange(len(records))]
    elif what == 2:
        records.insert(rng.randrange(len(records) + 1), rng.choice(records))
    elif what == 3:
        return _reframed(rng, buffer)
    else:
        at = rng.randrange(len(records))
        records[at] = damaged(rng, records[at])
    return batch(*records)


def generated(rng: Random) -> bytes:
    """A batch from nothing."""
    records = [whole(rng) for _ in range(rng.choice((1, 2, 3, 8)))]
    found = batch(*(damaged(rng, one) if rng.random() < 0.5 else one for one in records))
    return (_reframed(rng, found) if rng.random() < 0.1 else found)[:MOST_BYTES]
