"""Arguments: argparse, with our own messages for mistakes and the nearest match for typing errors."""

import argparse
import shlex
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NoReturn, Protocol

from ..errors import PROGRAM, UsageError
from .log import show
from .meanings import ELSEWHERE, EXAMPLES, FOLLOWING, meaning


class Command(Protocol):
    """A module of `onlooker.cli` that is a command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit code."""


class _Parser(argparse.ArgumentParser):
    takes_command = False

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, help_of(self))

    @property
    def usage(self) -> str | None:
        """Made when it is asked for: argparse asks shutil for the terminal's width, and most starts need none."""
        if not self.takes_command:
            return self._given_usage
        formatter = self._get_formatter()
        formatter.add_usage(None, self._actions, self._mutually_exclusive_groups)
        made = formatter.format_help().removeprefix("usage: ").rstrip().replace("%", "%%")
        return f"{made}\n{'':{len(self.prog) + 8}}[-- COMMAND ...]"

    @usage.setter
    def usage(self, given: str | None) -> None:
        self._given_usage = given

    def print_help(self, file: Any = None) -> None:
        show(self.format_help())


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of an epilog, and wraps those that are not indented, as examples are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from textwrap import fill

        return "\n".join(line if line.startswith(" ") else fill(line, width) for line in text.splitlines())


def help_of(made: argparse.ArgumentParser) -> str:
    """What to type for the help of a command."""
    return f"{made.prog.replace('onlooker', PROGRAM, 1)} --help"


def parser(command: Command, name: str, description: str) -> argparse.ArgumentParser:
    """The argparse parser of one command."""
    made = _Parser(
        prog=f"onlooker {name}",
        description=description[0].upper() + description[1:] + ("" if description.endswith(".") else "."),
        allow_abbrev=False,
        exit_on_error=False,
        # for each option argparse makes a formatter, which asks shutil for the terminal's width: 5 ms of imports
        formatter_class=partial(_Formatter, width=80),
    )
    command.add_arguments(made)
    made.formatter_class = _Formatter
    made.takes_command = takes_command(command)
    return made


def parse(
    command: Command, name: str, description: str, arguments: Sequence[str], commands: Collection[str] = ()
) -> argparse.Namespace:
    """Parse, or raise UsageError, which knows the names of all `commands`."""
    made = parser(command, name, description)
    followed = None
    if takes_command(command):
        arguments, followed = _without_command(name, arguments)
    options = [option for action in made._actions for option in action.option_strings]
    for action in made._actions:
        for name_ in action.option_strings:
            if f"{name_}=--" in arguments:  # argparse makes an empty list of it (Python 3.11), and says nothing
                raise _without_value(action, name_, "")
    try:
        found, unknown = made.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise _misused(made, arguments, error) from None
    if (name_ := getattr(command, "WORDS", "")) and not any(
        word.startswith("-") and " " not in word for word in unknown
    ):
        getattr(found, name_).extend(unknown)
        unknown = []
    late = getattr(command, "LATE", "")
    if late and unknown and not unknown[0].startswith("-") and getattr(found, late) is None:
        setattr(found, late, unknown.pop(0))
    if unknown and unknown[0].startswith("-") and "--" not in arguments:
        raise _unknown(made, unknown[0].partition("=")[0], options, follows=takes_command(command))
    if unknown:
        from .strays import unexpected  # it imports much, and is rarely needed

        raise unexpected(made, name, arguments, unknown, followed, commands, follows=takes_command(command))
    found.command = followed
    return found


def _without_command(name: str, arguments: Sequence[str]) -> tuple[Sequence[str], list[str] | None]:
    """The options, and what stands behind a `--`; None without one. Raises UsageError where nothing does."""
    if "--" not in arguments:
        return arguments, None
    at = [*arguments].index("--")
    if at + 1 == len(arguments):
        typed = shlex.join([name, *arguments[:at]])
        raise UsageError("no command is given behind --", f"{PROGRAM} {typed} -- make")
    return arguments[:at], [*arguments[at + 1 :]]


def _unknown(made: argparse.ArgumentParser, typed: str, options: Sequence[str], *, follows: bool) -> UsageError:
    """What it means comes before what it looks like: --output-file is no --output-format."""
    wrong = UsageError.unknown("option", typed, options)
    if typed in ("-V", "--version"):
        wrong.hint = f"{PROGRAM} --version"
    elif elsewhere := ELSEWHERE.get((made.prog.rpartition(" ")[2], typed)):
        wrong.hint = elsewhere.replace("onlooker", PROGRAM)
    elif follows and typed in FOLLOWING:
        wrong.hint = f"what a command starts is always followed: {help_of(made).removesuffix('--help')}-- COMMAND"
    elif found := meaning(typed if typed.startswith("--") else typed[:2], options):
        wrong.hint = f"did you mean {found}?"
    elif not wrong.hint.startswith("did you mean"):  # not a line of all of them
        wrong.hint = help_of(made)
    return wrong


