"""Expressions as rules for the kernel: bpf/config.h has their layout, and bpf/filter/rules.h asks them."""

import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..records import NUMBERS
from ..schema.fields import COMM_BYTES, Op
from ..schema.plan import StepPlan
from .compile import flag, ranges, texts_of
from .expression import And, Expression, Not, Test
from .fields import FILES, FLAGS, PATH, TEXT, steps_of, type_of
from .necessary import Bound, Necessary, necessary

# bpf/config.h
KINDS, STEPS, TEXT_BYTES = 32, 512, 16384
ACCEPT, REJECT = 0xFFFF, 0xFFFE
ASK_NUMBER, ASK_COMM, ASK_UNDER, ASK_EQUAL, ASK_NAME = range(5)
OF_RECORD, OF_PID, OF_UID, OF_ERRNO, OF_FLAGS, OF_FILE, OF_REAL = range(7)

_KIND = struct.Struct("=HHHH")
_STEP = struct.Struct("=BBBBHHHxxHHHHxxxxQQQQxxxxxxxx")
_EARLY = {"pid": OF_PID, "uid": OF_UID, "errno": OF_ERRNO}
_SIGN = 2**63
_O_CREAT, _TMPFILE_BIT = 0o100, 0o20000000  # include/uapi/asm-generic/fcntl.h; bpf/probes/open.h: fill_file
LONGEST = 32  # RULE_LONGEST in bpf/config.h
_FEW = 3  # ranges that are asked one after the other
_WORDS = 16  # bytes of a text's end that are compared at once


class Step(NamedTuple):
    """One question of the kernel, and the steps to go on at. `numbers`: mask, flip, lowest and width; or two words and
    their masks. `typed` and `walked` are texts.
    """

    op: int
    source: int
    yes: int
    no: int
    at: int = 0
    numbers: tuple[int, int, int, int] = (0, 0, 0, 0)
    typed: bytes = b""
    walked: bytes = b""
    is_short: bool = False
    is_whole: bool = False


class NoRoomError(Exception):
    """There are more rules than the kernel has room for."""


