"""What the members of a record can hold."""

from typing import Any

from hypothesis import strategies as st

from onlooker.schema.fields import FieldType, Op

from ..made_records import LAYOUTS, Raw, members

LATEST = 2**62 - 1  # of boot_ns, and of the offset to the wall clock: their sum is a time in the year 2262
OFFSETS = st.integers(0, LATEST)

TEXT = st.binary(max_size=40)
ARGUMENT = st.lists(st.integers(1, 255), max_size=10).map(bytes)
NAME = st.lists(st.integers(1, 255), max_size=16).map(bytes)
FILE_NAME = st.binary(min_size=1, max_size=12).map(lambda raw: raw.translate(None, b"\0/") or b"x")
FILE_NAMES = st.lists(FILE_NAME, max_size=4).map(b"/".join)
PATH = st.one_of(FILE_NAMES, FILE_NAMES.map(lambda names: b"/" + names))  # one without the root is cut; empty: absent


def values(name: str, field: FieldType) -> st.SearchStrategy[Any]:
    """Everything that the probe could write into a member of that field."""
    if name == "boot_ns":
        return st.integers(0, LATEST)
    if field.is_enum:
        return st.integers(1 if field.absent is None else 0, len(field.values.names))
    texts = {Op.NAME: NAME, Op.TEXT: TEXT, Op.TEXTS: st.lists(ARGUMENT, max_size=5).map(tuple)}
    texts |= {Op.PATH: PATH, Op.JOINED: PATH}
    if field.op in texts:
        return texts[field.op]
    bits = 8 * field.size
    if field.op is Op.SIGNED:
        ordinary = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    else:
        ordinary = st.integers(0, 2**bits - 1)
    return ordinary if field.absent is None else st.one_of(ordinary, st.just(field.absent))


def raws(event: str) -> st.SearchStrategy[Raw]:
    """The members of a record of that event."""
    fields = {name: values(name, f.type) for name, f in members(event).items() if name not in ("kind", "cut")}
    return st.fixed_dictionaries({**fields, "cut": st.integers(0, 2 ** len(LAYOUTS[event].cuttable) - 1)})


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
