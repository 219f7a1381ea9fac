r"""The language of phrases: an event as text, declared beside its fields.

- `{path}`: the field, escaped for a terminal; a path that is empty as `""`, a list as a command line (texts) or with
  commas (names); `{mode:octal}`, `{duration_ns:seconds}` and `{flags:words}` write it in another way; `{own_pid}` is
  the process id of the writer
- `{errno?A|B}`: A where the field applies (it is there, and not false, empty or no flag), else B; `|B` may be left out
- `{flags~O_PATH?A|B}`: A where the list has that name, or the field is it
- `{/path?A|B}`: A where the path is absolute
- `{joined_path!=path?A|B}`: A where the first text is there and is not the second
- `{real_path@path?A|B}`: A where the first path is there, and the second by itself misleads about it:
  `records/native/misleads.h`
- `{list:A;B;C}`: ` [A, B, C]`, of those that are not empty; nothing if all are. There is no list in a list

A and B are phrases themselves. A backslash before one of `{|};\` makes it an ordinary character.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

import msgspec

FORMATS = ("", "octal", "seconds", "words")


class Text(msgspec.Struct, frozen=True, tag="text"):
    """As it is."""

    text: str


class Value(msgspec.Struct, frozen=True, tag="value"):
    """What a field holds."""

    field: str
    format: str = ""


class Choose(msgspec.Struct, frozen=True, tag="choose"):
    """One of two phrases. `test`: "set", "absolute", "has" (`other` is a name), "differs" or "misleads"
    (`other` is a field).
    """

    test: str
    field: str
    other: str
    yes: tuple["Piece", ...]
    no: tuple["Piece", ...]


class Words(msgspec.Struct, frozen=True, tag="words"):
    """A list in brackets of the phrases that are not empty."""

    items: tuple[tuple["Piece", ...], ...]


Piece = Text | Value | Choose | Words
Phrase = tuple[Piece, ...]

_TESTS = (("!=", "differs"), ("~", "has"), ("@", "misleads"))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._is_in_list = False

    def phrase(self, ends: str) -> Phrase:
        """Up to one of `ends`, which stays, or to the end."""
        found: list[Piece] = []
        plain = ""
        while self._at < len(self._text) and self._text[self._at] not in ends:
            if self._text[self._at] == "{":
                if plain:
                    found.append(Text(plain))
                    plain = ""
                found.append(self._braces())
                continue
            if self._text[self._at] == "\\":
                self._at += 1
                if self._at == len(self._text):
                    raise ValueError(f"nothing after the last backslash of {self._text!r}")
            plain += self._text[self._at]
            self._at += 1
        return (*found, Text(plain)) if plain else tuple(found)

    def _braces(self) -> Piece:
        self._at += 1
        if self._text.startswith("list:", self._at):
            return self._list()
        head = self._until("?}")
        if self._take("}"):
            field, _, form = head.partition(":")
            if form not in FORMATS:
                raise ValueError(f"no format {form!r} in {self._text!r}")
            return Value(field, form)
        self._need("?")
        yes = self.phrase("|}")
        no = self.phrase("}") if self._take("|") else ()
        self._need("}")
        for sign, test in _TESTS:
            field, found, other = head.partition(sign)
            if found:
                return Choose(test, field, other, yes, no)
        if head.startswith("/"):
            return Choose("absolute", head[1:], "", yes, no)
        return Choose("set", head, "", yes, no)

    def _list(self) -> Words:
        if self._is_in_list:
            raise ValueError(f"a list in a list of {self._text!r}")
        self._is_in_list = True
        self._at += len("list:")
        items = [self.phrase(";}")]
        while self._take(";"):
            items.append(self.phrase(";}"))
        self._need("}")
        self._is_in_list = False
        return Words(tuple(items))

    def _until(self, ends: str) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in ends:
            self._at += 1
        return self._text[start : self._at]

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign!r} is missing at {self._at} of {self._text!r}")


@cache  # all events end with the same marks
def parse(text: str) -> Phrase:
    """Raises ValueError for a malformed phrase.

    >>> parse("called {syscall?sys_{syscall}|kernel_clone}")[1].no
    (Text(text='kernel_clone'),)
    """
    parser = _Parser(text)
    found = parser.phrase("}")
    if parser._at != len(text):
        raise ValueError(f"a brace too many in {text!r}")
    return found


def joined(phrases: Iterable[Phrase]) -> Phrase:
    """One after the other: what `parse` makes of their texts together.

    >>> joined([parse("a{b}c"), parse("d"), parse("{e}")])
    (Text(text='a'), Value(field='b', format=''), Text(text='cd'), Value(field='e', format=''))
    """
    found: list[Piece] = []
    for piece in chain.from_iterable(phrases):
        if found and isinstance(piece, Text) and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + piece.text)
        else:
            found.append(piece)
    return tuple(found)


def fields_of(phrase: Phrase) -> Iterator[str]:
    """The names of the fields that it uses."""
    for piece in phrase:
        if isinstance(piece, Value):
            yield piece.field
        elif isinstance(piece, Choose):
            yield piece.field
            if piece.test in ("differs", "misleads"):
                yield piece.other
            yield from fields_of(piece.yes)
            yield from fields_of(piece.no)
        elif isinstance(piece, Words):
            for item in piece.items:
                yield from fields_of(item)
