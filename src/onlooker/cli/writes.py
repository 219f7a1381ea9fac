"""`onlooker writes`: which files are written, created, renamed, removed or changed in another way."""

import argparse

from ..answers.files import Writes
from . import answer

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker writes -- pip install six
  onlooker writes --filter 'apt*' --filter dpkg
  onlooker writes --uid 1000 --duration 1m
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    return answer.answer(arguments, Writes())
