"""`onlooker files`: the files of a recording, and those that were read without being declared."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..answers.actions import cleaned
from ..answers.declared import Declared
from ..answers.inputs import Inputs
from ..answers.inventory import BY, OF_SECTION, Inventory, Undeclared, keeps
from ..answers.uses import SECTIONS
from ..errors import UsageError
from ..filters.links import absolute
from ..monitor import Monitor
from ..recordings.source import RecordingSource
from ..records import Batch
from . import recorded
from .opened import standard_input
from .options import add_some, some
from .parser import one_of

EXAMPLES = """\
  onlooker files build.onlook
  onlooker files build.onlook --written --created --under build
  onlooker files build.onlook --read --by process
  onlooker files build.onlook --undeclared-by inputs.txt

A list of declared files has a path on each line, relative ones from the directory of the recorded command. A \
directory ends with a slash; in patterns, * and ? stop at a slash and ** does not. Lines that begin with # are comments.
"""
_ABOUT = {
    "read": "what was read or executed",
    "written": "what was written, or changed in another way",
    "created": "what was made, linked, or renamed to",
    "removed": "what was removed, or renamed",
    "missing": "what was wanted, and was not there",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what to show (default: all sections)").add_argument
    for section in SECTIONS:
        add(f"--{section}", action="store_true", help=_ABOUT[section])
    add("--under", metavar="DIR", action="append", help="only what is at or below DIR; may be repeated")
    add("--all", action="store_true", help="also what is in /proc, /sys and /dev")
    add("--by", metavar="WHAT", help=f"each {' or '.join(BY)} by itself")
    add(
        "--undeclared-by",
        metavar="LIST",
        help="only inputs that the file LIST does not have (-: standard input); the exit code is 1 if there are some",
    )
    add_some(parser, live=False)
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The files. 0, or 1 if that is not complete, or not declared; raises OnlookerError."""
    on = recorded.Asked(arguments)
    sections = [section for section in SECTIONS if getattr(arguments, section)]
    by = one_of("way to group", arguments.by, BY) if arguments.by is not None else None
    if arguments.undeclared_by is not None and (sections or by):
        wrong = f"--{'by' if by else sections[0]} says nothing of what is declared"
        raise UsageError(wrong, f"leave it out: --undeclared-by {arguments.undeclared_by}")
    chosen = some(arguments)
    lines = declared_lines(arguments.undeclared_by) if arguments.undeclared_by is not None else None
    recording = on.recording(arguments.file, [name for each in sections or ("read",) for name in OF_SECTION[each]])
    base = recording.manifest.directory if recording.manifest else None
    base = base or absolute(".")
    if "" in (arguments.under or ()):
        raise UsageError("no directory is given to --under", "--under build")
    under = [cleaned(each if each.startswith("/") else f"{base}/{each}") for each in arguments.under or ()]
    is_kept = _Kept(under, special=arguments.all)
    inputs = Inputs()
    asked: Inventory | Undeclared
    if lines is None:
        asked = Inventory(sections or SECTIONS, by=by, is_kept=is_kept)
        seen = on.batches(recording, asked.needs, context=True)
    else:
        declared = Declared(lines, base, follows_links=recorded.is_of_this_boot(recording))
        asked = Undeclared(inputs, declared, is_kept=is_kept)
        seen = _seen(inputs, on.batches(recording, asked.events))
    source = RecordingSource(seen)
    which = {**chosen, "where": [*chosen["where"], *asked.where]}
    with Monitor(**which, events=["all"], source=source) as monitor:
        on.answer(asked, monitor.batches())
    for path in is_kept.empty():
        on.log("warning", f"--under: nothing of what was asked for is at or below {path!r}")
    if isinstance(asked, Undeclared):
        for mistake in asked.mistakes():
            on.log("warning", mistake)
    code = on.verdict()
    if isinstance(asked, Undeclared):
        if not asked.is_whole:
            on.log("warning", "there was no room for all files, so this may be wrong")
        return 1 if asked.found() or not asked.is_whole else code
    return code


class _Kept:
    """Whether a file is wanted; and at the end, below which of these directories there was none."""

    def __init__(self, under: Sequence[str], *, special: bool) -> None:
        self._keeps = keeps(under, special=special)
        self._empty = {f"{path.rstrip('/')}/": path for path in under}

    def __call__(self, file: str) -> bool:
        if not self._keeps(file):
            return False
        if self._empty:
            closed = f"{file}/"
            self._empty = {below: path for below, path in self._empty.items() if not closed.startswith(below)}
        return True

    def empty(self) -> list[str]:
        """In their order."""
        return [*self._empty.values()]


def _seen(inputs: Inputs, batches: Iterator[Batch]) -> Iterator[Batch]:
    """All of it is learned before it is chosen from."""
    for batch in batches:
        inputs.take(batch)
        yield batch


def declared_lines(path: str) -> list[str]:
    """Of a list of files. Raises UsageError."""
    hint = "a text file with a path on each line, or - for standard input"
    if not path:
        raise UsageError("no list is given to --undeclared-by", hint)
    try:
        data = standard_input("the list", hint) if path == "-" else Path(path).read_bytes()
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path!r}: {getattr(error, 'strerror', None) or error}", hint) from None
    return data.decode("utf-8", "surrogateescape").split("\n")