def takes_command(command: Command) -> bool:
    """Whether `-- COMMAND` may come after its options; `parse` puts the words into `command`, None without a `--`."""
    return bool(getattr(command, "TAKES_COMMAND", False))


def _misused(made: argparse.ArgumentParser, arguments: Sequence[str], error: argparse.ArgumentError) -> UsageError:
    """An option without its value, or with one that it does not take."""
    [action] = [a for a in made._actions if "/".join(a.option_strings) == error.argument_name]
    if action.nargs == 0:
        name = action.option_strings[-1]
        return UsageError(f"{name} takes no value", name)
    following = zip(arguments, [*arguments[1:], ""], strict=True)
    known = [option for each in made._actions for option in each.option_strings]
    for word, after in following:
        if word in action.option_strings and (not after or after.startswith("-")):
            is_option = after.partition("=")[0] in known and action.metavar != "TEXT"
            return _without_value(action, word, "" if is_option else after)
    return _without_value(action, action.option_strings[0], "")  # in a cluster, as -qo


def _without_value(action: argparse.Action, typed: str, after: str) -> UsageError:
    """`after` is the word that would be its value if it did not look like an option."""
    hint = f"{typed} {EXAMPLES.get(action.dest, action.metavar)}"
    if action.metavar == "TEXT" and typed.startswith("--"):  # of any text, also that of an option
        example = shlex.quote(after) if after.strip("-") else "-c"
        return UsageError(f"{typed} needs a value", f"{typed}={example}: with = where it begins with a dash")
    if action.metavar == "TIME" and after[1:2].isdigit():  # no time has a sign
        hint = f"{typed} {after[1:]}"
    elif after.strip("-"):
        hint = f"{action.option_strings[-1]}={shlex.quote(after)}, if {after!r} is the value"
    return UsageError(f"{typed} needs a value", hint)


def one_of(what: str, value: str, choices: Sequence[str]) -> str:
    """`value`, if it is one of the choices; else UsageError with the nearest."""
    if value not in choices:
        raise UsageError.unknown(what, value, choices)
    return value


def listed(values: Sequence[str] | None) -> list[str] | None:
    """The values of an option that takes a list: repeated, and with commas or white space between them; None if the
    option was not given. As in a shell, quotes and backslashes keep an item together.

    >>> listed(["1,2", "3 4", "'Web Content'"])
    ['1', '2', '3', '4', 'Web Content']
    """
    return None if values is None else [item for value in values for item in _items(value)]


def _items(value: str) -> list[str]:
    words = shlex.shlex(value, posix=True, punctuation_chars=False)
    words.whitespace, words.whitespace_split, words.commenters = " \t\r\n,", True, ""
    try:
        return list(words)
    except ValueError:  # a quote that is not closed, or nothing after a backslash
        hint = 'close the quote, or write \\" for a literal quote'
        raise UsageError(f"not a list: {value!r}", hint) from None


HIGHEST = 2**64 - 1  # nothing is counted further
_MOST_DIGITS = 20  # of that; int() refuses thousands of them with another error


def is_number(text: str) -> bool:
    """Whether it is a whole decimal number, and not above the highest."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) <= HIGHEST


def number(what: str, text: str, *, least: int = 0) -> int:
    """A whole number in decimal."""
    if not is_number(text) or int(text) < least:
        is_too_high = text.isascii() and text.isdigit() and not is_number(text)
        hint = "a lower number" if is_too_high else f"a whole number, {least} or more"
        raise UsageError(f"not a {what}: {text!r}", hint)
    return int(text)


_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> float:
    """Seconds of "10", "1.5", "200ms", "10s", "2m", "1h"."""
    body = text.rstrip("msh")
    unit = _SECONDS.get(text[len(body) :])
    is_decimal = body.replace(".", "", 1).isdigit() and body.isascii()
    if unit is None or not is_decimal or not 0 < float(body) * unit < float("inf"):
        hint = "more than 0: seconds, or with a unit, as in 10, 1.5, 200ms, 2m, 1h"
        raise UsageError(f"not a duration: {text!r}", hint)
    return float(body) * unit


_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size(text: str) -> int:
    """Bytes of "1048576", "64K", "16M", "1G"."""
    body = text.rstrip("KMG")
    unit = _BYTES.get(text[len(body) :])
    if unit is None or not is_number(body):
        raise UsageError(f"not a size: {text!r}", "bytes, or with a unit: 16M")
    return int(body) * unit
