r"""Regular expressions of bytes as automata, which look at each byte of a text once, whatever the expression is.

What all dialects share: literals, `.` (any byte but a newline), `[a-z]` and `[^a-z]`, `\d \w \s` and `\D \W \S`,
`(...)`, `(?:...)`, `|`, `* + ? {n} {n,} {n,m}` (lazy ones find the same), `^` and `$` for the text's begin and end,
`\xNN`, and first of all `(?i)` and `(?s)`. Whether a text matches is the only question, so groups are only parentheses.
What would need backtracking is refused: references to groups, looking ahead and behind, `\b`.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

MOST_POSITIONS = 2000  # of an expression whose repetitions are written out
MOST_STATES = 2000
MOST_STEPS = 400_000  # to find them: half a second
DEEPEST = 50  # parentheses in each other
DEAD, FOUND, START = 0, 1, 2  # states; whatever follows the first two changes nothing

_ALL = frozenset(range(256))
_DIGITS, _SPACES = frozenset(b"0123456789"), frozenset(b" \t\n\r\f\v")
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SETS = {ord("d"): _DIGITS, ord("w"): _WORD, ord("s"): _SPACES}
_SETS |= {byte - 32: _ALL - found for byte, found in _SETS.items()}
_CONTROLS = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("f"): 12, ord("v"): 11, ord("a"): 7, ord("0"): 0}


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


Node = Bytes | Sequence | Either | Repeat | Edge


class Automaton(NamedTuple):
    """For each byte its class; for each state and class the next state; for each state whether a text that ends there
    matches. See DEAD, FOUND and START.
    """

    classes: bytes
    class_count: int
    moves: bytes  # 16 bits each
    ends: bytes


def parsed(pattern: bytes, *, ignore_case: bool = False) -> Node:
    """Raises RegexError."""
    return _Parser(pattern, ignore_case).whole()


@lru_cache(maxsize=256)  # each kind of event asks for the same
def automaton(pattern: bytes, ignore_case: bool) -> Automaton:
    """Whether it is found anywhere in a text. Raises RegexError."""
    return _Builder(parsed(pattern, ignore_case=ignore_case)).automaton()


class _Parser:
    def __init__(self, pattern: bytes, ignore_case: bool) -> None:
        self._pattern, self._at, self._depth = pattern, 0, 0
        self._ignore_case, self._has_newline = ignore_case, False

    def whole(self) -> Node:
        if self._pattern[:2] == b"(?":
            end = self._pattern.find(b")")
            flags = self._pattern[2:end] if end > 0 else b""
            if flags and not set(flags) - set(b"is"):
                self._ignore_case |= b"i" in flags
                self._has_newline = b"s" in flags
                self._at = end + 1
        found = self._either()
        if self._at < len(self._pattern):
            raise RegexError("a parenthesis is closed that was not opened")
        return found

    def _next(self) -> int:
        """The byte that is taken, or -1 at the end."""
        self._at += 1
        return self._pattern[self._at - 1] if self._at <= len(self._pattern) else -1

    def _is(self, text: bytes) -> bool:
        return self._pattern.startswith(text, self._at)

    def _either(self) -> Node:
        parts = [self._sequence()]
        while self._is(b"|"):
            self._at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._pattern) and not self._is(b"|") and not self._is(b")"):
            parts.append(self._repeated(self._one()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, part: Node) -> Node:
        times = self._times()
        if times is None:
            return part
        if isinstance(part, Edge):
            raise RegexError("a begin or an end is repeated")
        if self._is(b"?"):  # lazy: it finds the same
            self._at += 1
        if self._is(b"+") or self._times() is not None:
            raise RegexError("a repetition is repeated")
        return Repeat(part, *times)

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in ((b"*", (0, None)), (b"+", (1, None)), (b"?", (0, 1))):
            if self._is(sign):
                self._at += 1
                return times
        end = self._pattern.find(b"}", self._at)
        low, comma, high = self._pattern[self._at + 1 : end].partition(b",")
        if not self._is(b"{") or end < 0 or not low.isdigit() or (high and not high.isdigit()):
            return None  # a brace that stands for itself
        self._at = end + 1
        least = int(low[:9])
        most = least if not comma else int(high[:9]) if high else None
        if max(least, most or 0) > MOST_POSITIONS or (most is not None and most < least):
            raise RegexError(f"not a number of times: {{{(low + comma + high).decode():.50}}}")
        return least, most

    def _one(self) -> Node:
        byte = self._next()
        if byte == ord("("):
            return self._group()
        if byte == ord("["):
            return Bytes(self._class())
        if byte == ord("."):
            return Bytes(_ALL if self._has_newline else _ALL - {10})
        if byte in b"^$":
            return Edge(byte == ord("$"))
        if byte in b"*+?":
            raise RegexError(f"nothing is before {chr(byte)!r} that it could repeat")
        if byte == ord("\\"):
            return self._escape()
        return Bytes(self._cased(frozenset((byte,))))

    def _group(self) -> Node:
        if self._is(b"?:"):
            self._at += 2
        elif self._is(b"?"):
            what = self._pattern[self._at - 1 : self._at + 2].decode(errors="replace")
            raise RegexError(f"{what!r} is not known: looking ahead and behind, and names of groups, are not")
        self._depth += 1
        if self._depth > DEEPEST:
            raise RegexError(f"more than {DEEPEST} parentheses in each other")
        found = self._either()
        if self._next() != ord(")"):
            raise RegexError("a parenthesis is not closed")
        self._depth -= 1
        return Sequence((found,))

    def _escape(self) -> Node:
        if self._is(b"A"):
            self._at += 1
            return Edge(False)
        if self._is(b"Z") or self._is(b"z"):
            self._at += 1
            return Edge(True)
        return Bytes(self._escaped())

    def _escaped(self) -> frozenset[int]:
        byte = self._next()
        if byte in _SETS:
            return _SETS[byte]
        if byte == ord("x"):
            digits = self._pattern[self._at : self._at + 2]
            self._at += 2
            try:
                return self._cased(frozenset(bytes.fromhex(digits.decode())))
            except ValueError:
                raise RegexError("two hexadecimal digits are behind \\x") from None
        if byte in _CONTROLS:
            return frozenset((_CONTROLS[byte],))
        if byte < 0 or (chr(byte).isalnum() and byte < 128):
            what = chr(byte) if byte >= 0 else ""
            raise RegexError(f"'\\{what}' is not known: references to groups, and borders of words, are not")
        return frozenset((byte,))

    def _class(self) -> frozenset[int]:
        is_other = self._is(b"^")
        self._at += is_other
        found: set[int] = set()
        is_first = True
        while is_first or not self._is(b"]"):
            is_first = False
            if self._is(b"[:"):
                raise RegexError("[:names:] of classes are not known")
            low = self._of_class()
            if len(low) == 1 and self._is(b"-") and not self._is(b"-]"):
                self._at += 1
                high = self._of_class()
                if len(high) != 1 or min(high) < min(low):
                    raise RegexError("a range in brackets goes from a lower byte to a higher one")
                found |= set(range(min(low), min(high) + 1))
            else:
                found |= low
        self._at += 1
        cased = self._cased(frozenset(found))
        return _ALL - cased if is_other else cased

    def _of_class(self) -> frozenset[int]:
        byte = self._next()
        if byte < 0:
            raise RegexError("a bracket is not closed")
        if byte == ord("\\"):
            return self._escaped()
        if byte > 127:
            raise RegexError("in brackets stand letters of ASCII: write (?:ä|ö)")
        return frozenset((byte,))

    def _cased(self, accepted: frozenset[int]) -> frozenset[int]:
        if not self._ignore_case:
            return accepted
        return accepted | frozenset(bytes(sorted(accepted)).swapcase())


class _Builder:
    """Thompson's automaton of the expression, and then the one whose states are sets of its states, as bits."""

    def __init__(self, node: Node) -> None:
        self._accepts: list[frozenset[int]] = []  # of a state that takes a byte, to the next one
        self._follows: list[list[int]] = []  # without a byte
        self._edges: list[bool | None] = []  # only at the begin (False) or at the end (True)
        self._last = self._state()
        self._first = self._add(node, self._last)

    def _state(self, *follows: int, accepts: frozenset[int] = frozenset(), edge: bool | None = None) -> int:
        self._accepts.append(accepts)
        self._follows.append(list(follows))
        self._edges.append(edge)
        if len(self._accepts) > MOST_POSITIONS:
            raise RegexError("it is too long, with its repetitions written out")
        return len(self._accepts) - 1

    def _add(self, node: Node, then: int) -> int:
        """Where it begins; it ends at `then`."""
        if isinstance(node, Bytes):
            return self._state(then, accepts=node.accepted)
        if isinstance(node, Edge):
            return self._state(then, edge=node.is_end)
        if isinstance(node, Either):
            return self._state(*(self._add(part, then) for part in node.parts))
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._add(part, then)
            return then
        if node.most is None:
            again = self._state(then)
            self._follows[again].append(self._add(node.part, again))
            then = again
        for _ in range((node.most or node.least) - node.least):
            then = self._state(then, self._add(node.part, then))
        for _ in range(node.least):
            then = self._add(node.part, then)
        return then

    def _closed(self, states: set[int], *, begin: bool, end: bool) -> int:
        """All that is reached without a byte, as bits."""
        found, left = 0, list(states)
        while left:
            state = left.pop()
            if found >> state & 1:
                continue
            found |= 1 << state
            edge = self._edges[state]
            if not self._accepts[state] and (edge is None or (edge and end) or (edge is False and begin)):
                left += self._follows[state]
        return found

    def automaton(self) -> Automaton:
        classes, members = self._classes()
        count = len(members)
        always = self._closed({self._first}, begin=False, end=False)  # it may begin anywhere
        reach = [self._closed(set(follows), begin=False, end=False) for follows in self._follows]
        moves_of = [
            [reach[state] if accepts and byte in accepts else 0 for byte in members]
            for state, accepts in enumerate(self._accepts)
        ]
        begin = self._closed({self._first}, begin=True, end=False)
        if begin >> self._last & 1:
            return Automaton(classes, count, _packed([[FOUND] * count] * 3), b"\0\1\1")
        known: dict[int, int] = {}  # the first is only there at the begin, whatever else is the same set
        rows: list[list[int]] = [[DEAD] * count, [FOUND] * count, []]
        ends = bytearray((0, 1, self._matches_at_end(begin, is_begin=True)))
        steps, left = 0, [(begin, START)]
        for states, number in left:
            row = []
            members_of = [moves for state, moves in enumerate(moves_of) if states >> state & 1]
            for each in range(count):
                steps += 1 + len(members_of)
                reached = always
                for moves in members_of:
                    reached |= moves[each]
                if reached >> self._last & 1:
                    row.append(FOUND)
                    continue
                if reached not in known:
                    known[reached] = len(rows)
                    rows.append([])
                    ends.append(self._matches_at_end(reached, is_begin=False))
                    left.append((reached, known[reached]))
                row.append(known[reached])
            rows[number] = row
            if len(rows) > MOST_STATES or steps > MOST_STEPS:
                raise RegexError("it has too many ways to match: shorten its repetitions")
        return Automaton(classes, count, _packed(rows), bytes(ends))

    def _matches_at_end(self, states: int, *, is_begin: bool) -> bool:
        found = {state for state in range(len(self._accepts)) if states >> state & 1}
        return bool(self._closed(found, begin=is_begin, end=True) >> self._last & 1)

    def _classes(self) -> tuple[bytes, list[int]]:
        """Bytes that no part tells apart have one class; and a byte of each."""
        kinds = list({accepts for accepts in self._accepts if accepts})
        known: dict[tuple[bool, ...], int] = {}
        members: list[int] = []
        classes = bytearray()
        for byte in range(256):
            key = tuple(byte in kind for kind in kinds)
            if key not in known:
                known[key] = len(members)
                members.append(byte)
            classes.append(known[key])
        return bytes(classes), members


