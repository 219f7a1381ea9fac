"""Arrow's C interfaces once more, in plain Python: what a consumer of `__arrow_c_stream__` reads."""

import ctypes
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

POINTER = ctypes.pythonapi.PyCapsule_GetPointer
POINTER.restype, POINTER.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))),
    ("private_data", ctypes.c_void_p),
]
NUMBERS = {"C": "B", "S": "H", "I": "I", "L": "Q", "i": "i", "l": "q", "tsn:": "q"}
NULLABLE = 2


class StreamError(Exception):
    """What get_last_error says."""


def described(schema: Schema) -> Any:
    """The columns of a struct, else a format and whether there may be nulls."""
    children = [schema.children[i].contents for i in range(schema.n_children)]
    if schema.format == b"+s":
        return {child.name.decode(): described(child) for child in children}
    form = schema.format.decode() + "".join(child.format.decode() for child in children)
    return form, bool(schema.flags & NULLABLE)


def schema_of(capsule: object) -> dict[str, tuple[str, bool]]:
    """What an "arrow_schema" says; it is released."""
    schema = Schema.from_address(POINTER(capsule, b"arrow_schema"))
    found = described(schema)
    schema.release(schema)
    return found


def described_stream(table: Any) -> Any:
    """The columns of what speaks `__arrow_c_stream__`."""
    capsule, schema = table.__arrow_c_stream__(), Schema()
    stream = Stream.from_address(POINTER(capsule, b"arrow_array_stream"))
    assert stream.get_schema(stream, schema) == 0
    found = described(schema)
    schema.release(schema)
    stream.release(stream)
    return found


def bits(at: int, count: int) -> list[bool]:
    raw = ctypes.string_at(at, (count + 7) // 8)
    return [bool(raw[i // 8] >> i % 8 & 1) for i in range(count)]


def values(form: str, array: Array) -> list[Any]:
    """Of one column, None for nulls."""
    count, (valid, first, second) = array.length, (*array.buffers[: array.n_buffers], None, None)[:3]
    assert array.offset == 0 and not array.dictionary
    if form == "b":
        found = bits(first, count)
    elif form in NUMBERS:
        code = f"={count}{NUMBERS[form]}"
        found = list(struct.unpack(code, ctypes.string_at(first, struct.calcsize(code))))
    else:
        ends = struct.unpack(f"={count + 1}i", ctypes.string_at(first, 4 * count + 4))
        if form.startswith("+l"):
            items = values(form[2:], array.children[0].contents)
        else:
            items = ctypes.string_at(second, ends[-1])
            items = items if form == "z" else _Text(items)
        assert ends[0] == 0 and len(items) == ends[-1]
        found = [items[start:end] for start, end in itertools.pairwise(ends)]
    there = bits(valid, count) if valid else [True] * count
    assert there.count(False) == array.null_count
    return [value if is_there else None for value, is_there in zip(found, there, strict=True)]


class _Text(bytes):
    def __getitem__(self, part):
        return bytes(self)[part].decode()


def chunks(capsule: object) -> Iterator[dict[str, list[Any]]]:
    """The columns of each chunk of an "arrow_array_stream", which is released."""
    stream, schema = Stream.from_address(POINTER(capsule, b"arrow_array_stream")), Schema()
    assert stream.get_schema(stream, schema) == 0
    columns = described(schema)
    schema.release(schema)
    try:
        while True:
            array = Array()
            if stream.get_next(stream, array):
                raise StreamError(stream.get_last_error(stream).decode())
            if not array.release:
                return
            assert array.n_children == len(columns) and array.null_count == 0
            children = [array.children[i].contents for i in range(array.n_children)]
            assert all(child.length == array.length for child in children)
            forms = zip(columns.items(), children, strict=True)
            found = {name: values(form, child) for (name, (form, _)), child in forms}
            array.release(array)
            yield found
    finally:
        stream.release(stream)


def rows(table: Any) -> list[dict[str, Any]]:
    """Of what speaks `__arrow_c_stream__`, a dictionary for each row."""
    capsule = table.__arrow_c_stream__()
    return [
        dict(zip(chunk, row, strict=True)) for chunk in chunks(capsule) for row in zip(*chunk.values(), strict=True)
    ]


def resident_kib() -> int:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
