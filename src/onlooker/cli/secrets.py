"""The options that take secrets out, which several commands have."""

import argparse
from collections.abc import Callable

from ..errors import UsageError
from ..recordings.redact import Redactor


def add_redact(add: Callable[..., object]) -> None:
    """Declare them, for a command that leaves secrets in unless it is told."""
    add(
        "--redact",
        action="store_true",
        help="take what looks like a secret out of arguments and paths: values of --password, API_KEY=, tokens, ...",
    )
    add_pattern(add)


def add_no_redact(parser: argparse.ArgumentParser) -> None:
    """Declare them, for a command that takes secrets out unless it is told."""
    add = parser.add_argument_group("secrets").add_argument
    add("--no-redact", action="store_true", help="leave in what looks like a secret")
    add_pattern(add)


def add_pattern(add: Callable[..., object], said: str = "take out what matches this, too") -> None:
    """Declare the one for what only the user knows."""
    add("--redact-pattern", metavar="REGEX", action="append", help=f"{said}; may be repeated")


def redactor(arguments: argparse.Namespace) -> Redactor | None:
    """What takes them out; None where they stay. Raises UsageError."""
    patterns = arguments.redact_pattern or ()
    if hasattr(arguments, "no_redact"):
        if arguments.no_redact and patterns:
            raise UsageError("--no-redact and --redact-pattern contradict each other", "leave out --no-redact")
        return None if arguments.no_redact else Redactor(patterns)
    return Redactor(patterns) if arguments.redact or patterns else None
