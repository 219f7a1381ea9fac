r"""Reads expressions: text to `expression.py`.

    expr  = and {("or" | "||") and}
    and   = not {("and" | "&&") not}
    not   = {"not" | "!"} (test | "(" expr ")")
    test  = field ("==" | "=" | "!=" | "<" | "<=" | ">" | ">=") value
          | field ["not"] "in" set
          | field "exists"
          | field ["not"] ["i"]("startswith" | "endswith" | "contains" | "glob" | "matches") (value | set)
          | field ["not"] "under" (value | set)
    set   = "(" value {"," value} ")"
    value = 'bytes' | "bytes" | integer | true | false
    field = [("parent" | "ancestor" | "process") "."] name | ("user" | "group" | "container") "." name

In a text stand `\\`, `\'`, `\"`, `\xNN` for a byte, and whatever else onlooker writes for what is not printable: `\n`,
`\r`, `\t`, `\uNNNN`, `\UNNNNNNNN`. Integers are decimal, or 0x..., 0o..., or, as modes are written, with a 0 before.
"""

import re

import msgspec

from ..errors import ExpressionError, UsageError
from ..records.encode import raw_bytes
from .expression import (
    COMPARISONS,
    OPERATORS,
    REGEX,
    SCOPES,
    TEXT_TESTS,
    And,
    Expression,
    Not,
    Or,
    Test,
    Value,
    literal,
)
from .fields import ALIASES

LONGEST = 1 << 16  # characters
DEEPEST = 50  # parentheses and negations in each other: all that walks through an expression recurses so deep