class Rules:
    """The rules of an expression for some kinds of event; of all others, everything passes."""

    def __init__(self, expression: Expression | None, events: Iterable[str], bound: Bound | None = None) -> None:
        """`bound`: what the kernel can ask instead of what it does not know, as `necessary` takes it."""
        self._steps: dict[Step, int] = {}
        self._texts = bytearray()
        self._places: dict[bytes, int] = {b"": 0}
        self.first: dict[str, int] = {}
        self.without_room: list[str] = []  # everything passes
        for event in events if expression is not None else ():
            assert expression is not None
            steps, bytes_ = len(self._steps), len(self._texts)
            try:
                self.first[event] = self._begin(necessary(expression, event, bound), event)
            except NoRoomError:
                self._forget(steps, bytes_)
                self.first[event] = ACCEPT
                self.without_room.append(event)

    def to_bytes(self) -> bytes:
        """Struct rules."""
        kinds = bytearray(KINDS * _KIND.size)
        for number in range(KINDS):
            _KIND.pack_into(kinds, number * _KIND.size, ACCEPT, 0, 0, 0)
        for event, first in self.first.items():
            _KIND.pack_into(kinds, NUMBERS[event] * _KIND.size, first, *_paths(event))
        steps = b"".join(map(self._packed, self._steps))
        return bytes(kinds) + steps.ljust(STEPS * _STEP.size, b"\0") + bytes(self._texts).ljust(TEXT_BYTES, b"\0")

    def _forget(self, steps: int, size: int) -> None:
        """All but so many steps and bytes of texts."""
        self._steps = dict(list(self._steps.items())[:steps])
        self._places = {text: at for text, at in self._places.items() if at + len(text) <= size}
        del self._texts[size:]

    def longest(self, event: str) -> int:
        """How many steps a record can take."""
        depths = {ACCEPT: 0, REJECT: 0}
        for step, number in self._steps.items():  # each leads to those before it
            depths[number] = 1 + max(depths[step.yes], depths[step.no])
        return depths[self.first[event]]

    def _packed(self, step: Step) -> bytes:
        typed, walked = self._places[step.typed], self._places[step.walked]
        return _STEP.pack(
            step.op, step.source, step.is_short, step.is_whole, step.yes, step.no, step.at,
            typed, len(step.typed), walked, len(step.walked), *step.numbers,
        )  # fmt: skip

    def _push(self, step: Step) -> int:
        """Steps that are the same in several kinds of event are kept once."""
        for text in (step.typed, step.walked):
            if text not in self._places:
                if len(self._texts) + len(text) > TEXT_BYTES - 8:  # it is read by eight bytes
                    raise NoRoomError
                self._places[text] = len(self._texts)
                self._texts += text
        if step not in self._steps and len(self._steps) == STEPS:
            raise NoRoomError
        return self._steps.setdefault(step, len(self._steps))

    def _begin(self, wanted: Necessary, event: str) -> int:
        if isinstance(wanted, bool):
            return ACCEPT if wanted else REJECT
        return self._add(wanted, event, ACCEPT, REJECT)

    def _add(self, expression: Expression, event: str, yes: int, no: int) -> int:
        """Where to begin; steps are added from the last to the first."""
        if isinstance(expression, Test):
            return self._add_test(expression, event, yes, no)
        if isinstance(expression, Not):
            return self._add(expression.term, event, no, yes)
        is_all = isinstance(expression, And)
        first = yes if is_all else no
        for term in sorted(expression.terms, key=lambda term: _cost(term, event), reverse=True):
            first = self._add(term, event, first, no) if is_all else self._add(term, event, yes, first)
        return first

    def _add_test(self, test: Test, event: str, yes: int, no: int) -> int:
        """Any of some steps, after one that asks whether the field applies."""
        if test.op == "exists":
            [step] = steps_of(test.field, event)
            return self._push(_absent(step, event, no, yes))
        if type_of(test.field) == TEXT:
            [step] = steps_of(test.field, event)
            alternatives, absent = _comm_steps(test, step), None
        elif type_of(test.field) == PATH:
            alternatives, absent = _file_steps(test, event, no)
        else:
            [step] = steps_of(test.field, event)
            alternatives = _number_steps(test, step, event)
            absent = _absent(step, event, no, 0) if step.absent is not None else None
            if absent and not test.negated and test.op != "!=" and not any(map(_holds_none(absent), alternatives)):
                absent = None
        if test.negated or test.op == "!=":
            yes, no = no, yes
        first = self._any(alternatives, yes, no)
        if absent is not None:
            return self._push(absent._replace(no=first))
        if (test.field, event) == ("created", "open"):
            is_false = any(alternative.numbers[2] == 0 for alternative in alternatives)
            return self._if_it_may_create(first, yes if is_false else no)
        return first

    def _any(self, alternatives: list[Step], yes: int, no: int) -> int:
        """Whether one of them holds. Of many ranges of a number, in their order, a step rules out half."""
        if (
            len(alternatives) > _FEW
            and all(each.op == ASK_NUMBER for each in alternatives)
            and not _has_bits(alternatives)
        ):
            middle = len(alternatives) // 2
            low, high = (self._any(some, yes, no) for some in (alternatives[:middle], alternatives[middle:]))
            mask, flip, lowest, width = alternatives[middle - 1].numbers
            return self._push(alternatives[0]._replace(numbers=(mask, flip, 0, lowest + width), yes=low, no=high))
        first = no
        for alternative in reversed(alternatives):
            first = self._push(alternative._replace(yes=yes, no=first))
        return first

    def _if_it_may_create(self, then: int, otherwise: int) -> int:
        """Only such an open can have made its file, and its flags are known before anything is read."""
        [step] = steps_of("flags", "open")
        for bits in (_TMPFILE_BIT, _O_CREAT):
            otherwise = self._push(Step(ASK_NUMBER, OF_FLAGS, then, otherwise, step.at, (bits, 0, bits, 0)))
        return otherwise


def _cost(expression: Expression, event: str) -> int:
    """What is asked first: what is known before anything is read, then the file, and the complete record last."""
    if not isinstance(expression, Test):
        terms = (expression.term,) if isinstance(expression, Not) else expression.terms
        return max(_cost(term, event) for term in terms)
    if type_of(expression.field) == PATH:
        return 1
    return 0 if expression.field == "comm" or _source(expression.field, event) != OF_RECORD else 2


def _source(field: str, event: str) -> int:
    return OF_FLAGS if (field, event) == ("flags", "open") else _EARLY.get(field, OF_RECORD)


