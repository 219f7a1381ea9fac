"""Reads a log of what was run: a command a line, or JSON lines."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from ..errors import PROGRAM, UsageError
from .claim import Claim, as_words, claims, leaves
from .shell import BUILT_INS, Command, Nesting
from .words import IncompleteError

FIELDS = ("command", "cmd", "argv")
_MOST_LINES = 100  # of one command
_PROMPT = re.compile(r"^\s*(?:: \d+:\d+;|\$ |\++ )")  # zsh with times; as people paste it; `sh -x`
_MOST_NAMED = 6


class Log(msgspec.Struct):
    """What it claims; `texts`: whole commands, as they stand there; `not_understood`: lines that are none."""

    claims: list[Claim] = []
    texts: set[str] = set()
    not_understood: list[tuple[int, str]] = []


def read(lines: Sequence[str], field: str | None = None, change: Callable[[str], str] = str) -> Log:
    """A log. `field`: which field of JSON has commands, wherever it is; `change` is done to each command; the
    words of a list it gets as one text, each ended by NUL. Raises UsageError.
    """
    log = Log()
    first = next((line for line in lines if line.strip()), "")
    if field is not None or first.lstrip().startswith("{"):
        _read_json(log, lines, field, change)
    else:
        _read_text(log, lines, change)
    return log


def _read_text(log: Log, lines: Sequence[str], change: Callable[[str], str]) -> None:
    nesting = Nesting()
    at = 0
    while at < len(lines):
        number, text = at + 1, change(_PROMPT.sub("", lines[at]))
        at += 1
        for end in range(at, min(len(lines), at + _MOST_LINES) + 1):
            try:
                log.claims += claims(text, number, nesting, log.texts)
            except IncompleteError:
                if end < len(lines):
                    text += "\n" + change(lines[end])
                continue
            log.texts.add(text.strip())
            at = end
            break
        else:
            log.not_understood.append((number, lines[number - 1]))


def _read_json(log: Log, lines: Sequence[str], field: str | None, change: Callable[[str], str]) -> None:
    seen: dict[str, None] = {}
    has_any = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line.encode("utf-8", "surrogateescape"))
        except (msgspec.DecodeError, RecursionError):
            log.not_understood.append((number, line))
            continue
        for value in _found(row, field):
            has_any = True
            _take(log, value, number, change)
        _note_names(row, seen)
    if not has_any:
        names = ", ".join(list(seen)[:_MOST_NAMED]) or "none"
        wanted = f"field {field!r}" if field else f"field {', '.join(FIELDS[:-1])} or {FIELDS[-1]}"
        hint = f"{PROGRAM} verify FILE --against LOG --field NAME; the log has {names}"
        raise UsageError(f"the log has no {wanted}", hint)


def _found(row: Any, field: str | None) -> Iterator[Any]:
    """The values: of the first of our own names at the top, or of that field wherever it is; a.b.c is a way to it."""
    if field is None:
        if isinstance(row, dict) and (name := next((name for name in FIELDS if row.get(name)), None)):
            yield row[name]
        return
    first, _, rest = field.partition(".")
    waiting = [row]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if first in each:
                if rest:
                    yield from _found(each[first], rest)
                else:
                    yield each[first]
            waiting += [value for name, value in reversed(each.items()) if name != first]
        elif isinstance(each, list):
            waiting += reversed(each)


def _take(log: Log, value: Any, number: int, change: Callable[[str], str]) -> None:
    if isinstance(value, str):
        before = len(log.claims)
        text = change(value)
        try:
            log.claims += claims(text, number, texts=log.texts)
        except IncompleteError:
            del log.claims[before:]
            log.not_understood.append((number, value))
        else:
            log.texts.add(text.strip())
    elif isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        words = change("".join(f"{word}\0" for word in value)).split("\0")[:-1]
        if len(words) != len(value):  # a NUL within, which no argument has
            words = [change(word) for word in value]
        text = msgspec.json.encode(words).decode()
        for place, each in enumerate(leaves(Command(as_words(words)), log.texts)):
            built_in = each.words[0].text in BUILT_INS
            log.claims.append(Claim(each.words, number, text, place, each.after, each.pipe, built_in))
    elif value:
        log.not_understood.append((number, msgspec.json.encode(value).decode()))


def _note_names(row: Any, seen: dict[str, None], way: str = "") -> None:
    """Which fields hold texts, for a hint."""
    if isinstance(row, dict):
        for name, value in row.items():
            if isinstance(value, str):
                seen[f"{way}{name}"] = None
            else:
                _note_names(value, seen, f"{way}{name}.")
