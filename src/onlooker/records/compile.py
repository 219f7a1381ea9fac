"""A plan in the order in which the native part wants it: phrases as lists of what is done one after the other."""

from collections.abc import Iterator

from ..schema.fields import Op
from ..schema.phrase import FORMATS, Choose, Phrase, Text, Value, Words
from ..schema.plan import EventPlan, StepPlan
from ..schema.values import Flags, Names, Values

# records/native/plan.h: enum piece_op and enum piece_test
TEXT, VALUE, OWN_PID, UNLESS, JUMP, LIST, ITEM, END = range(8)
TESTS = ("set", "has", "differs", "misleads", "absolute")
ALL_BITS = 2**64 - 1

# operation, test, format, step, other step, where to go on, bits, mask, text
Piece = tuple[int, int, int, int, int, int, int, int, bytes]


_SPANS = (Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED)
_SIZES = dict.fromkeys(_SPANS, (8,)) | {Op.SIGNED: (4, 8), Op.TIME: (8,), Op.NAME: range(1, 17)}
_VALUES = {Op.ONE_OF: Names, Op.FLAGS: Flags}
_PATHS = (Op.TEXT, Op.PATH, Op.JOINED)
_ALL = frozenset(Op)
_LONGEST_OTHER = 40  # bytes of how a number without a name is called: `struct names` of records/native/values.h
_FOR_TEST = {"absolute": (Op.TEXT,), "differs": _PATHS, "misleads": _PATHS, "has": (Op.ONE_OF, Op.FLAGS)}


def check(event: EventPlan) -> None:
    """Raises ValueError for an event whose fields can't be read as its plan says. It may come from a file."""
    ops = {step.name: step.op for step in event.steps}
    for step in event.steps:
        if (
            step.bytes not in _SIZES.get(step.op, range(1, 9))
            or not isinstance(step.values, _VALUES.get(step.op, object))
            or (step.op is Op.JOINED and ops.get(step.of) is not Op.TEXT)
            or not _can_be_named(step.values)
        ):
            raise ValueError(f"{event.name}.{step.name} is no field of {step.bytes} bytes that can be read")


def _can_be_named(values: Values | None) -> bool:
    """Whether every number is called something that there is room for, but one that makes the record corrupt."""
    if isinstance(values, Flags):
        return values.high is None or (bool(values.high.other) and _can_be_named(values.high))
    return values is None or len(values.other.encode()) <= _LONGEST_OTHER


def pieces_of(phrase: Phrase, event: EventPlan) -> list[Piece]:
    """What to do, one after the other. A field that the event does not have never applies."""
    steps = {step.name: place for place, step in enumerate(event.steps)}
    return list(_pieces(phrase, event.steps, steps, 0))


def _piece(
    op: int, *, test: int = 0, form: int = 0, step: int = 0, other: int = 0, to: int = 0, bits: int = 0, mask: int = 0,
    text: bytes = b"",
) -> Piece:  # fmt: skip
    return op, test, form, step, other, to, bits, mask, text


def _pieces(phrase: Phrase, fields: tuple[StepPlan, ...], steps: dict[str, int], start: int) -> Iterator[Piece]:
    """`start`: how many come before these."""
    at = start
    for piece in phrase:
        if isinstance(piece, Text):
            found = [_piece(TEXT, text=piece.text.encode())]
        elif isinstance(piece, Value):
            found = _value(piece, fields, steps)
        elif isinstance(piece, Words):
            found = _words(piece, fields, steps, at)
        else:
            found = _choose(piece, fields, steps, at)
        at += len(found)
        yield from found


def _value(piece: Value, fields: tuple[StepPlan, ...], steps: dict[str, int]) -> list[Piece]:
    if piece.field == "own_pid":
        return [_piece(OWN_PID)]
    if piece.field not in steps:
        return []
    place = steps[piece.field]
    if fields[place].op is Op.TIME:
        raise ValueError(f"{piece.field} is before every phrase, and in none")
    return [_piece(VALUE, form=FORMATS.index(piece.format), step=place)]


def _words(piece: Words, fields: tuple[StepPlan, ...], steps: dict[str, int], start: int) -> list[Piece]:
    found = [_piece(LIST)]
    for item in piece.items:
        found += _pieces(item, fields, steps, start + len(found))
        found.append(_piece(ITEM))
    return [*found, _piece(END)]


def _choose(piece: Choose, fields: tuple[StepPlan, ...], steps: dict[str, int], start: int) -> list[Piece]:
    is_field = piece.test in ("differs", "misleads")
    if piece.field not in steps or (is_field and piece.other not in steps):
        return list(_pieces(piece.no, fields, steps, start))
    needed = _FOR_TEST.get(piece.test, _ALL)
    if any(fields[steps[name]].op not in needed for name in (piece.field, piece.other if is_field else piece.field)):
        raise ValueError(f"{piece.field} is no field for the test {piece.test!r}")
    yes = list(_pieces(piece.yes, fields, steps, start + 1))
    after = start + 1 + len(yes)
    no = list(_pieces(piece.no, fields, steps, after + 1)) if piece.no else []
    place = steps[piece.field]
    bits, mask = _bits(fields[place].values, piece.other) if piece.test == "has" else (0, 0)
    unless = _piece(
        UNLESS, test=TESTS.index(piece.test), step=place, other=steps[piece.other] if is_field else 0,
        to=after + 1 if no else after, bits=bits, mask=mask,
    )  # fmt: skip
    return [unless, *yes, _piece(JUMP, to=after + 1 + len(no)), *no] if no else [unless, *yes]


def _bits(values: Values | None, name: str) -> tuple[int, int]:
    """A number has the name if so many of its bits, by the mask, are these."""
    if isinstance(values, Names):
        return values.number_of(name), ALL_BITS
    assert isinstance(values, Flags)  # `check` has seen to it
    if name in values.low:
        return values.low.index(name), len(values.low) - 1
    bits = values.mask_of(name)
    return bits, bits
