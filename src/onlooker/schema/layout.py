"""Where each field of an event lies in its record.

A record is a header (every field that all events of a process share), the event's own fixed part, and a tail of
variable length that the spans point into. Fields are ordered by alignment, so there is no padding but a spelled-out
one at the end.
"""

from functools import cache
from typing import Any, get_type_hints

import msgspec

from .fields import FieldType, Op

ALIGNMENT = 8


class Field(msgspec.Struct, frozen=True):
    """One declared field: its name, type, one-sentence description, and where it lies (-1: nowhere)."""

    name: str
    type: FieldType
    description: str
    offset: int = -1


class Block(msgspec.Struct, frozen=True):
    """A C struct: its members in order of address, and its size in bytes."""

    members: tuple[Field, ...]
    pad: int
    size: int


class Layout(msgspec.Struct, frozen=True):
    """The whole record of one event."""

    event: type[msgspec.Struct]
    header: Block
    body: Block
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes before the tail."""
        return self.header.size + self.body.size

    @property
    def cuttable(self) -> tuple[str, ...]:
        """Names of the fields that can be cut; a name's place is its bit in the record's `cut`."""
        return tuple(f.name for f in self.fields if f.type.cuttable)


# the frame of a record, not fields of the event
KIND = Field("kind", FieldType(ctype="__u16", op=Op.UNSIGNED), "which event")
CUT = Field("cut", FieldType(ctype="__u16", op=Op.UNSIGNED), "bit n: the n-th cuttable field is incomplete")


@cache
def declared(event: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of an event class, in the order of its constructor.

    Raises TypeError for a field without a type or a description.
    """
    hints: dict[str, Any] = get_type_hints(event, include_extras=True)
    found = []
    for name in event.__struct_fields__:
        extras = getattr(hints[name], "__metadata__", ())
        types = [extra for extra in extras if isinstance(extra, FieldType)]
        metas = [extra.description for extra in extras if isinstance(extra, msgspec.Meta) and extra.description]
        if len(types) != 1 or len(metas) != 1:
            raise TypeError(f"{event.__name__}.{name} needs one field type and one doc()")
        found.append(Field(name, types[0], metas[0]))
    return tuple(found)


def place(fields: tuple[Field, ...], start: int) -> Block:
    """Lay the fields out from byte `start` on, widest first, and pad to 8 bytes."""
    offset, members = start, []
    for f in sorted((f for f in fields if f.type.size), key=lambda f: -f.type.alignment):
        members.append(Field(f.name, f.type, f.description, offset))
        offset += f.type.size
    pad = -offset % ALIGNMENT
    return Block(tuple(members), pad, offset + pad - start)


@cache
def layout(event: type[msgspec.Struct], shared: type[msgspec.Struct]) -> Layout:
    """The record of `event`, whose header holds the fields of its base class `shared`."""
    common = declared(shared)
    names = {f.name for f in common}
    header = place((*common, KIND, CUT), 0)
    body = place(tuple(f for f in declared(event) if f.name not in names), header.size)
    placed = {f.name: f for f in (*header.members, *body.members)}
    boot = placed["boot_ns"].offset
    fields = []
    for f in declared(event):
        offset = boot if f.type.op is Op.TIME else placed[f.name].offset
        fields.append(Field(f.name, f.type, f.description, offset))
    return Layout(event, header, body, tuple(fields))