def _packed(rows: list[list[int]]) -> bytes:
    return b"".join(state.to_bytes(2, "little") for row in rows for state in row)


def in_hex(node: Node) -> str:
    r"""The same for a text that has two digits and a space for each byte, as RE2 takes it: for SQL.

    >>> in_hex(parsed(b"^a.?$"))
    '^(?:61 )(?:(?:0[0-9B-F] |[1-9A-F][0-9A-F] )){0,1}$'
    """
    if isinstance(node, Bytes):
        return f"(?:{'|'.join(_digits(node.accepted))})" if node.accepted else r"[^\x00-\x{10FFFF}]"
    if isinstance(node, Edge):
        return "$" if node.is_end else "^"
    if isinstance(node, Sequence):
        return "".join(map(in_hex, node.parts))
    if isinstance(node, Either):
        return f"(?:{'|'.join(map(in_hex, node.parts))})"
    return f"(?:{in_hex(node.part)}){{{node.least},{'' if node.most is None else node.most}}}"


def _digits(accepted: frozenset[int]) -> list[str]:
    """The bytes, those together that differ in one of the two digits only."""
    lows: dict[str, str] = {}
    for high in range(16):
        low = _class("".join(f"{digit:X}" for digit in range(16) if 16 * high + digit in accepted))
        if low:
            lows[low] = lows.get(low, "") + f"{high:X}"
    return [f"{_class(highs)}{low} " for low, highs in lows.items()]


def _class(digits: str) -> str:
    """Hexadecimal digits, in their order, as a class."""
    if len(digits) < 2:
        return digits
    found = ""
    for group in _runs([ord(digit) for digit in digits]):
        found += chr(group[0]) if len(group) == 1 else f"{chr(group[0])}-{chr(group[-1])}"
    return f"[{found}]"


def _runs(numbers: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
