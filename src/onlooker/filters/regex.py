r"""Regular expressions of bytes that automata can decide (`automaton.py`): what is in them, and the same for SQL.

What all dialects share: literals, `.` (any byte but a newline), `[a-z]` and `[^a-z]`, `\d \w \s` and `\D \W \S`,
`(...)`, `(?:...)`, `|`, `* + ? {n} {n,} {n,m}` (lazy ones find the same), `^` and `$` for the text's begin and end,
`\xNN`, and first of all `(?i)` and `(?s)`. Whether a text matches is the only question, so groups are only parentheses.
What would need backtracking is refused: references to groups, looking ahead and behind, `\b`.
"""

import msgspec

MOST_POSITIONS = 2000  # of an expression whose repetitions are written out
DEEPEST = 50  # parentheses in each other

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


def parsed(pattern: bytes, *, ignore_case: bool = False) -> Node:
    """Raises RegexError."""
    return _Parser(pattern, ignore_case).whole()


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
