"""`onlooker [COMMAND] [OPTIONS]`: the table of commands; without one it is `watch`."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import PROGRAM, CapabilityError, OnlookerError, ResourceError, UsageError
from .log import say_error, show

if TYPE_CHECKING:
    from .parser import Command

# name -> module and one line of help; a module is imported only when its command is chosen
COMMANDS = {
    "watch": (".watch", "show what happens, live"),
    "who": (".who", "show who changes a file, or what is below a directory"),
    "reads": (".reads", "list the files that are read, and the programs that run"),
    "writes": (".writes", "list the files that are written, made, moved, removed"),
    "missing": (".missing", "list the files that programs want and that are not there"),
    "denied": (".denied", "list what is not allowed, and to whom"),
    "top": (".top", "show what happens most, by program, user, file, ..."),
    "record": (".record", "record what happens, to ask about it later"),
    "replay": (".replay", "show a recording, as watch shows what happens"),
    "check": (".check", "fail if something is in a recording that must not be"),
    "tree": (".tree", "show the processes of a recording as a tree"),
    "show": (".show", "show what a recording is, or the life of one process of it"),
    "files": (".files", "list the files of a recording, or those not declared"),
    "diff": (".diff", "show what differs between two recordings"),
    "verify": (".verify", "compare a recording with a log of what was run"),
    "export": (".export", "write a recording in the format of another tool"),
    "query": (".query", "ask recordings by SQL"),
    "report": (".report", "write a recording as a page for a browser"),
    "agent": (".agent", "watch as a service, by a configuration file"),
    "collect": (".collect", "put what many machines send into a lake"),
    "rules": (".rules", "check, test and explain the rules of --rules"),
    "doctor": (".doctor", "check what this kernel and this user can do, and how to fix it"),
    "schema": (".schema", "print the JSON Schema of the JSON output"),
}


# what somebody wants -> the commands for it; each command is in one group
GROUPS = {
    "watch live (without a command: watch)": ("watch", "top"),
    "ask a question, live": ("who", "reads", "writes", "missing", "denied"),
    "record, and ask later": ("record", "replay", "show", "tree", "files", "diff", "query", "report"),
    "for CI, audits and other tools": ("check", "verify", "export", "rules"),
    "for many machines": ("agent", "collect"),
    "about onlooker itself": ("doctor", "schema"),
}

HELP = ("-h", "--help", "help")
VERSION = ("-V", "--version", "version")
ABOUT = "Show live what a Linux machine does: its processes, and the files they open."
# those of `watch` that are wanted most
USUAL = (
    ("--events LIST", "which events: also rename, unlink, chmod, ..., all"),
    ("--filter NAME,NAME*", "only processes with these names"),
    ("--pid LIST", "only these processes; --uid LIST: of these users"),
    ("--output-format FORMAT", "text, json or table, into the file of -o FILE"),
    (", ".join(HELP), "show this help; onlooker COMMAND --help: all options"),
    (", ".join(VERSION), "print the version"),
)
EXAMPLES = (
    ("onlooker watch -- make", "what a command does"),
    ('onlooker --pid "$(pidof sshd)" --failed', "what fails there"),
    ("onlooker who /etc", "who changes a directory"),
    ("onlooker record -o build.onlook -- make", "to ask about it later"),
)


def _rows(texts: Iterable[tuple[str, str]], column: int, width: int) -> str:
    from textwrap import fill

    indent = " " * (2 + column)
    return "\n".join(
        fill(text, width, initial_indent=f"  {name:<{column}}", subsequent_indent=indent) for name, text in texts
    )


def commands_in_groups(width: int) -> str:
    """A heading and a line for each."""
    return "\n".join(
        f"{title}:\n{_rows(((name, COMMANDS[name][1]) for name in names), 9, width)}" for title, names in GROUPS.items()
    )


def overview() -> str:
    """The text of `onlooker --help`, as wide as the terminal."""
    from shutil import get_terminal_size
    from textwrap import fill

    width = get_terminal_size((80, 24)).columns
    return f"""\
usage: onlooker [COMMAND] [OPTIONS]

{fill(ABOUT, width)}

{commands_in_groups(width)}
usual options:
{_rows(USUAL, 24, width)}
examples:
{_rows(EXAMPLES, 41, width)}
"""


def command(name: str) -> "Command":
    """The module of a command."""
    module: Command = import_module(COMMANDS[name][0], __package__)
    return module


def run(arguments: list[str]) -> int:
    """Run one command line. Raises OnlookerError."""
    first = arguments[0] if arguments else "watch"
    if first in HELP and len(arguments) == 2 and arguments[1] in COMMANDS:
        first, arguments = arguments[1], [arguments[1], "--help"]
    if first in HELP or first in VERSION:
        if len(arguments) > 1:
            raise UsageError(f"unexpected argument {arguments[1]!r}", f"{PROGRAM} {first}")
        show(overview() if first in HELP else f"onlooker {__version__}\n")
        return 0
    if first in COMMANDS:
        arguments = arguments[1:]
    elif first.startswith("-"):
        first = "watch"
    else:
        raise _unknown(arguments)
    from .parser import parse

    module = command(first)
    return module.run(parse(module, first, COMMANDS[first][1], arguments, COMMANDS))


def _unknown(words: list[str]) -> UsageError:
    """The first word is no command of ours; it may be a program that somebody wants to watch."""
    import shlex
    from shutil import which

    from .strays import asked_later, is_recording

    wrong = UsageError.unknown("command", words[0], tuple(COMMANDS))
    if is_recording(words[0]):
        wrong.hint = asked_later("watch", words[0])
        return wrong
    if which(words[0]):
        near = f"{wrong.hint} or " if wrong.hint.startswith("did you mean") else ""
        wrong.hint = f"{near}a command comes behind --: {PROGRAM} watch -- {shlex.join(words)}"
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """The program. Returns its exit code: 0 done, 1 failed, 2 usage, 3 this kernel or user cannot, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return run(words)
    except OnlookerError as error:
        if isinstance(error, CapabilityError):
            error.after(words)
        say_error(error)
        return error.exit_code
    except BrokenPipeError:  # while it prints help or a report: nobody reads it
        return 0
    except (MemoryError, OSError, ImportError, RuntimeError) as error:
        short = ResourceError.behind(error)
        if short is None:
            raise
        say_error(short)
        return short.exit_code
    except KeyboardInterrupt:  # before or after there was anything to report
        return 130


if __name__ == "__main__":
    sys.exit(main())
