"""What a word means that a command does not take: imported only where there is one."""

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from shlex import join, quote
from shutil import which

from ..errors import PROGRAM, UsageError
from ..recordings.manifest import FILE_NAME

_ONE = ("replay", "check", "tree", "show", "files", "verify", "export", "report")  # ask one recording
# what answers of a recording what these answer live
_LATER = {"reads": "files {} --read", "writes": "files {} --written", "missing": "files {} --missing"}


def is_recording(word: str) -> bool:
    """Whether it is the name of one."""
    try:
        return Path(word, FILE_NAME).is_file()
    except (OSError, ValueError):  # too long a name, for one
        return False


def asked_later(name: str, word: str) -> str:
    """How to ask a recording what the command of that name answers live."""
    return f"that is a recording: {PROGRAM} {_LATER.get(name, 'replay {}').format(quote(word))}"


def unexpected(
    made: argparse.ArgumentParser,
    name: str,
    arguments: Sequence[str],
    words: Sequence[str],
    followed: Sequence[str] | None,
    commands: Collection[str],
    *,
    follows: bool,
) -> UsageError:
    """The first of these words is none that the command of that name takes. `followed`: what stands behind a `--`;
    `follows`: the command takes that.
    """
    word, program = words[0], f"{PROGRAM} {name}"
    if word.startswith("-"):  # nothing behind a -- is an option
        typed = join(each for each in arguments if each != "--")
        return UsageError(f"unexpected argument {word!r} behind --", f"leave out --: {program} {typed}")
    hint = _as_list(made, arguments, words)
    if not hint and word not in commands:
        hint = _meant(name, word, followed, follows=follows)
    if not hint and follows and which(word):
        hint = f"a command comes behind --: {program} -- {join(words)}"
    if word in commands:
        behind = f"; {hint}" if hint.startswith("a command") else ""
        hint = f"a command of onlooker comes first: {PROGRAM} {word}{behind}"
    return UsageError(f"unexpected argument {word!r}", hint or f"{program} --help")


def _meant(name: str, word: str, followed: Sequence[str] | None, *, follows: bool) -> str:
    """What to type instead of the word, or ""."""
    if name == "record" and followed:
        return f"the name of the recording comes behind -o: {PROGRAM} record -o {quote(word)} -- {join(followed)}"
    if follows and is_recording(word):
        return asked_later(name, word)
    if name in _ONE and is_recording(word):
        return f"one recording at a time; {PROGRAM} diff compares two, {PROGRAM} query takes more"
    if name == "diff":
        return f"{PROGRAM} diff compares two; {PROGRAM} query takes more"
    return _as_option(name, word)


def _as_option(name: str, word: str) -> str:
    """The option that most likely is missing before the word."""
    option = {"verify": "--against", "report": "-o", "check": "--fail-on", "agent": "--config"}.get(name, "")
    if name == "export":
        from ..exports import FORMATS

        option = "--format" if word in FORMATS else "-o"
    elif name in ("files", "watch") and ("/" in word or _is_there(word)):
        option = "--under" if name == "files" else "--path"
    return f"did you mean {option} {quote(word)}?" if option else ""


def _is_there(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return False


def _as_list(made: argparse.ArgumentParser, arguments: Sequence[str], stray: Sequence[str]) -> str:
    """What to type where an option's value was several words, as by a `$(pidof x)` without quotes; else ""."""
    repeated = {name: a for a in made._actions if isinstance(a, argparse._AppendAction) for name in a.option_strings}
    words = list(arguments)
    for at in range(len(words) - 2):
        if words[at] in repeated and words[at + 2] == stray[0]:
            name, kind = words[at], repeated[words[at]].metavar
            rest = [word for word in words[at + 1 : at + 2 + len(stray)] if not word.startswith("-")]
            if kind == "LIST":
                return f"separate the items with commas, or quote them: {name} {','.join(rest)}"
            if kind == "EXPR":
                return f"quote the whole expression: {name} {_expression(rest)}"
            again = " ".join(f"{name} {quote(word)}" for word in rest)
            return f"quote it, or repeat the option: {name} {quote(' '.join(rest))}, or {again}"
    return ""


def _expression(words: Sequence[str]) -> str:
    """The words of one in double quotes; a shell has taken its own quotes away."""
    from ..filters.expression import OPERATORS

    made: list[str] = []
    for word in words:
        is_value = made and made[-1].lower() in (*OPERATORS, "=")
        is_plain = word.lower() in ("true", "false", "not") or word[:1] in "0123456789'\"(" or not word
        made.append(f"'{word}'" if is_value and not is_plain else word)
    return f'"{" ".join(made)}"' if not set('"$`\\!') & set("".join(made)) else quote(" ".join(made))
