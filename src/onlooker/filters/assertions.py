r"""What a regular expression asks of the bytes around a place (`\b`, looking ahead and behind), said by bytes that are
taken, where that is possible: only whether a text matches is asked, so what stands at the expression's begin or end may
take more than it would elsewhere.

- `\b` between bytes of which it is known whether they belong to words holds or does not. At the expression's end,
  behind a byte of a word, it is `(?:\W|$)`. A repetition beside it, as in `curl .*\bsh`, ends with a byte that fits, or
  is empty.
- `(?=a)` at the end is `a`, and `(?<=a)` at the begin. `(?![a-z])` there is `(?:[^a-z]|$)`.
"""

from typing import NamedTuple

from .nodes import ALL_BYTES, WORD, Border, Bytes, Edge, Either, Look, Node, RegexError, Repeat, Sequence

_EDGE = 256  # stands for no byte: the text's begin, or its end
_ANYTHING = ALL_BYTES | {_EDGE}
_EMPTY, _NEVER = Sequence(()), Bytes(frozenset())


class _Around(NamedTuple):
    """What may stand before a part, and behind it; whether it is the expression's first part, and its last."""

    before: frozenset[int] = _ANYTHING
    after: frozenset[int] = _ANYTHING
    is_first: bool = True
    is_last: bool = True


def without_assertions(node: Node) -> Node:
    """The same without Border and Look. Raises RegexError where it can't be said so."""
    return _resolved(node, _Around())


def _resolved(node: Node, around: _Around) -> Node:
    if isinstance(node, Border):
        return _border(around)
    if isinstance(node, Look):
        return _look(node, around)
    if isinstance(node, Sequence):
        return _sequence(node.parts, around)
    if isinstance(node, Either):
        return Either(tuple(_resolved(part, around) for part in node.parts))
    if isinstance(node, Repeat):
        before, after = around.before | _ends(node.part, is_last=True)[0], around.after | _ends(node.part)[0]
        inner = around if (node.least, node.most) == (1, 1) else _Around(before, after, False, False)
        return Repeat(_resolved(node.part, inner), node.least, node.most)
    return node


def _sequence(parts: tuple[Node, ...], around: _Around) -> Node:
    found: list[Node] = []
    for at, part in enumerate(parts):
        before = _side(parts[:at][::-1], around.before, is_last=True)
        after = _side(parts[at + 1 :], around.after)
        here = _Around(before, after, around.is_first and at == 0, around.is_last and at == len(parts) - 1)
        if isinstance(part, Border) and not here.is_first and not here.is_last:
            if at and _is_loop(parts[at - 1]) and _is_word(before) is None:
                earlier = _side(parts[: at - 1][::-1], around.before, is_last=True)
                found[-1] = _loop(parts[at - 1], after, here._replace(before=earlier, is_first=False), is_before=True)
                continue
            if at + 1 < len(parts) and _is_loop(parts[at + 1]) and _is_word(after) is None:
                later = _side(parts[at + 2 :], around.after)
                made = _loop(parts[at + 1], before, here._replace(after=later, is_last=False), is_before=False)
                return Sequence((*found, made, *_rest(parts[at + 2 :], parts[at + 1], around)))
        found.append(_resolved(part, here))
    return found[0] if len(found) == 1 else Sequence(tuple(found))


def _rest(parts: tuple[Node, ...], earlier: Node, around: _Around) -> tuple[Node, ...]:
    """Of a sequence, behind a repetition that is done with."""
    if not parts:
        return ()
    before = _ends(earlier, is_last=True)[0] | around.before
    return (_resolved(Sequence(parts), around._replace(before=before, is_first=False)),)


def _is_loop(part: Node) -> bool:
    return isinstance(part, Repeat) and isinstance(part.part, Bytes) and part.most is None and part.least < 2


def _loop(loop: Node, beyond: frozenset[int], around: _Around, *, is_before: bool) -> Node:
    """A repetition beside a border, beyond which stands `beyond`: its last (first) byte fits, or it is empty."""
    assert isinstance(loop, Repeat) and isinstance(loop.part, Bytes)
    is_word = _is_word(beyond)
    if is_word is None:
        raise _undecided(r"\b")
    fits = Bytes(loop.part.accepted - WORD if is_word else loop.part.accepted & WORD)
    more = Repeat(loop.part, 0, None)
    taken = Sequence((more, fits) if is_before else (fits, more))
    return taken if loop.least else Either((taken, _border(around)))


def _border(around: _Around) -> Node:
    before, after = _is_word(around.before), _is_word(around.after)
    if before is not None and after is not None:
        return _NEVER if before == after else _EMPTY
    if around.is_first and after is not None:
        return Either((Edge(False), Bytes(ALL_BYTES - WORD))) if after else Bytes(WORD)
    if around.is_last and before is not None:
        return Either((Bytes(ALL_BYTES - WORD), Edge(True))) if before else Bytes(WORD)
    raise _undecided(r"\b")


def _look(look: Look, around: _Around) -> Node:
    if not (around.is_first if look.is_behind else around.is_last):
        raise _undecided("looking behind" if look.is_behind else "looking ahead")
    if not look.is_other:
        return _resolved(look.part, around)
    if not isinstance(look.part, Bytes):
        raise RegexError("looking for what is not there is known of one byte: (?![a-z])")
    other = Bytes(ALL_BYTES - look.part.accepted)
    return Either((Edge(not look.is_behind), other))


def _undecided(what: str) -> RegexError:
    return RegexError(f"{what} is not known here: it would need backtracking")


def _is_word(found: frozenset[int]) -> bool | None:
    """Of all of them; None where some are, and some are not."""
    return True if found <= WORD else None if found & WORD else False


def _side(parts: tuple[Node, ...], beyond: frozenset[int], *, is_last: bool = False) -> frozenset[int]:
    """The bytes that may come next, with what stands beyond the parts where those may be empty."""
    found: frozenset[int] = frozenset()
    for part in parts:
        some, may_be_empty = _ends(part, is_last=is_last)
        found |= some
        if not may_be_empty:
            return found
    return found | beyond


def _ends(node: Node, *, is_last: bool = False) -> tuple[frozenset[int], bool]:
    """The first bytes (or the last) of what it takes, and whether it may take none."""
    if isinstance(node, Bytes):
        return node.accepted, False
    if isinstance(node, Edge):
        is_there = node.is_end != is_last
        return frozenset((_EDGE,)) if is_there else frozenset(), not is_there
    if isinstance(node, Repeat):
        found, may_be_empty = _ends(node.part, is_last=is_last)
        return found, may_be_empty or node.least == 0
    if isinstance(node, Either):
        each = [_ends(part, is_last=is_last) for part in node.parts]
        return frozenset().union(*(some for some, _ in each)), any(empty for _, empty in each)
    if isinstance(node, Sequence):
        missing = frozenset((_EDGE + 1,))
        found = _side(node.parts[::-1] if is_last else node.parts, missing, is_last=is_last)
        return found - missing, bool(found & missing)
    return frozenset(), True
