"""Shell text as words and operators, as far as that can be told without running it: POSIX.1-2017, 2.2 to 2.7, and what
bash adds.

What an expansion gives is not known: a `Word` has a mark in its place.
"""

import re
from collections.abc import Iterator
from enum import Enum

import msgspec


class IncompleteError(Exception):
    """A quote, a parenthesis or a here-document has no end: there may be more of it in the next line."""


class Wild(Enum):
    """What is not known: a part of one word; or none, one or several words."""

    PART = 1
    WORDS = 2


class Word(msgspec.Struct, frozen=True):
    """Its parts; `inner`: the commands that are run to expand it, as shell text. `is_bare`: nothing was quoted."""

    parts: tuple[str | Wild, ...]
    inner: tuple[str, ...] = ()
    is_bare: bool = True

    @property
    def text(self) -> str | None:
        """None where it is not known."""
        if any(isinstance(part, Wild) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


class Operator(str):
    """What stands between commands: ; & && || | ( ) or a line break."""

    __slots__ = ()


MASK = "***"  # what stands for a secret; as a pattern nobody writes it
ANY_WORDS = Word((Wild.WORDS,))
_OPERATORS = ("&&", "||", ";;&", ";;", ";&", "|&", "|", "&", ";", "(", ")", "\n")
_REDIRECTION = re.compile(r"&>>|&>|>>|>\||>&|<<<|<<-|<<|<&|<>|<(?!\()|>(?!\()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_HOME = re.compile(r"~[A-Za-z0-9_+-]*")
_ENDS = " \t\r\n;&|()<>"


def split(text: str) -> list[Word | Operator]:
    """Words and operators; redirections and comments are left out. Raises IncompleteError."""
    try:
        return list(_Reader(text).tokens())
    except RecursionError:
        raise IncompleteError from None


def writes_files(text: str) -> bool:
    """Whether a redirection writes to a file. Raises IncompleteError."""
    reader = _Reader(text)
    for _ in reader.tokens():
        pass
    return reader.writes


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.writes = False
        self._at = 0
        self._documents: list[tuple[str, bool]] = []  # delimiters of here-documents, and whether tabs go

    def tokens(self) -> Iterator[Word | Operator]:
        text, begins = self._text, True
        while self._at < len(text):
            char = text[self._at]
            if char in " \t\r":
                self._at += 1
            elif text.startswith("\\\n", self._at):
                self._at += 2
            elif char == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            elif begins and text.startswith("((", self._at) and (end := text.find("))", self._at)) > 0:
                self._at = end + 2  # arithmetic
                yield Word(("let",))
                begins = False
            elif (found := _REDIRECTION.match(text, self._at)) is not None:
                yield from self._redirected(found)
            elif operator := next((each for each in _OPERATORS if text.startswith(each, self._at)), None):
                self._at += len(operator)
                if operator == "\n":
                    self._skip_documents()
                begins = True
                yield Operator(operator)
            else:
                start = self._at
                word = self._word()
                is_descriptor = text[start : self._at].isdigit() and text[self._at : self._at + 1] in ("<", ">")
                if not is_descriptor:
                    begins = False
                    yield word
        if self._documents:
            raise IncompleteError

    def _redirected(self, found: re.Match[str]) -> Iterator[Word]:
        """Its target is left out, but not what is run to know it."""
        self._at = found.end()
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        target = self._word()
        if ">" in found.group() and target.text != "/dev/null":
            self.writes |= found.group() != ">&" or not (target.text or "").rstrip("-").isdigit()
        if found.group() in ("<<", "<<-"):
            self._documents.append((target.text or "", found.group() == "<<-"))
        if target.inner:
            yield Word((), target.inner)

    def _skip_documents(self) -> None:
        for delimiter, has_tabs in self._documents:
            while True:
                if self._at >= len(self._text):
                    raise IncompleteError
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if has_tabs else line) == delimiter:
                    break
        self._documents = []

    def _word(self) -> Word:
        """From here to what ends it."""
        made = _Made()
        text, start = self._text, self._at
        while self._at < len(text):
            char = text[self._at]
            if char in _ENDS and not (char in "<>" and text[self._at + 1 : self._at + 2] == "("):
                break
            if char == "~" and self._at == start:
                self._home(made)
            elif not (self._quotation(made, char) or self._pattern(made, char)):
                made.parts.append(char)
                self._at += 1
        return made.word()

    def _home(self, made: "_Made") -> None:
        found = _HOME.match(self._text, self._at)
        assert found
        self._at = found.end()
        made.parts.append(Wild.PART)

    def _quotation(self, made: "_Made", char: str) -> bool:
        """Take what is quoted, or what is run or named to be put there, if that begins here."""
        text = self._text
        if char == "\\":
            self._escaped(made)
        elif char == "'":
            made.quoted(self._to("'"))
        elif char == '"' or text.startswith('$"', self._at):
            self._at += char == "$"
            self._double(made)
        elif text.startswith("$'", self._at):
            self._at += 1
            made.quoted(_unescaped(self._to("'", escapes=True)))
        elif char in "$`":
            self._expansion(made, Wild.WORDS)
        elif char in "<>":
            made.inner.append(self._within("(", ")", 1))
            made.parts.append(Wild.PART)
        else:
            return False
        return True

    def _pattern(self, made: "_Made", char: str) -> bool:
        """Take a part of a pattern, if one begins here."""
        if self._text.startswith(MASK, self._at):
            made.quoted(MASK)
            self._at += len(MASK)
        elif char in "*?[" and self._is_pattern(char):
            made.parts.append(Wild.WORDS)
            self._at += 1
        elif char == "{" and (found := _BRACES.match(self._text, self._at)):
            self._at = found.end()
            made.parts.append(Wild.WORDS)
        else:
            return False
        return True

    def _is_pattern(self, char: str) -> bool:
        """A [ alone is a command."""
        if char != "[":
            return True
        end = self._text.find("]", self._at + 2)
        return end > 0 and not any(c in _ENDS for c in self._text[self._at : end])

    def _escaped(self, made: "_Made") -> None:
        if self._at + 1 >= len(self._text):
            raise IncompleteError
        after = self._text[self._at + 1]
        if after != "\n":
            made.quoted(after)
        self._at += 2

    def _to(self, quote: str, *, escapes: bool = False) -> str:
        """What is between quotes."""
        at = self._at + 1
        while True:
            if at >= len(self._text):
                raise IncompleteError
            if self._text[at] == quote:
                break
            at += 2 if escapes and self._text[at] == "\\" else 1
        found = self._text[self._at + 1 : at]
        self._at = at + 1
        return found

    def _double(self, made: "_Made") -> None:
        made.quoted("")
        self._at += 1
        while True:
            if self._at >= len(self._text):
                raise IncompleteError
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return
            if char == "\\" and self._text[self._at + 1 : self._at + 2] in tuple('$`"\\\n'):
                self._escaped(made)
            elif char in "$`":
                self._expansion(made, Wild.PART)
            else:
                made.parts.append(char)
                self._at += 1

    def _expansion(self, made: "_Made", wild: Wild) -> None:
        """$name ${...} $(...) $((...)) `...`; a $ alone is one."""
        text = self._text
        if text[self._at] == "`":
            made.inner.append(re.sub(r"\\([`$\\])", r"\1", self._to("`", escapes=True)))
        elif text.startswith("$((", self._at) and (end := text.find("))", self._at)) > 0:
            self._at = end + 2
        elif text.startswith("$(", self._at):
            made.inner.append(self._within("(", ")", 1))
        elif text.startswith("${", self._at):
            self._within("{", "}", 1)
        elif found := _NAME.match(text, self._at + 1):
            self._at = found.end()
        else:
            made.parts.append("$")
            self._at += 1
            return
        made.parts.append(wild)

    def _within(self, opening: str, closing: str, before: int) -> str:
        """What is between parentheses, whatever it quotes."""
        start = at = self._at + before + 1
        depth = 1
        while True:
            if at >= len(self._text):
                raise IncompleteError
            char = self._text[at]
            if char == "\\":
                at += 1
            elif char in "'\"":
                inner = _Reader(self._text)
                inner._at = at
                if char == "'":
                    inner._to("'")
                else:
                    inner._double(_Made())
                at = inner._at - 1
            elif char == opening:
                depth += 1
            elif char == closing:
                depth -= 1
                if not depth:
                    break
            at += 1
        self._at = at + 1
        return self._text[start:at]


class _Made:
    """A word that is being made."""

    def __init__(self) -> None:
        self.parts: list[str | Wild] = []
        self.inner: list[str] = []
        self._is_bare = True

    def quoted(self, text: str) -> None:
        self._is_bare = False
        self.parts.append(text)

    def word(self) -> Word:
        joined: list[str | Wild] = []
        for part in self.parts:
            if joined and isinstance(part, str) and isinstance(joined[-1], str):
                joined[-1] += part
            elif joined and part is Wild.WORDS and joined[-1] is Wild.WORDS:
                continue
            else:
                joined.append(part)
        return Word(tuple(joined), tuple(self.inner), self._is_bare)


def _unescaped(text: str) -> str:
    """Of $'...'."""

    def one(found: re.Match[str]) -> str:
        body = found.group(1)
        if body[0] in "xuU" and len(body) > 1:
            return chr(int(body[1:], 16))
        if body[0] in "01234567":
            return chr(int(body, 8) & 0xFF)
        return _ESCAPES.get(body, body)

    return re.sub(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,5}|[0-7]{1,3}|.)", one, text, flags=re.DOTALL)
