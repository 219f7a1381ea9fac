"""`onlooker diff`: what differs between two recordings."""

import argparse
from collections.abc import Iterator

from ..answers.diff import FILES, KINDS, Diff
from ..errors import UsageError
from ..recordings.recording import Recording
from ..recordings.scope import names_of
from ..records import Batch
from . import recorded
from .parser import listed, one_of

EXAMPLES = """\
  onlooker diff before.onlook after.onlook
  onlooker diff before.onlook after.onlook --only programs,failures
  onlooker diff here.onlook there.onlook --counts --output-format json

Order does not matter. The directories in which the two were recorded are the same, and so are temporary names, \
process ids, random digits and times. The exit code is 0 if they are the same, 1 if they differ.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.add_argument("first", metavar="FIRST", help="a recording")
    parser.add_argument("second", metavar="SECOND", help="another one")
    add = parser.add_argument_group("what to compare").add_argument
    add("--only", metavar="LIST", action="append", help=f"some of {', '.join(KINDS)} (default: all)")
    add(
        "--counts",
        action="store_true",
        help="also what is in both, but in one at least twice as often, and 10 times more",
    )
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The differences. 0 if there is none, 1 if there are some, or something is missing; raises OnlookerError."""
    on = recorded.Asked(arguments)
    only = listed(arguments.only)
    if only == []:
        raise UsageError("nothing is given to --only", f"some of {', '.join(KINDS)}")
    chosen = {one_of("kind of difference", each, KINDS) for each in only or KINDS}
    kinds = [kind for kind in KINDS if kind in chosen]
    needed = ("exec", "open") if FILES in kinds else ("exec",)
    both = tuple(on.recording(path, needed) for path in (arguments.first, arguments.second))
    events = [names_of(each.manifest.settings.get("events")) for each in both if each.manifest]
    if len(events) == len(both) and {*events[0]} != {*events[1]}:
        on.log("warning", "the two have other events: one was recorded with other --events")
    directories = tuple(each.manifest.directory if each.manifest else None for each in both)
    asked = Diff((directories[0], directories[1]), kinds=kinds, counts=arguments.counts)
    on.answer(asked, _batches(asked, on, both))
    code = on.verdict()
    if not asked.is_whole:
        on.log("warning", "there was no room for all, so this may be wrong")
    return 1 if any(asked.differences().values()) or not asked.is_whole else code


def _batches(asked: Diff, on: recorded.Asked, recordings: tuple[Recording, ...]) -> Iterator[Batch]:
    """Of the one, and then of the other."""
    for side, recording in zip(asked.sides, recordings, strict=True):
        asked.now = side
        yield from on.batches(recording, asked.needs)
