"""`onlooker who`: who changes a file, or anything below a directory."""

import argparse

from ..answers.who import Who
from ..enrich.processes import PROC, ProcessTable
from ..enrich.users import Users
from ..errors import PROGRAM, UsageError
from ..filters.links import places_of
from ..probe import kernel
from . import answer

TAKES_COMMAND = True
EXAMPLES = """\
  onlooker who build -- make
  onlooker who /etc/resolv.conf
  onlooker who /etc /usr/local --duration 1h -o changes.txt

A path that is not there yet may come. A directory stands for all that is below it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("path", metavar="PATH", nargs="*", help="a file or a directory")
    answer.add_arguments(parser, examples=EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The answer. Raises OnlookerError."""
    if not arguments.path or "" in arguments.path:
        raise UsageError("no path is given", f"{PROGRAM} who /etc/resolv.conf")
    table = ProcessTable(None if kernel.in_pid_namespace() else PROC)
    places = [place for path in arguments.path for place in places_of(path)]
    return answer.answer(arguments, Who(places, table, Users().name), look=table.look)
