"""`onlooker denied`: what is not allowed: who wanted what of which file."""

import argparse

from ..answers.denied import Denied
from ..enrich.users import Users
from . import answer

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker denied -- make install
  onlooker denied --filter nginx
  onlooker denied --uid www-data --output-format json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    return answer.answer(arguments, Denied(Users().name))
