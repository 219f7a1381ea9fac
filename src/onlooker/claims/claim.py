"""A claim: a simple command that a log says was run, and whether an execution is one of it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from .shell import BUILT_INS, Command, Nesting, commands
from .words import ANY_WORDS, IncompleteError, Wild, Word
from .wrappers import inner, name_of, shell_text

MOST_LEVELS = 20  # of commands in commands


class Claim(msgspec.Struct, frozen=True):
    """`words` without wrappers. `line`: of the log, from 1 on; `text`: that line; `place`: its place among the claims
    of its line. `after` and `pipe` as in `Command`. `is_built_in`: a shell does it itself, or a function that the log
    has defined.
    """

    words: tuple[Word, ...]
    line: int
    text: str
    place: int = 0
    after: str = ""
    pipe: bool = False
    is_built_in: bool = False

    @property
    def program(self) -> str | None:
        """None where it is not known."""
        return self.words[0].text

    @property
    def shown(self) -> str:
        """For people: a mark for what is not known."""
        return " ".join(_shown(word) for word in self.words)


def claims(text: str, line: int, nesting: Nesting | None = None, texts: set[str] | None = None) -> Iterator[Claim]:
    """Those of shell text; `texts` gets the texts of `sh -c` in it. Raises IncompleteError."""
    nesting = nesting or Nesting()
    found = [each for command in commands(text, nesting) for each in leaves(command, texts)]
    for place, each in enumerate(found):
        built_in = each.words[0].text in BUILT_INS or each.words[0].text in nesting.functions
        yield Claim(each.words, line, text.strip(), place, each.after, each.pipe, built_in)


def leaves(command: Command, texts: set[str] | None = None, level: int = 0) -> Iterator[Command]:
    """What it runs in the end, without wrappers: of `sudo sh -c 'a; b'` that is a and b. `texts` as in `claims`."""
    words = command.words
    known = [word.text for word in words]
    if level >= MOST_LEVELS:
        yield command
    elif (found := inner(known)) is not None:
        at, adds = found
        yield from leaves(msgspec.structs.replace(command, words=words[at:] + (ANY_WORDS,) * adds), texts, level + 1)
    elif (text := _text(known)) is not None:
        try:
            within = commands(text)
        except IncompleteError:
            yield command
            return
        if texts is not None:
            texts.add(text.strip())
        for each in within:
            after = each.after or command.after
            yield from leaves(msgspec.structs.replace(each, after=after), texts, level + 1)
    else:
        yield command


def _text(words: Sequence[str | None]) -> str | None:
    """What a shell, or `eval`, is given as text."""
    if words and words[0] == "eval" and None not in words:
        return " ".join(word or "" for word in words[1:])
    at = shell_text(words)
    return words[at] if at is not None else None


def as_words(argv: Iterable[str]) -> tuple[Word, ...]:
    """The words of an execution, which are known."""
    return tuple(Word((word,), is_bare=False) for word in argv)


def pattern(words: Sequence[Word]) -> re.Pattern[str]:
    """What arguments, each ended by NUL, are of these words. Where a match takes long, it takes as long as the square
    of what is compared: whatever may be several words ends where what follows it comes first, and nothing is tried
    again, as for a pattern of file names.
    """
    parts: list[list[str | Wild]] = [[]]  # between what may be several words
    begins_word = [False]
    for word in words:
        if word.parts == (Wild.WORDS,):
            parts.append([])
            begins_word.append(True)
            continue
        for part in word.parts:
            if part is Wild.WORDS:
                parts.append([])
                begins_word.append(False)
            else:
                parts[-1].append(part)
        parts[-1].append("\0")
    made = _pattern(parts[0])
    for place in range(1, len(parts)):
        begin = r"(?<![^\0])" if begins_word[place] else ""
        end = r"\Z" if place == len(parts) - 1 else ""
        made += f"(?>.*?{begin}{_pattern(parts[place])}{end})"
    return re.compile(made, re.DOTALL)


def _pattern(parts: Sequence[str | Wild]) -> str:
    """Of what is known, with some of a word between."""
    made = ""
    for is_known, some in groupby(parts, lambda part: isinstance(part, str)):
        if is_known:
            text = re.escape("".join(part for part in some if isinstance(part, str)))
            made += f"{text})" if made.endswith("*?") else text
        else:
            made += r"(?>[^\0]*?"
    return made.removesuffix(r"(?>[^\0]*?")  # what may be several words follows, and takes that too


def joined(argv: Iterable[str]) -> str:
    """Arguments, each ended by NUL."""
    return "".join(f"{word}\0" for word in argv)


def is_same_program(claimed: str, names: Iterable[str]) -> bool:
    """Whether a program that was claimed is one of these names of what ran: `git` is /usr/bin/git and /tmp/git, but
    /bin/git is not /tmp/git. A name without a directory is one that was looked up later.

    >>> is_same_program("git", ["/usr/bin/git"]), is_same_program("/bin/git", ["/tmp/git"])
    (True, False)
    """
    return any(
        claimed == name
        or ("/" not in claimed and claimed == name_of(name))
        or ("/" not in name and name == name_of(claimed))
        for name in names
    )


def _shown(word: Word) -> str:
    from ..escaping import quote

    if word.text is not None:
        return quote(word.text)
    return "".join("…" if isinstance(part, Wild) else part for part in word.parts)
