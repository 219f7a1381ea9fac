"""`onlooker missing`: what is looked for and is not there."""

import argparse

from ..answers.missing import Missing
from . import answer

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker missing -- git status
  onlooker missing --filter git
  onlooker missing --uid 1000 --duration 10
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    return answer.answer(arguments, Missing())
