"""Batches of records of all kinds, with values by chance: many small ones, and all that is special somewhere."""

import random
from collections.abc import Sequence
from typing import Any

from onlooker import Batch
from onlooker.events import EVENTS
from onlooker.schema.fields import FieldType, Op
from onlooker.testing import make

from ..made_records import LAYOUTS, members, record
from ..made_records import batch as join

_NAMES = (
    b"a",
    b".b",
    b"c.txt",
    b"..",
    b"...",
    b".d.e",
    b"f.",
    b"%b%s",
    b'"\\',
    b"\xff\xfe",
    b"\x1b[31m\n",
    b" ",
    b"\xc3\xa9,",
)
_TEXTS = (b"", b"plain", b"a,b", b'",":{}', b"%d", b"\xf0\x9f\x98\x80", b"\x80", b"\\u0000", b"x" * 40)


def batches(seed: int, count: int) -> list[Batch]:
    """By that seed, so many records; an eighth of them may have large numbers."""
    chance = random.Random(seed)
    records = [_record(chance, chance.choice(list(LAYOUTS)), is_large=place < count // 8) for place in range(count)]
    return [
        batch
        for some in (records[: count // 8], records[count // 8 :])
        for batch in (*_own(chance), Batch(join(*some), 1_700_000_000 * 10**9))
    ]


def _own(chance: random.Random) -> list[Batch]:
    """Events of our own, among them what is known of processes: they are no records of the probe."""
    return Batch.of([make(name) for name in EVENTS if name not in LAYOUTS and chance.random() < 0.8])


def _record(chance: random.Random, event: str, *, is_large: bool) -> bytes:
    raw = {
        name: _value(chance, name, each.type, is_large=is_large)
        for name, each in members(event).items()
        if name not in ("kind", "cut")
    }
    if chance.random() < 0.3 and "child_ppid" in raw:
        raw["child_ppid"] = raw["pid"]
    if chance.random() < 0.5:
        for name in {"real_path", "new_path", "exe"} & raw.keys():
            raw[name] = raw["path"]
    return record(event, raw)


def _value(chance: random.Random, name: str, field: FieldType, *, is_large: bool) -> Any:
    if name == "boot_ns":
        return chance.randrange(10**15)
    if field.is_enum:
        return chance.randint(1 if field.absent is None else 0, len(field.values.names))
    if field.op is Op.NAME:
        return chance.choice(_NAMES)[:15]
    if field.op is Op.TEXT:
        return chance.choice((*_TEXTS, *_NAMES))
    if field.op is Op.TEXTS:
        return tuple(chance.choices([each for each in _TEXTS if each], k=chance.randrange(4)))
    if field.op in (Op.PATH, Op.JOINED):
        return _path(chance, chance.choices(_NAMES, k=chance.randrange(4)))
    if field.absent is not None and chance.random() < 0.3:
        return field.absent
    bits = 8 * field.size - (field.op is Op.SIGNED)
    most = 2**bits - 1 if is_large and chance.random() < 0.1 else min(2**bits - 1, chance.choice((1, 3, 2000, 10**6)))
    return chance.randint(-min(most, 2) if field.op is Op.SIGNED else 0, most)


def _path(chance: random.Random, names: Sequence[bytes]) -> bytes:
    return (b"/" if chance.random() < 0.7 else b"") + b"/".join(names)