_AND, _OR, _NOT = ("and", "&&"), ("or", "||"), ("not", "!")
_CASED = (*TEXT_TESTS, REGEX)  # with an "i" before, case does not count
_NEGATABLE = ("in", *_CASED, "under")
_WORD_OPERATORS = (*OPERATORS[len(COMPARISONS) :], *(f"i{op}" for op in _CASED))
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
    | (?P<number>[-+]?[0-9][0-9A-Za-z_.]*)
    | (?P<word>[^\W\d][\w.]*)
    | (?P<sign>==|!=|<=|>=|&&|\|\||[=<>!(),])
    | (?P<wrong>\S)
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(r"""[^\s(),'"]+""")  # a text that should be in quotes
_OF_TEXTS = "/.*?$@-+%"
_NUMBER = re.compile(r"([-+]?)(?:(0[xX][0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {"\\": b"\\", "'": b"'", '"': b'"', "n": b"\n", "r": b"\r", "t": b"\t"}
LOWEST, HIGHEST = -(2**63), 2**64 - 1  # of all fields of all events


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Expression:
    """Read one expression. Raises ExpressionError, which marks the place.

    >>> print(parse("uid!=0 && !(file under '/tmp' || argv contains '-c')"))
    uid != 0 and not (file under '/tmp' or argv contains '-c')
    """
    if not isinstance(text, str):
        raise UsageError(f"not an expression: {text!r:.100}", "a str: where=\"comm == 'nginx'\"")
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} characters", text, LONGEST, len(text))
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._token = _Token("begin", "", 0, 0)
        self._token = self._read(0)
        self._end = 0  # of the last token that was taken
        self._depth = 0

    def whole(self) -> Expression:
        if self._token.kind == "end":
            raise self._wrong("the expression is empty", "file under '/etc'")
        found = self._or()
        if self._token.text == ")":
            raise self._wrong("nothing is open that this closes")
        if self._token.kind != "end":
            raise self._wrong(f"unexpected {self._token.text!r}: another test comes after 'and' or 'or'")
        return found

    def _wrong(self, message: str, hint: str = "", token: _Token | None = None) -> ExpressionError:
        where = token or self._token
        return ExpressionError(message, self._text, where.start, where.end, hint)

    def _read(self, at: int) -> _Token:
        found = _TOKEN.match(self._text, at)
        assert found and found.lastgroup
        start, end = found.span(found.lastgroup)
        token = _Token(found.lastgroup, found[found.lastgroup], start, end)
        if token.kind == "wrong":
            if token.text in "'\"":
                rest = _Token("wrong", "", start, len(self._text))
                raise self._wrong("a quote is not closed", f"end the text with {token.text}", rest)
            near = {"&": "and", "|": "or", "~": "glob", "[": "in (...)"}.get(token.text, "")
            if self._is_before_value() or (token.text in _OF_TEXTS and not near):
                raise self._unquoted(start)
            raise self._wrong(f"unexpected {token.text!r}", near and f"write {near}", token)
        return token

    def _is_before_value(self) -> bool:
        """Whether a value may come behind the last token that was read."""
        return self._token.text.lower() in ("(", ",", "=", *COMPARISONS, *_WORD_OPERATORS)

    def _unquoted(self, start: int) -> ExpressionError:
        """A text that begins there, as far as it seems to go."""
        found = _BARE.match(self._text, start)
        assert found
        hint = f"in quotes: {literal(raw_bytes(found[0]))}"
        return self._wrong(f"a text is quoted: {found[0]!r:.100}", hint, _Token("wrong", "", start, found.end()))

    def _next(self) -> _Token:
        token, self._token = self._token, self._read(self._token.end)
        self._end = token.end
        return token

    def _is(self, *choices: str) -> bool:
        return self._token.kind in ("word", "sign") and self._token.text.lower() in choices

    def _took(self, *choices: str) -> bool:
        if not self._is(*choices):
            return False
        self._next()
        return True

    def _or(self) -> Expression:
        terms = [self._and()]
        while self._took(*_OR):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _and(self) -> Expression:
        terms = [self._not()]
        while self._took(*_AND):
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _deeper(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} parentheses and negations in each other", token=token)

    def _not(self) -> Expression:
        before, negations = self._depth, 0
        while self._is(*_NOT):
            self._deeper(self._next())
            negations += 1
        found = self._parentheses() if self._is("(") else self._test()
        for _ in range(negations):
            found = Not(found)
        self._depth = before
        return found

    def _parentheses(self) -> Expression:
        opened = self._next()
        self._deeper(opened)
        found = self._or()
        if not self._took(")"):
            if self._token.kind == "end":
                raise self._wrong("a parenthesis is not closed", token=opened)
            raise self._wrong(f"unexpected {self._token.text!r}: expected 'and', 'or' or ')'")
        self._depth -= 1
        return found

    def _test(self) -> Expression:
        field = self._field()
        after_not = self._took("not")
        op, ignore_case = self._operator(field, after_not)
        if op == "exists":
            test = Test(field.text, op, start=field.start, end=self._end)
            return Not(test) if after_not else test
        values = self._values(op)
        return Test(
            field.text,
            op,
            tuple(value for value, _ in values),
            negated=after_not,
            ignore_case=ignore_case,
            start=field.start,
            end=self._end,
            places=tuple((token.start, token.end) for _, token in values),
        )

    def _field(self) -> _Token:
        token = self._token
        if token.kind != "word" or token.text.lower() in (*_AND, *_OR, *_NOT):
            what = "the end" if token.kind == "end" else repr(token.text)
            hint = "a field, then what it is: comm == 'nginx'" if token.kind in ("text", "number") else ""
            raise self._wrong(f"expected a field, not {what}", hint)
        if token.text in ALIASES:
            return msgspec.structs.replace(self._next(), text=ALIASES[token.text])
        scope, dot, name = token.text.partition(".")
        if dot and (scope not in SCOPES or not name or "." in name):
            near = UsageError.unknown("field", token.text, tuple(ALIASES)).hint
            hint = "parent.NAME, ancestor.NAME, process.NAME, or NAME alone"
            raise self._wrong(
                f"unknown prefix of a field: {token.text!r}", near if near.startswith("did you mean") else hint
            )
        return self._next()

    def _operator(self, field: _Token, after_not: bool) -> tuple[str, bool]:
        token = self._token
        word = "==" if token.text == "=" else token.text.lower()
        known = _NEGATABLE if after_not else OPERATORS
        for op in (*known, "exists"):
            if word == op:
                self._next()
                return op, False
        if word.startswith("i") and word[1:] in _CASED:
            self._next()
            return word[1:], True
        if token.kind == "word" and word not in ("and", "or", "not"):
            wrong = UsageError.unknown("operator", token.text, _WORD_OPERATORS)
            hint = wrong.hint if wrong.hint.startswith("did you mean") else ", ".join(OPERATORS)
            raise self._wrong(str(wrong), hint)
        if after_not and word in COMPARISONS:
            raise self._wrong(f"'not' stands before the field where {word} follows", f"not {field.text} {word} ...")
        raise self._wrong(
            f"what should {field.text} be?", f"{field.text} exists, or one of {', '.join(OPERATORS)}", field
        )

    def _values(self, op: str) -> list[tuple[Value, _Token]]:
        opened = self._token
        if not self._is("("):
            if op == "in":
                raise self._wrong("'in' takes several values", "in parentheses: in ('EACCES', 'EPERM')")
            return [self._value()]
        if op in COMPARISONS:
            raise self._wrong(f"{op} takes one value", "'in' takes several: errno in ('EACCES', 'EPERM')")
        self._next()
        found = [self._value()]
        while self._took(","):
            found.append(self._value())
        if not self._took(")"):
            if self._token.kind == "end":
                raise self._wrong("a parenthesis is not closed", token=opened)
            raise self._wrong(f"unexpected {self._token.text!r}: expected ',' or ')'")
        return found

    def _value(self) -> tuple[Value, _Token]:
        token = self._token
        if token.kind == "text":
            value: Value = self._bytes(token)
        elif token.kind == "number":
            value = self._integer(token)
        elif self._is("true", "false"):
            value = token.text.lower() == "true"
        elif token.kind == "word":
            raise self._unquoted(token.start)
        else:
            what = "the end" if token.kind == "end" else repr(token.text)
            raise self._wrong(f"expected a value, not {what}", "'a text', a number, true or false")
        return value, self._next()

    def _integer(self, token: _Token) -> int:
        found = _NUMBER.fullmatch(token.text)
        if not found or len(token.text) > 30:
            raise self._wrong(f"not a whole number: {token.text!r:.50}", "as in 10, 0x1f, 0644, -1")
        sign, hexadecimal, octal, decimal = found.groups()
        number = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
        number = -number if sign == "-" else number
        if not LOWEST <= number <= HIGHEST:
            raise self._wrong(f"no field holds such a number: {token.text}", f"from {LOWEST} to {HIGHEST}")
        return number

    def _bytes(self, token: _Token) -> bytes:
        """What is between the quotes."""
        body, found, end = token.text[1:-1], [], 0
        for escape in _ESCAPE.finditer(body):
            found += [raw_bytes(body[end : escape.start()]), self._escape(escape, token)]
            end = escape.end()
        return b"".join((*found, raw_bytes(body[end:])))

    def _escape(self, escape: re.Match[str], token: _Token) -> bytes:
        byte, short, long, plain = escape.groups()
        if byte:
            return bytes.fromhex(byte)
        if plain:
            if plain in _PLAIN_ESCAPES:
                return _PLAIN_ESCAPES[plain]
        elif (number := int(short or long, 16)) <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
            return chr(number).encode()
        at = token.start + 1 + escape.start()
        where = _Token("wrong", "", at, at + len(escape[0]))
        raise self._wrong(f"unknown escape {escape[0]!r}", r"a backslash itself is \\, a byte \xNN", where)
