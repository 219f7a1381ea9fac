"""The simple commands of shell text, and on what each depends."""

import msgspec
from msgspec.structs import replace

from .words import Operator, Word, split

BUILT_INS = frozenset(
    [
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
_BEFORE = ("if", "while", "until", "elif", "then", "else", "do", "!", "{", "time", "coproc")
_OPEN = {"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "case": "esac", "{": "}"}
_BODIES = ("then", "else", "elif", "do")
_CLOSE = frozenset(_OPEN.values())


class Command(msgspec.Struct, frozen=True):
    """A simple command, without redirections and variables before it. `after`: "&&" or "||" where it depends on how the
    one before it ended, "body" where it is in a condition, a loop or a function; else "". `pipe`: it goes on in the
    pipeline of the one before it.
    """

    words: tuple[Word, ...]
    after: str = ""
    pipe: bool = False


class Nesting:
    """What is open at the end of a line, and which functions there are."""

    def __init__(self) -> None:
        self.open: list[tuple[str, bool]] = []  # what ends it, and whether its body has begun
        self.functions: set[str] = set()

    @property
    def is_body(self) -> bool:
        """Whether what comes may not be run."""
        return any(begun for _, begun in self.open)

    def word(self, keyword: str, *, is_function: bool) -> None:
        """A keyword has come."""
        if keyword in _CLOSE:
            while self.open and self.open.pop()[0] != keyword:
                pass
        elif keyword in _BODIES:
            end = self.open.pop()[0] if self.open else ""
            self.open.append((end, True))
        elif keyword in _OPEN:
            self.open.append((_OPEN[keyword], is_function or keyword == "case"))


def commands(text: str, nesting: Nesting | None = None) -> list[Command]:
    """Those of it, and those within its words. Raises IncompleteError.

    >>> [[word.text for word in each.words] for each in commands("A=1 make -j4 && (cd x; ls | wc) >out")]
    [['make', '-j4'], ['cd', 'x'], ['ls'], ['wc']]
    """
    return _Parser(split(text), nesting or Nesting()).parsed()


class _Parser:
    def __init__(self, tokens: list[Word | Operator], nesting: Nesting) -> None:
        self._tokens = tokens
        self._at = 0
        self._nesting = nesting
        self._made: list[Command] = []
        self._words: list[Word] = []
        self._after = ""
        self._pipe = self._is_function = False

    def parsed(self) -> list[Command]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if isinstance(token, Operator):
                self._operator(token)
            elif self._words or not self._is_keyword(token):
                self._inner(token)
                if token.parts or not token.is_bare:
                    self._words.append(token)
            else:
                self._keyword(token.text or "")
        self._flush()
        return self._made

    @property
    def _next(self) -> Word | Operator | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _is_keyword(self, word: Word) -> bool:
        return word.is_bare and word.text in (*_BEFORE, *_CLOSE, "for", "select", "case", "function", "[[")

    def _keyword(self, keyword: str) -> None:
        """Take it, and what belongs to it and is no command."""
        if keyword == "function":
            if isinstance(self._next, Word):
                self._function(self._next.text)
                self._at += 1
            self._skip("(", ")")
            return
        if keyword == "[[":
            self._skip_to("]]")
            self._add([Word(("[[",))])
            return
        self._nesting.word(keyword, is_function=self._is_function)
        self._is_function = False
        if keyword in ("for", "select"):
            while isinstance(self._next, Word) and not _is(self._next, "do"):
                self._inner(self._next)
                self._at += 1
        elif keyword == "case":
            self._skip_to("in")
            self._pattern()
        elif keyword == "time":
            while isinstance(self._next, Word) and self._next.text in ("-p", "--"):
                self._at += 1

    def _skip(self, *operators: str) -> None:
        """Those, if they come next."""
        for each in operators:
            if isinstance(self._next, Operator) and self._next == each:
                self._at += 1

    def _skip_to(self, word: str) -> None:
        """Past the word."""
        while self._next is not None and not _is(self._next, word):
            self._at += 1
        self._at += 1

    def _pattern(self) -> None:
        """Past the pattern of a case, if another one comes."""
        while isinstance(self._next, Operator) and self._next in ("\n", "("):
            self._at += 1
        if self._next is None or _is(self._next, "esac"):
            return
        while self._next is not None and not (isinstance(self._next, Operator) and self._next == ")"):
            self._at += 1
        self._at += 1

    def _function(self, name: str | None) -> None:
        if name:
            self._nesting.functions.add(name)
        self._is_function = True

    def _operator(self, operator: Operator) -> None:
        if operator == "(" and len(self._words) == 1:  # name() ...
            self._function(self._words.pop().text)
            self._skip(")")
            return
        self._flush()
        self._pipe = operator in ("|", "|&")
        if operator in ("&&", "||"):
            self._after = str(operator)
        elif operator in (";", "&", "\n", ";;", ";&", ";;&"):
            self._after = ""
            if len(operator) > 1:
                self._pattern()

    def _inner(self, word: Word) -> None:
        for text in word.inner:
            self._made += [replace(each, after=each.after or self._depends()) for each in commands(text)]

    def _depends(self) -> str:
        return "body" if self._nesting.is_body else self._after

    def _flush(self) -> None:
        words, self._words = self._words, []
        while words and _is_assignment(words[0]):
            words = words[1:]
        if words:
            self._add(words)

    def _add(self, words: list[Word]) -> None:
        self._made.append(Command(tuple(words), self._depends(), self._pipe))


def _is(token: Word | Operator, text: str) -> bool:
    return isinstance(token, Word) and token.is_bare and token.text == text


def _is_assignment(word: Word) -> bool:
    """NAME=value, NAME+=value, NAME[0]=value."""
    first = word.parts[0] if word.parts else ""
    name, equals, _ = first.partition("=") if isinstance(first, str) else ("", "", "")
    return bool(equals) and name.rstrip("+").partition("[")[0].isidentifier()
