"""Columns as somebody else may have made them: records that make sense, or UsageError."""

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from onlooker import Batch, UsageError
from onlooker.records import NUMBERS
from onlooker.records.rows import merged, records_of
from onlooker.schema.columns import table_of

from ..unit.records import arrow
from ..unit.records.producer import Column, Made, column
from . import records
from .mutate import number, raw_text

first, made, changed = records.first, records.made, records.changed
INTEGERS = {"c": -8, "C": 8, "s": -16, "S": 16, "i": -32, "I": 32, "l": -64, "L": 64}  # bits, those with a sign below 0
TEXTS = {"u": ("u", "U", "vu"), "z": ("z", "Z", "vz")}


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised. Chance begins with the first 8 bytes."""
    offset_ns, buffer = records.split(data)
    rng, batch = Random(offset_ns), Batch.checked(buffer, offset_ns, records.BOOT_NS)
    parts = [records_of(event, batch.table(table_of(event))) for event in batch.counts()]
    assert sum(len(each.events()) for each in merged(parts)) == len(batch)
    for event, part in zip(batch.counts(), parts, strict=True):
        assert Batch(part.data, offset_ns).events() == batch.select(event).events()
        check_changed(rng, event, batch)


def check_changed(rng: Random, event: str, batch: Batch) -> None:
    """What is taken stays what it is."""
    table = batch.table(table_of(event))
    rows, forms = arrow.rows(table), arrow.described_stream(table)
    columns = {name: (form, [row[name] for row in rows]) for name, (form, _) in forms.items()}
    stream = damaged(rng, columns, len(rows))
    try:
        part = records_of(event if rng.random() < 0.95 else rng.choice(list(NUMBERS)), stream)
    except UsageError as error:
        assert str(error).isprintable()
        return
    finally:
        assert not stream.stream.release
    for each in merged([part]) if part.seqs == sorted(part.seqs) else ():
        [name] = each.counts()
        assert records_of(name, each.table(table_of(name))).data == each.data


def damaged(rng: Random, columns: dict[str, tuple[str, list[Any]]], length: int) -> Made:
    found = []
    for name, (form, values) in columns.items():
        if rng.random() < 0.01:
            continue
        plain = [encoded(value) for value in values]
        if rng.random() < 0.04:
            plain[rng.randrange(length)] = other_value(rng, form)
        one = column(*other_form(rng, form, plain))
        if rng.random() < 0.05:
            rng.choice(DAMAGE)(rng, one)
        found.append((rng.choice(list(columns)) if rng.random() < 0.01 else name, one))
    if rng.random() < 0.3:
        found.append(("seq", column("L", [number(rng, 64) for _ in range(length)])))
    shorter = rng.randrange(length + 1) if rng.random() < 0.1 else length
    return Made(found, shorter, rng.randrange(length - shorter + 1 + (rng.random() < 0.02)))


def encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [encoded(each) for each in value]
    return value.encode() if isinstance(value, str) else value


def other_value(rng: Random, form: str) -> Any:
    if rng.random() < 0.2:
        return None
    if form.startswith("+l"):
        return [other_value(rng, form[2:]) for _ in range(rng.choice((0, 1, 3)))]
    if form in INTEGERS:
        return in_range(form, number(rng, 64))
    names = (b"O_RDONLY", b"ENOENT", b"0x10", b"0", b"openat", b"path", b"SIGKILL")
    special = {"b": rng.random() < 0.5, "tsn:": number(rng, 64) - 2**63}
    return special.get(form, rng.choice((raw_text(rng), rng.choice(names))))


def in_range(form: str, value: int) -> int:
    bits = INTEGERS[form]
    return value % 2**bits if bits > 0 else (value + 2 ** (-bits - 1)) % 2**-bits - 2 ** (-bits - 1)


def other_form(rng: Random, form: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    if form in INTEGERS and rng.random() < 0.03:
        other = rng.choice(list(INTEGERS))
        return other, [None if value is None else in_range(other, value) for value in values]
    if form.startswith("+l"):
        return rng.choice(("+l", "+L")) + rng.choice(TEXTS[form[2:]]), values
    if rng.random() < 0.003:
        return "n", values
    return rng.choice(TEXTS[form]) if form in TEXTS else form, values


def _validity(rng: Random, one: Column) -> None:
    if one.buffers:
        one.buffers[0], one.nulls = rng.choice((None, rng.randbytes((one.length + 7) // 8))), rng.choice((-1, 0, 1))


def _ends(rng: Random, one: Column) -> None:
    """One that is before the one before it, or far before the beginning; nothing says how many bytes there are."""
    if one.form in ("u", "z", "U", "Z", "+l", "+L") and one.length:
        code = "q" if one.form in ("U", "Z", "+L") else "i"
        ends = list(struct.unpack(f"={one.length + 1}{code}", one.buffers[1] or b""))
        ends[rng.randrange(len(ends))] = rng.choice((-1, -(2**31), 0, rng.randrange(ends[-1] + 1)))
        one.buffers[1] = struct.pack(f"={len(ends)}{code}", *ends)


def _views(rng: Random, one: Column) -> None:
    if one.form in ("vu", "vz") and one.length:
        views = bytearray(one.buffers[1] or b"")
        struct.pack_into("=i", views, 4 * rng.randrange(len(views) // 4), number(rng, 32) - 2**31)
        one.buffers[1] = bytes(views)


def _fewer(rng: Random, one: Column) -> None:
    """Of anything: values, items, buffers."""
    if one.items and rng.random() < 0.5:
        one = one.items
    if rng.random() < 0.5:
        one.length -= 1
    elif one.buffers:
        one.buffers.pop()


def _dictionary(rng: Random, one: Column) -> None:
    one.has_dictionary = True


def _later(rng: Random, one: Column) -> None:
    one.offset = rng.randrange(one.length + 1)
    one.length -= one.offset


DAMAGE: Sequence[Callable[[Random, Column], None]] = (
    _validity,
    _ends,
    _ends,
    _views,
    _views,
    _fewer,
    _dictionary,
    _later,
)
