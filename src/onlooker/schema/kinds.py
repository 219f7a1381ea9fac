"""What a field of an event can be on the wire: the vocabulary of the declarations in `onlooker.events`.

A field is declared once, as `name: Annotated[python_type, kind, doc("...")]`. From the kind follow its C type in the
record (`wire.py`), how the native decoder reads it (`plan.py`) and its JSON Schema (`jsonschema.py`).
"""

from collections.abc import Callable
from enum import IntEnum

import msgspec

SCALARS = {"__u8": 1, "__u16": 2, "__u32": 4, "__u64": 8, "__s32": 4, "__s64": 8}
COMM_BYTES = 16  # TASK_COMM_LEN, include/linux/sched.h: 15 bytes and a NUL


class Op(IntEnum):
    """The native decoder's operations; `probe/_decode.pyx` holds the other half of this list."""

    UNSIGNED = 0
    SIGNED = 1
    BOOL = 2
    TIME = 3
    NAME = 4
    TEXT = 5
    TEXTS = 6
    LABEL = 7
    PATH = 8
    JOINED = 9


def doc(text: str) -> msgspec.Meta:
    """The field's one-sentence description, used by the JSON Schema and the reference page."""
    return msgspec.Meta(description=text)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of field.

    `ctype` is its C type in the record, "" where it has no bytes of its own. `absent` is the value on the wire (for a
    text: its offset) that means that the field does not apply. `cuttable`: the probe may mark it as incomplete.
    `describe` raises LookupError for a number that can't be: the record is corrupt. `of` names another field that this
    one is made with.
    """

    ctype: str
    op: Op
    absent: int | None = None
    cuttable: bool = False
    describe: Callable[[int], object] | None = None
    of: str = ""

    @property
    def size(self) -> int:
        """Bytes in the record."""
        return {"": 0, "char": COMM_BYTES, "struct span": 8}.get(self.ctype) or SCALARS.get(self.ctype, 0)

    @property
    def alignment(self) -> int:
        """Alignment in the record. A name is copied as two 64-bit words, so it is aligned like one."""
        return {"char": 8, "struct span": 4}.get(self.ctype) or SCALARS.get(self.ctype, 1)


class Choice(Kind, frozen=True, kw_only=True):
    """One of a few names known when the probe is built, counted from 1."""

    names: tuple[str, ...] = ()


def unsigned(bits: int, *, absent: int | None = None, cuttable: bool = False) -> Kind:
    """An unsigned integer; the value `absent` (on the wire) means that the field does not apply."""
    return Kind(ctype=f"__u{bits}", op=Op.UNSIGNED, absent=absent, cuttable=cuttable)


def signed(bits: int, *, absent: int | None = None, cuttable: bool = False) -> Kind:
    """A signed integer of 32 or 64 bits."""
    return Kind(ctype=f"__s{bits}", op=Op.SIGNED, absent=absent, cuttable=cuttable)


def boolean(*, cuttable: bool = False) -> Kind:
    """True or false, one byte."""
    return Kind(ctype="__u8", op=Op.BOOL, cuttable=cuttable)


def wall_time() -> Kind:
    """Wall-clock time, computed from the record's `boot_ns`; no bytes of its own."""
    return Kind(ctype="", op=Op.TIME)


def name() -> Kind:
    """A process name: 16 bytes, NUL-padded."""
    return Kind(ctype="char", op=Op.NAME)


def text(*, absent: int | None = None) -> Kind:
    """Any bytes, in the record's tail; a `str` with surrogate escapes in Python. May be marked as cut."""
    return Kind(ctype="struct span", op=Op.TEXT, absent=absent, cuttable=True)


def texts() -> Kind:
    """A list of texts, each ended by a NUL byte in the record's tail. May be marked as cut."""
    return Kind(ctype="struct span", op=Op.TEXTS, cuttable=True)


def walked() -> Kind:
    """An absolute path as the kernel is asked for it, from the file up: names from the last to the first, each ended
    by a NUL byte, and an empty one for the root where it was reached. Without the root it does not begin with "/".
    Absent where it has no place in the record. May be marked as cut.
    """
    return Kind(ctype="struct span", op=Op.PATH, absent=0, cuttable=True)


def joined(of: str) -> Kind:
    """The text `of`, another field, behind the path of a directory, which is what the record holds: a walked path."""
    return Kind(ctype="struct span", op=Op.JOINED, absent=0, cuttable=True, of=of)


def label(bits: int, describe: Callable[[int], object], *, absent: int | None = None, cuttable: bool = False) -> Kind:
    """A number shown by its name or names: `describe(number)` is asked once for each number."""
    return Kind(ctype=f"__u{bits}", op=Op.LABEL, absent=absent, cuttable=cuttable, describe=describe)


def choice(*names: str, absent: int | None = None) -> Choice:
    """One of `names`; also becomes an enum in the probe's C header."""
    numbered = dict(enumerate(names, 1))
    return Choice(ctype="__u8", op=Op.LABEL, absent=absent, names=names, describe=numbered.__getitem__)


def cut_mask() -> Kind:
    """Which texts are incomplete: a bit mask in the record's header, a tuple of field names in Python."""
    return Kind(ctype="", op=Op.LABEL)
