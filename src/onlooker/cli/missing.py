"""`onlooker missing`: the files that programs want and that are not there: calls that fail with ENOENT."""

import argparse

from ..answers.missing import FOLDED_SETS, Missing
from ..filters.sugar import NOISE, sets
from . import answer
from .options import some

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker missing -- git status
  onlooker missing --filter git
  onlooker missing --hide noise -- ./program
  onlooker missing --uid 1000 --duration 10

It looks at every call on a file that fails because the file, or a directory in its path, is not there: to open, \
execute, stat, list, create, rename, remove or change it.
--hide loader leaves out the libraries that were found in the end, and keeps those that were found nowhere; --hide \
path-search does so with programs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    hidden = [each for name in some(arguments)["hide"] for each in (sets() if name == NOISE else [name])]
    arguments.hide = [name for name in hidden if name not in FOLDED_SETS] or None
    return answer.answer(arguments, Missing(hide=[name for name in hidden if name in FOLDED_SETS]))
