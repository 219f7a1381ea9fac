"""The native decoder's table for one event, written from its class."""

from collections.abc import Callable

import msgspec

from .kinds import Op
from .layout import CUT, Field, Layout

# operation, offset, bytes, the value that means absent, number -> value, the offset of the other field it is made with
Step = tuple[int, int, int, int | None, Callable[[int], object] | None, int]
Plan = tuple[int, type[msgspec.Struct], int, list[Step]]


def _names_of_bits(names: tuple[str, ...]) -> Callable[[int], object]:
    return lambda mask: tuple(name for bit, name in enumerate(names) if mask >> bit & 1)


def _step(f: Field, made: Layout) -> Step:
    if f.name == "cut":
        return Op.LABEL, f.offset, CUT.kind.size, None, _names_of_bits(made.cuttable), 0
    size = 8 if f.kind.op is Op.TIME else f.kind.size
    other = next((each.offset for each in made.fields if each.name == f.kind.of), 0)
    return int(f.kind.op), f.offset, size, f.kind.absent, f.kind.describe, other


def plan(number: int, made: Layout) -> Plan:
    """`(kind number, event class, bytes before the tail, one step for each constructor argument)`."""
    return number, made.event, made.size, [_step(f, made) for f in made.fields]
