"""The options that say how much a command tells on standard error."""

import argparse
from typing import Any

from .log import LEVELS, Log
from .parser import one_of


def add_messages(group: Any, shown: str) -> None:
    """The options, for a parser's group; `shown` is what is printed all the same."""
    group.add_argument("-q", "--quiet", action="store_true", help=f"print only {shown}, whatever --log-level says")
    group.add_argument(
        "--log-level", metavar="LEVEL", default="warning", help=f"{', '.join(LEVELS)} (default: warning)"
    )


def log_of(arguments: argparse.Namespace) -> Log:
    """What was asked for. Raises UsageError."""
    return Log("error" if arguments.quiet else one_of("log level", arguments.log_level, LEVELS))
