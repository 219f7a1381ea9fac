r"""Regular expressions of bytes that automata can decide (`automaton.py`): what is in them, and the same for SQL.

What all dialects share: literals, `.` (any byte but a newline), `[a-z]` and `[^a-z]`, `\d \w \s` and `\D \W \S`,
`(...)`, `(?:...)`, `|`, `* + ? {n} {n,} {n,m}` (lazy ones find the same), `^` and `$` for the text's begin and end,
`\xNN`, `\b`, and first of all `(?i)`, `(?s)` and `(?u)`: a `.` and what is not in brackets is a character of UTF-8.
Whether a text matches is the only question, so groups are only parentheses. What would need backtracking is refused:
references to groups; looking ahead and behind, and `\b`, where `assertions.py` can't do without.
"""

import re

from .assertions import without_assertions
from .nodes import (
    ALL_BYTES,
    WORD,
    Border,
    Bytes,
    Edge,
    Either,
    Look,
    Node,
        RegexError,
    Repeat,
    Sequence,
)  # fmt: skip

MOST_POSITIONS = 2000  # of an expression whose repetitions are written out
DEEPEST = 50  # parentheses in each other

_DIGITS, _SPACES = frozenset(b"0123456789"), frozenset(b" \t\n\r\f\v")
_CONTINUED = frozenset(range(0x80, 0xC0))  # not the first byte of a character
_SETS = {ord("d"): _DIGITS, ord("w"): WORD, ord("s"): _SPACES}
_SETS |= {byte - 32: ALL_BYTES - found for byte, found in _SETS.items()}
_LOOKS = (b"?=", b"?!", b"?<=", b"?<!")
_KIND = re.compile(rb"\?(?::|<?[=!]|P?<[A-Za-z_]\w*>)")  # of a parenthesis
_CONTROLS = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("f"): 12, ord("v"): 11, ord("a"): 7, ord("0"): 0}


def parsed(pattern: bytes, *, ignore_case: bool = False) -> Node:
    """Raises RegexError."""
    parser = _Parser(pattern, ignore_case)
    found = parser.whole()
    return without_assertions(found) if parser.asserts else found


class _Parser:
    def __init__(self, pattern: bytes, ignore_case: bool) -> None:
        self._pattern, self._at, self._depth = pattern, 0, 0
        self._ignore_case, self._has_newline, self._is_utf8 = ignore_case, False, False
        self._wide: frozenset[int] = frozenset()  # of the part that was read last, if it takes a character
        self.asserts = False

    def whole(self) -> Node:
        while self._is(b"(?"):
            end = self._pattern.find(b")", self._at)
            flags = self._pattern[self._at + 2 : end] if end > 0 else b""
            if not flags or set(flags) - set(b"isu"):
                break
            self._ignore_case |= b"i" in flags
            self._has_newline |= b"s" in flags
            self._is_utf8 |= b"u" in flags
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
        if isinstance(part, Edge | Border | Look):
            raise RegexError("a begin or an end is repeated")
        if self._is(b"?"):  # lazy: it finds the same
            self._at += 1
        if self._is(b"+") or self._times() is not None:
            raise RegexError("a repetition is repeated")
        if self._wide and times[0] < 2 and times[1] is None:  # any number of characters are any number of bytes
            many = Repeat(Bytes(self._wide), 0, None)
            return Sequence((part, many)) if times[0] else many
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
        self._wide = frozenset()
        byte = self._next()
        if byte == ord("("):
            return self._group()
        if byte == ord("["):
            return self._character(self._class())
        if byte == ord("."):
            return self._character(ALL_BYTES if self._has_newline else ALL_BYTES - {10})
        if byte in b"^$":
            return Edge(byte == ord("$"))
        if byte in b"*+?":
            raise RegexError(f"nothing is before {chr(byte)!r} that it could repeat")
        if byte == ord("\\"):
            return self._escape()
        return Bytes(self._cased(frozenset((byte,))))

    def _character(self, accepted: frozenset[int]) -> Node:
        """One byte of these, or one character, if those that ASCII does not have are among them."""
        if not self._is_utf8 or not accepted >= _CONTINUED:
            return Bytes(accepted)
        self._wide = accepted
        return Sequence((Bytes(accepted - _CONTINUED), Repeat(Bytes(_CONTINUED), 0, None)))

    def _group(self) -> Node:
        found_kind = _KIND.match(self._pattern, self._at)
        kind = found_kind.group() if found_kind else b""
        if self._is(b"?") and not kind:
            what = self._pattern[self._at - 1 : self._at + 2].decode(errors="replace")
            raise RegexError(f"{what!r} is not known")
        self._at += len(kind)
        self._depth += 1
        if self._depth > DEEPEST:
            raise RegexError(f"more than {DEEPEST} parentheses in each other")
        found = self._either()
        if self._next() != ord(")"):
            raise RegexError("a parenthesis is not closed")
        self._depth -= 1
        self._wide = frozenset()
        if kind in _LOOKS:
            self.asserts = True
            return Look(found, is_behind=b"<" in kind, is_other=b"!" in kind)
        return Sequence((found,))

    def _escape(self) -> Node:
        if self._is(b"A"):
            self._at += 1
            return Edge(False)
        if self._is(b"Z") or self._is(b"z"):
            self._at += 1
            return Edge(True)
        if self._is(b"b"):
            self._at += 1
            self.asserts = True
            return Border()
        return self._character(self._escaped())

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
            raise RegexError(f"'\\{what}' is not known: references to groups are not")
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
        return ALL_BYTES - cased if is_other else cased

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
    assert isinstance(node, Repeat)  # of the others there are none any more
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
