"""The parts of a regular expression. Border and Look are only there until `assertions.py` has done without them."""

import msgspec

ALL_BYTES = frozenset(range(256))
WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class RegexError(ValueError):
    """What is no such expression, or more than there is room for."""


class Bytes(msgspec.Struct, frozen=True):
    """One byte of these."""

    accepted: frozenset[int]


class Sequence(msgspec.Struct, frozen=True):
    """One after the other."""

    parts: tuple["Node", ...]


class Either(msgspec.Struct, frozen=True):
    """One of them."""

    parts: tuple["Node", ...]


class Repeat(msgspec.Struct, frozen=True):
    """At least `least` times, at most `most`, None: any number."""

    part: "Node"
    least: int
    most: int | None


class Edge(msgspec.Struct, frozen=True):
    """The begin of the text, or its end."""

    is_end: bool


class Border(msgspec.Struct, frozen=True):
    """A word begins or ends."""


class Look(msgspec.Struct, frozen=True):
    """What follows (`is_behind`: what was before), or what does not (`is_other`)."""

    part: "Node"
    is_behind: bool
    is_other: bool


Node = Bytes | Sequence | Either | Repeat | Edge | Border | Look
