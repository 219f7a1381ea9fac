"""A producer of Arrow streams in plain Python, which can also give what no column of onlooker is."""

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

from .arrow import NULLABLE, NUMBERS, Array, Schema, Stream

NEW = ctypes.pythonapi.PyCapsule_New
NEW.restype, NEW.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
NAME = ctypes.c_char_p(b"arrow_array_stream")
INLINE_BYTES = 12  # of a view
PADDING_ROWS = 3  # of arrays that begin later


class Column:
    """`buffers`: the first is the validity, None where there are no nulls."""

    def __init__(self, form: str, length: int, buffers: Sequence[bytes | None], items: "Column | None" = None) -> None:
        self.form, self.length, self.buffers, self.items = form, length, list(buffers), items
        self.offset, self.nulls, self.has_dictionary = 0, 0 if buffers[:1] in ([], [None]) else -1, False


def packed(flags: Sequence[object]) -> bytes:
    return bytes(
        sum(bool(flag) << bit for bit, flag in enumerate(flags[at : at + 8])) for at in range(0, len(flags), 8)
    )


def _views(texts: Sequence[bytes]) -> list[bytes]:
    """Views, the bytes of the long ones, and how many these are."""
    views, data = b"", b""
    for text in texts:
        if len(text) <= INLINE_BYTES:
            views += struct.pack("=i12s", len(text), text)
        else:
            views += struct.pack("=i4sii", len(text), text[:4], 0, len(data))
            data += text
    return [views, data, struct.pack("=q", len(data))]


def column(form: str, values: Sequence[Any]) -> Column:
    """Of the Arrow format; of texts in bytes, of lists with the format of the items behind it."""
    validity = None if None not in values else packed([value is not None for value in values])
    if form[:2] in ("+l", "+L"):
        items = [each for value in values for each in value or ()]
        return Column(form[:2], len(values), [validity, _ends(form[:2] == "+L", values)], column(form[2:], items))
    if form == "b":
        return Column(form, len(values), [validity, packed(values)])
    if code := {"c": "b", "s": "h", "g": "d", **NUMBERS}.get(form):
        return Column(form, len(values), [validity, struct.pack(f"={len(values)}{code}", *[v or 0 for v in values])])
    if form == "n":
        return Column(form, len(values), [])
    if form in ("vu", "vz"):
        return Column(form, len(values), [validity, *_views([value or b"" for value in values])])
    return Column(form, len(values), [validity, _ends(form in ("U", "Z"), values), b"".join(v or b"" for v in values)])


def _ends(is_wide: bool, values: Sequence[Any]) -> bytes:
    ends = [0]
    for value in values:
        ends.append(ends[-1] + len(value or ()))
    return struct.pack(f"={len(ends)}{'q' if is_wide else 'i'}", *ends)


class Made:
    """Columns by their names; it gives one stream, of one array, of the rows from `first` on."""

    def __init__(self, columns: Sequence[tuple[str, Column]], length: int, first: int = 0) -> None:
        self.columns, self.length, self.first = columns, length, first
        self.kept: list[Any] = []
        self.released = 0
        self.error = b""
        self._given = False

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        self.stream = Stream(*self._callbacks(), None)
        return NEW(ctypes.addressof(self.stream), NAME, None)

    def _callbacks(self) -> list[Any]:
        types = dict(Stream._fields_)
        named = (("get_schema", self._schema), ("get_next", self._next), ("get_last_error", self._error))
        made = [types[name](call) for name, call in named]
        return [*made, types["release"](self._release)]

    def _schema(self, _stream: Any, out: Any) -> int:
        out[0] = self._schema_of("", "+s", [self._of(name, each) for name, each in self.columns])
        return 0

    def _of(self, name: str, each: Column) -> Schema:
        made = self._schema_of(name, each.form, [self._of("item", each.items)] if each.items else [])
        made.dictionary = 1 if each.has_dictionary else None
        return made

    def _schema_of(self, name: str, form: str, children: Sequence[Schema]) -> Schema:
        def release(schema: Any) -> None:
            schema.contents.release = type(schema.contents.release)()

        pointers = (ctypes.POINTER(Schema) * (len(children) + 1))(*map(ctypes.pointer, children))
        call = dict(Schema._fields_)["release"](release)
        texts = (form.encode(), name.encode())
        self.kept += [children, pointers, call, texts]
        return Schema(*texts, None, NULLABLE, len(children), pointers, None, call, None)

    def _next(self, _stream: Any, out: Any) -> int:
        if self.error:
            return 5
        if self._given:
            ctypes.memset(out, 0, ctypes.sizeof(Array))
            return 0
        self._given = True
        made = self._array(Column("+s", self.length, [None]), [self._array_of(each) for _, each in self.columns])
        made.offset = self.first
        out[0] = made
        return 0

    def _array_of(self, each: Column) -> Array:
        return self._array(each, [self._array_of(each.items)] if each.items else [])

    def _array(self, each: Column, children: Sequence[Array]) -> Array:
        def release(array: Any) -> None:
            self.released += 1
            array.contents.release = type(array.contents.release)()

        own = [None if raw is None else (ctypes.c_char * len(raw)).from_buffer_copy(raw) for raw in each.buffers]
        places = [None if raw is None else ctypes.addressof(raw) for raw in own]
        buffers = (ctypes.c_void_p * (len(own) + 1))(*places)
        pointers = (ctypes.POINTER(Array) * (len(children) + 1))(*map(ctypes.pointer, children))
        call = dict(Array._fields_)["release"](release)
        self.kept += [own, buffers, children, pointers, call]
        return Array(each.length, each.nulls, each.offset, len(own), len(children), buffers, pointers, None, call, None)

    def _error(self, _stream: Any) -> bytes | None:
        return self.error or None

    def _release(self, stream: Any) -> None:
        stream.contents.release = type(stream.contents.release)()


def made(columns: dict[str, tuple[str, Sequence[Any]]]) -> Made:
    """By names, the format and the values of each."""
    lengths = {len(values) for _, values in columns.values()} or {0}
    return Made([(name, column(*each)) for name, each in columns.items()], max(lengths))
