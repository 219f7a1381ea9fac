"""`onlooker reads`: which files are read, and which programs are executed."""

import argparse

from ..answers.files import Reads
from . import answer

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker reads -- ls -l
  onlooker reads --filter nginx --duration 10
  onlooker reads --uid www-data --output-format json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    return answer.answer(arguments, Reads())
