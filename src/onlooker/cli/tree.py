"""`onlooker tree`: the processes of a recording as a tree."""

import argparse

from ..answers.tree import Tree
from ..recordings.processes import Processes
from . import recorded
from .options import process_ids
from .parser import duration, number

EXAMPLES = """\
  onlooker tree build.onlook
  onlooker tree build.onlook --failed
  onlooker tree build.onlook --min 1s --all
  onlooker tree build.onlook --pid 1234 --output-format json

Processes that the recording did not see begin are at the left. A process is known by its forks, executions and its \
end; one that did nothing of these is not shown.
Siblings that are alike, whose arguments differ in names of files only, are one row.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what to show").add_argument
    add("-p", "--pid", metavar="LIST", action="append", help="only these processes, with their descendants")
    add("--depth", metavar="N", help="only so many levels")
    add("--failed", action="store_true", help="only processes that failed, and the way to them")
    add(
        "--min",
        metavar="TIME",
        help="only processes that took so long: seconds, or 200ms, 2m, 1h; the way to them, too",
    )
    add("--all", action="store_true", help="fold nothing: a row for each process")
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The tree. 0, or 1 if it is not complete; raises OnlookerError."""
    on = recorded.Asked(arguments)
    depth = number("depth", arguments.depth, least=1) if arguments.depth is not None else None
    least = round(duration(arguments.min) * 1e9) if arguments.min is not None else None
    pids = process_ids(arguments.pid)
    recording = on.recording(arguments.file, Tree.events)
    asked = Tree(
        pids=pids,
        depth=depth,
        failed=arguments.failed,
        least_ns=least,
        folds=not arguments.all,
        user=recorded.user_of(recording),
        is_command=bool(recording.manifest and recording.manifest.command),
        table=Processes(recording),
    )
    return recorded.ask(asked, on, recording)