def _paths(event: str) -> tuple[int, int, int]:
    """Where the walked path of the event's file is, the directory that the passed one starts from, and that one."""
    steps = {step.name: step.at for step in steps_of("file", event)}
    return steps.get("exe", steps.get("real_path", 0)), steps.get("joined_path", 0), steps.get("path", 0)


def _mask(step: StepPlan) -> int:
    return (1 << 8 * step.bytes) - 1


def _absent(step: StepPlan, event: str, yes: int, no: int) -> Step:
    """Whether the field does not apply."""
    none = (step.absent or 0) & _mask(step)
    source = OF_FILE if step.name in FILES["file"] else _source(step.name, event)
    return Step(ASK_NUMBER, source, yes, no, step.at, (_mask(step), 0, none, 0))


def _has_bits(steps: list[Step]) -> bool:
    """Whether they ask for different bits of a number, and not for ranges."""
    return len({step.numbers[0] for step in steps}) > 1


def _holds_none(absent: Step) -> Callable[[Step], bool]:
    """Whether the number that means none is one that a step asks for."""
    none = absent.numbers[2]

    def holds(step: Step) -> bool:
        mask, flip, low, width = step.numbers
        return low <= (none & mask) ^ flip <= low + width

    return holds


def _number_steps(test: Test, step: StepPlan, event: str) -> list[Step]:
    source, mask = _source(step.name, event), _mask(step)
    if type_of(test.field) == FLAGS:
        found = [flag(step.values, text, False) for text in texts_of(test)]
        return [Step(ASK_NUMBER, source, 0, 0, step.at, (each.mask, 0, each.bits, 0)) for each in found]
    sign = (mask + 1) // 2 if step.op is Op.SIGNED else 0
    steps = []
    for lowest, highest in ranges(test, step):
        if step.op is Op.SIGNED:  # a sign in the highest bit of the field, not of 64
            lowest, highest = lowest - _SIGN + sign, highest - _SIGN + sign
        low, high = max(lowest, 0), min(highest, mask)
        if low <= high:
            steps.append(Step(ASK_NUMBER, source, 0, 0, step.at, (mask, sign, low, high - low)))
    return steps


def _words(text: bytes, padded: bytes) -> tuple[int, int, int, int]:
    """Of the bytes that a text ends with, and a mask for those that count."""
    end = (padded + text)[-_WORDS:]
    value, mask = end.rjust(_WORDS, b"\0"), (b"\xff" * len(end)).rjust(_WORDS, b"\0")
    numbers = [int.from_bytes(each[at : at + 8], "little") for each in (value, mask) for at in (0, 8)]
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _comm_steps(test: Test, step: StepPlan) -> list[Step]:
    steps = []
    for text in texts_of(test):
        whole = text if test.op == "startswith" else text + b"\0"
        if len(whole) > COMM_BYTES or b"\0" in text:
            continue  # no name is so long
        value, mask = whole.ljust(COMM_BYTES, b"\0"), (b"\xff" * len(whole)).ljust(COMM_BYTES, b"\0")
        words = [int.from_bytes(each[at : at + 8], "little") for each in (value, mask) for at in (0, 8)]
        steps.append(Step(ASK_COMM, OF_RECORD, 0, 0, step.at, (words[0], words[1], words[2], words[3])))
    return steps


def _file_steps(test: Test, event: str, no: int) -> tuple[list[Step], Step | None]:
    source = OF_FILE if test.field == "file" else OF_REAL
    absent = None if source == OF_FILE else _absent(steps_of(test.field, event)[0], event, no, 0)
    if test.op == "endswith":
        return [_name_step(text, source) for text in texts_of(test)], absent
    op = ASK_UNDER if test.op == "under" else ASK_EQUAL
    return [_place_step(text, op, source) for text in texts_of(test)], absent


def _name_step(text: bytes, source: int) -> Step:
    name = text.removeprefix(b"/")
    is_whole = name != text
    pad = b"\0" if is_whole else b""
    words = _words(name, pad)
    return Step(ASK_NAME, source, 0, 0, 0, words, name, b"", len(pad + name) <= _WORDS, is_whole)


def _place_step(path: bytes, op: int, source: int) -> Step:
    names = [name for name in path.split(b"/") if name]
    walked = b"".join(name + b"\0" for name in reversed(names)) + b"\0"
    typed = path if names else b""
    return Step(op, source, 0, 0, 0, _words(walked, b"\0"), typed, walked, len(walked) < _WORDS)
