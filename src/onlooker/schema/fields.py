"""What a field of an event can be on the wire: the vocabulary of the declarations in `onlooker.events`.

A field is declared once, as `name: Annotated[python_type, field_type, doc("...")]`. Its C type in the record
(`wire.py`), how it is read natively (`plan.py`) and its JSON Schema (`jsonschema.py`) follow from the field type.
"""

from enum import IntEnum

import msgspec

from .values import Flags, Names, Values

SCALARS = {"__u8": 1, "__u16": 2, "__u32": 4, "__u64": 8, "__s32": 4, "__s64": 8}
COMM_BYTES = 16  # TASK_COMM_LEN, include/linux/sched.h: 15 bytes and a NUL


class Op(IntEnum):
    """How a value is read; `records/native/plan.h` holds the other half of this list."""

    UNSIGNED = 0
    SIGNED = 1
    BOOLEAN = 2
    TIME = 3
    NAME = 4
    TEXT = 5
    TEXTS = 6
    ONE_OF = 7
    FLAGS = 8
    PATH = 9
    JOINED = 10


def doc(text: str) -> msgspec.Meta:
    """The field's one-sentence description, used by the JSON Schema and the reference page."""
    return msgspec.Meta(description=text)


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """What a field is on the wire.

    `ctype` is its C type in the record, "" where it has no bytes. `absent` is the value on the wire (for a
    text: its offset) that means that the field does not apply. `cuttable`: the probe may mark it as incomplete.
    `values` are the names of its numbers; `is_enum`: the C header names them, too. `of` names another field that this
    one is made with.
    """

    ctype: str
    op: Op
    absent: int | None = None
    cuttable: bool = False
    values: Values | None = None
    of: str = ""
    is_enum: bool = False

    @property
    def size(self) -> int:
        """Bytes in the record."""
        return {"": 0, "char": COMM_BYTES, "struct span": 8}.get(self.ctype) or SCALARS.get(self.ctype, 0)

    @property
    def alignment(self) -> int:
        """Alignment in the record. A name is copied as two 64-bit words, so it is aligned like one."""
        return {"char": 8, "struct span": 4}.get(self.ctype) or SCALARS.get(self.ctype, 1)


def unsigned(bits: int, *, absent: int | None = None, cuttable: bool = False) -> FieldType:
    """An unsigned integer; the value `absent` (on the wire) means that the field does not apply."""
    return FieldType(ctype=f"__u{bits}", op=Op.UNSIGNED, absent=absent, cuttable=cuttable)


def signed(bits: int, *, absent: int | None = None, cuttable: bool = False) -> FieldType:
    """A signed integer of 32 or 64 bits."""
    return FieldType(ctype=f"__s{bits}", op=Op.SIGNED, absent=absent, cuttable=cuttable)


def boolean(*, cuttable: bool = False) -> FieldType:
    """True or false, one byte."""
    return FieldType(ctype="__u8", op=Op.BOOLEAN, cuttable=cuttable)


def wall_time() -> FieldType:
    """Wall-clock time, computed from the record's `boot_ns`; it has no bytes in the record."""
    return FieldType(ctype="", op=Op.TIME)


def name() -> FieldType:
    """A process name: 16 bytes, NUL-padded."""
    return FieldType(ctype="char", op=Op.NAME)


def text(*, absent: int | None = None) -> FieldType:
    """Any bytes, in the record's tail; a `str` with surrogate escapes in Python. May be marked as cut."""
    return FieldType(ctype="struct span", op=Op.TEXT, absent=absent, cuttable=True)


def texts(*, absent: int | None = None) -> FieldType:
    """A list of texts, each ended by a NUL byte in the record's tail. May be marked as cut. `absent`: 0, where it has
    neither a place in the record nor a length.
    """
    return FieldType(ctype="struct span", op=Op.TEXTS, absent=absent, cuttable=True)


def walked() -> FieldType:
    """An absolute path as the probe walks it, from the file up: names from the last to the first, each ended
    by a NUL byte, and an empty one for the root where it was reached. Without the root it does not begin with "/".
    Absent where it has no place in the record. May be marked as cut.
    """
    return FieldType(ctype="struct span", op=Op.PATH, absent=0, cuttable=True)


def joined(of: str) -> FieldType:
    """The text `of`, another field, joined to the path of a directory. The record holds that path, as a walked one."""
    return FieldType(ctype="struct span", op=Op.JOINED, absent=0, cuttable=True, of=of)


def one_of(bits: int, names: Names, *, absent: int | None = None) -> FieldType:
    """A number shown by its name."""
    return FieldType(ctype=f"__u{bits}", op=Op.ONE_OF, absent=absent, values=names)


def flag_names(bits: int, names: Flags, *, cuttable: bool = False) -> FieldType:
    """A number shown by the names of its bits."""
    return FieldType(ctype=f"__u{bits}", op=Op.FLAGS, cuttable=cuttable, values=names)


def choice(*names: str, absent: int | None = None) -> FieldType:
    """One of `names`, numbered from 1; also becomes an enum in the probe's C header."""
    return FieldType(ctype="__u8", op=Op.ONE_OF, absent=absent, values=Names.counted(*names), is_enum=True)


def cut_mask() -> FieldType:
    """Which texts are incomplete: a bit mask in the record's header, a tuple of field names in Python."""
    return FieldType(ctype="", op=Op.FLAGS)
