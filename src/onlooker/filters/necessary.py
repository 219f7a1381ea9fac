"""What must hold of an event for an expression to hold, of all that the kernel can decide.

The kernel rejects what does not fulfil it, and the whole expression is asked again of the rest. So a test that the
kernel can't decide is taken as if it held, and under a `not` as if it did not.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from ..schema.values import Flags
from .compile import Pattern, flag, texts_of
from .expression import And, Expression, Not, Or, Test
from .fields import BOOLEAN, CONTEXT_FIELDS, EVENT, FLAGS, NAME, NUMBER, PATH, TEXT, steps_of, type_of
from .paths import clean

LONGEST_TEXT = 250  # RULE_TEXT_MOST in bpf/config.h, less the NULs of a walked path
_WILD = b"*?\\"
CUT = "cut"  # known last
_ENDS = ("fork", "exit")  # of these the kernel asks before it fills in the record
_AT_ENDS = ("pid", "uid", "comm")

Necessary = Expression | bool


# Of a test of what is known of users or containers: what the kernel can ask instead. It holds wherever the test does,
# or, if that is not asked for, only there. Without it nothing is known, and such a test is left to user space.
Bound = Callable[[Test, bool], Necessary]


def necessary(expression: Expression, event: str, bound: Bound | None = None) -> Necessary:
    """Only tests that the kernel decides exactly; or whether all events of this kind fulfil it, or none.

    >>> from .parse import parse
    >>> print(necessary(parse("uid == 0 and not file glob ('**/*.so', '**/*.so.*')"), "open"))
    uid == 0 and not file endswith '.so'
    >>> print(necessary(parse("path contains 'x' and file glob '/etc/*.conf'"), "open"))
    file under '/etc'
    """
    return _bound(expression, event, True, bound)


def undecided(expression: Expression, event: str, bound: Bound | None = None) -> Test | None:
    """The first test that lets all events of a kind through, whatever the others say."""
    return next(_undecided(expression, event, True, bound), None)


def decided(test: Test, event: str, bound: Bound | None = None) -> str:
    """Who decides a test for events of this kind: the "kernel", the kernel "partly", or the "user" part."""
    upper, lower = _of_test(test, event, True, bound), _of_test(test, event, False, bound)
    if upper == lower:
        return "kernel"
    return "user" if (upper, lower) == (True, False) else "partly"


def _bound(expression: Expression, event: str, upper: bool, of_context: Bound | None) -> Necessary:
    """What holds wherever the expression does (`upper`), or only there."""
    if isinstance(expression, Test):
        return _of_test(expression, event, upper, of_context)
    if isinstance(expression, Not):
        term = _bound(expression.term, event, not upper, of_context)
        return (not term) if isinstance(term, bool) else Not(term)
    decisive = isinstance(expression, Or)  # one term that is this decides
    terms = []
    for term in expression.terms:
        bound = _bound(term, event, upper, of_context)
        if bound is decisive:
            return decisive
        if not isinstance(bound, bool):
            terms.append(bound)
    if len(terms) < 2:
        return terms[0] if terms else not decisive
    return type(expression)(tuple(terms))


def _undecided(expression: Expression, event: str, upper: bool, of_context: Bound | None) -> Iterator[Test]:
    """The tests because of which the bound is the one that says nothing."""
    if _bound(expression, event, upper, of_context) is not upper:
        return
    if isinstance(expression, Test):
        if decided(expression, event, of_context) != "kernel":
            yield expression
        return
    if isinstance(expression, Not):
        yield from _undecided(expression.term, event, not upper, of_context)
        return
    for term in expression.terms:
        yield from _undecided(term, event, upper, of_context)


def _of_test(test: Test, event: str, upper: bool, of_context: Bound | None) -> Necessary:
    if test.field == EVENT:
        return test.op == "exists" or (event.encode() in test.values) != (test.negated or test.op == "!=")
    if test.scope:
        return upper
    if test.field in CONTEXT_FIELDS:
        is_early = test.field == "user_name"  # by the user's id; the others are in the record only
        return of_context(test, upper) if of_context and (is_early or event not in _ENDS) else upper
    if not steps_of(test.field, event):
        return False
    if test.field == CUT or (event in _ENDS and test.field not in _AT_ENDS):
        return upper
    if test.op == "exists":
        return _exists(test, event, upper)
    is_negated = test.negated or test.op == "!="
    bounds = _bounds(msgspec.structs.replace(test.bare, op="==" if test.op == "!=" else test.op, negated=False), event)
    found = bounds.upper if upper is not is_negated else bounds.lower
    if found is None:
        return upper
    tests = tuple(msgspec.structs.replace(each, negated=is_negated) for each in found)
    if len(tests) < 2:
        return tests[0] if tests else is_negated
    return And(tests) if is_negated else Or(tests)


class Bounds(NamedTuple):
    """Tests without negation. `upper`: one of them holds wherever the test does; None: nothing is known. `lower`: the
    test holds wherever one of them does.
    """

    upper: tuple[Test, ...] | None = None
    lower: tuple[Test, ...] = ()


def _bounds(test: Test, event: str) -> Bounds:
    kind = type_of(test.field)
    if kind in (NUMBER, BOOLEAN) or (kind == NAME and test.op in ("==", "in")):
        return Bounds((test,), (test,))
    if test.ignore_case:
        return Bounds()
    if kind == FLAGS:
        return _flags(test, event)
    if kind == TEXT and test.field == "comm":
        return _by_values(test, _COMM)
    if kind == PATH and is_file(test.field, event):
        return _by_values(test, _FILE)
    return Bounds()


def _exists(test: Test, event: str, upper: bool) -> Necessary:
    steps = steps_of(test.field, event)
    if all(step.absent is None and not step.omit for step in steps):
        return True
    return test.bare if len(steps) == 1 and type_of(test.field) in (NUMBER, BOOLEAN, NAME, FLAGS) else upper


def is_file(field: str, event: str) -> bool:
    """Whether the field is the file of an event, or its walked path."""
    walked = [step.name for step in steps_of("file", event) if step.name in ("exe", "real_path")]
    return field == "file" or field in walked


def _flags(test: Test, event: str) -> Bounds:
    [step] = steps_of(test.field, event)
    values = step.values
    assert isinstance(values, Flags)
    texts = texts_of(test)
    known = [text for text in texts if flag(values, text, False).mask]
    shown = [text for text in known if _is_shown(values, flag(values, text, False))]
    # a number of bits without names is shown in hex; any other name is never shown
    is_sure = all(text in known or not (values.high or text.startswith(b"0x")) for text in texts)
    return Bounds(_some(test, known) if is_sure else None, _some(test, shown))


def _some(test: Test, values: list[bytes]) -> tuple[Test, ...]:
    return (_with(test, values),) if values else ()


def _is_shown(values: Flags, pattern: Pattern) -> bool:
    """Whether a number that has these bits always has the name: no other name takes one of them first."""
    lows = max(len(values.low) - 1, 0)
    if pattern.mask == lows:
        return True
    masks = [each for each, _ in values.bits]
    before = masks[: masks.index(pattern.bits)]
    return not any(pattern.bits & each for each in (*before, lows, -1 << values.high_shift))


class Found(NamedTuple):
    """A test that the kernel can ask for one value; `is_exact`: it means the same, and is not only necessary."""

    op: str
    value: bytes
    is_exact: bool = True


def _by_values(test: Test, asked: dict[str, Callable[[bytes], Found | None]]) -> Bounds:
    if test.op not in asked:
        return Bounds()
    found = [asked[test.op](text) for text in texts_of(test)]
    known = [each for each in found if each]
    exact = [each for each in known if each.is_exact]
    upper = tuple(_by_operator(test, known)) if len(known) == len(found) else None
    return Bounds(upper, tuple(_by_operator(test, exact)))


def _by_operator(test: Test, found: Iterable[Found]) -> Iterator[Test]:
    ops: dict[str, list[bytes]] = {}
    for each in found:
        ops.setdefault(each.op, []).append(each.value)
    for op, values in ops.items():
        yield _with(msgspec.structs.replace(test, op=op), values)


def _with(test: Test, values: Iterable[bytes]) -> Test:
    chosen = tuple(dict.fromkeys(values))
    return msgspec.structs.replace(test, values=chosen, op="in" if test.op == "==" and len(chosen) > 1 else test.op)


def _comm_glob(text: bytes) -> Found | None:
    """A name may have a "/", where a star stops."""
    before = _literal(text)
    return Found("startswith", before, False) if before else None


def _place(text: bytes) -> Found | None:
    return Found("==", text) if _is_place(text) else None


def _under(text: bytes) -> Found | None:
    return Found("under", clean(text)) if _is_place(clean(text)) else None


def _ending(text: bytes) -> Found | None:
    """The end of the last name, or all of it."""
    _, slash, name = text.rpartition(b"/")
    return Found("endswith", slash + name, slash + name == text) if name and _is_name(name) else None


def _directory(text: bytes) -> Found | None:
    """The directory of whatever begins so."""
    place = text.rpartition(b"/")[0]
    return Found("under", place, False) if _is_place(place) and place != b"/" else None


def _glob(text: bytes) -> Found | None:
    """Whole, if nothing in it has a meaning; by its last name, if that has at most a star at its beginning; or by the
    directory before what has a meaning.
    """
    if _literal(text) == text:
        return _place(text)
    before, _, name = text.rpartition(b"/")
    ending = name.removeprefix(b"*")
    by_name = None
    if ending and not set(ending) & set(_WILD) and _is_name(ending):
        is_part, is_anywhere = name.startswith(b"*"), before == b"**"  # which may stand for nothing, not even a "/"
        by_name = Found("endswith", ending if is_part or is_anywhere else b"/" + ending, is_part and is_anywhere)
    return by_name if by_name and by_name.is_exact else _directory(_literal(text)) or by_name


def _literal(pattern: bytes) -> bytes:
    """What stands before the first character that has a meaning."""
    return pattern[: next((at for at, byte in enumerate(pattern) if byte in _WILD), len(pattern))]


_COMM: dict[str, Callable[[bytes], Found | None]] = {
    "==": lambda text: Found("==", text),
    "in": lambda text: Found("==", text),
    "startswith": lambda text: Found("startswith", text),
    "glob": _comm_glob,
}
_FILE: dict[str, Callable[[bytes], Found | None]] = {
    "==": _place, "in": _place, "under": _under, "endswith": _ending, "startswith": _directory, "glob": _glob,
}  # fmt: skip


def _is_place(path: bytes) -> bool:
    """Whether it is an absolute path, as the kernel compares it."""
    return path.startswith(b"/") and path == clean(path) and _is_name(path)


def _is_name(text: bytes) -> bool:
    return b"\0" not in text and len(text) <= LONGEST_TEXT
