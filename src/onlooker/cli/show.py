"""`onlooker show`: what a recording is, or the life of one process of it."""

import argparse
from collections.abc import Sequence
from shlex import quote

from ..answers.page import listed
from ..answers.show import Candidates, Listed, Show
from ..enrich.cgroups import Cgroups
from ..errors import PROGRAM, UsageError
from ..escaping import escape
from ..events import DEFAULT_EVENTS, TASK_EVENTS, WANTED_REASONS
from ..filters import HIGHEST_PID
from ..filters.links import places_of
from ..recordings.process import ProcessRecord
from . import recorded
from .doubts import tell_of_doubts
from .facts import Facts
from .opened import tell_of_damage
from .parser import number

EXAMPLES = """\
  onlooker show build.onlook
  onlooker show build.onlook 4711
  onlooker show build.onlook make
  onlooker show build.onlook cc1 --index 3
  onlooker show build.onlook /usr/bin/make
  onlooker show build.onlook 4711 --output-format json

Without PID it shows what was recorded, when, by which version, with which options, and how many events of each kind.
If several processes have that name, it lists them; if an id was used again, it shows them all.
"""
_NAMES_WIDTH = 66  # columns of names that there are
LATE = "process"  # may also stand behind options
MOST_SHOWN = 100  # with one id


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.add_argument("file", metavar="FILE", help="the recording")
    parser.add_argument(
        "process",
        metavar="PID",
        nargs="?",
        help="the process's id, or its name, or the name or path of a program that it executed",
    )
    add = parser.add_argument_group("which of several").add_argument
    add("--index", metavar="N", help="the one with that place in the order of their starts: 1, 2, ...")
    add("--start", metavar="NS", help="the one that started then: start_ns, in nanoseconds since boot")
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """The life, or what the recording is. 0, or 1 if it is not complete; raises OnlookerError."""
    on = recorded.Asked(arguments)
    index = number("place", arguments.index, least=1) if arguments.index is not None else None
    start = number("start", arguments.start) if arguments.start is not None else None
    wanted = arguments.process
    if wanted is None:
        if index is not None or start is not None:
            option = "--index" if index is not None else "--start"
            raise UsageError(f"{option} is for a process", f"{PROGRAM} show {quote(arguments.file)} PID {option} N")
        recording = on.recording(arguments.file)
        tell_of_doubts(recording, tuple(TASK_EVENTS), on.log)
        return recorded.ask(Facts(recording), on, recording)
    if not wanted:
        raise UsageError("no process is given", f"{PROGRAM} show build.onlook 4711")
    if wanted.isascii() and wanted.isdigit() and (len(wanted) > len(str(HIGHEST_PID)) or int(wanted) > HIGHEST_PID):
        raise UsageError(f"not a process id: {wanted!r}", f"a number up to {HIGHEST_PID}, or a name")
    recording = on.recording(arguments.file, DEFAULT_EVENTS)
    is_command = bool(recording.manifest and recording.manifest.command)
    also = _other_names(wanted) if recorded.is_of_this_machine(recording) else ()
    candidates = Candidates(wanted, recording, also=also)
    lost = 0
    for batch in recording.batches():
        candidates.take(batch)
        lost += sum(loss.reason not in WANTED_REASONS for loss in batch.lost())
    found = candidates.found()
    if not found:
        tell_of_damage(recording, on.log)
        raise _unknown(arguments.file, wanted, candidates, is_whole=not lost)
    chosen = _chosen(wanted, found, index, start)
    if len(chosen) > (1 if candidates.pid is None else MOST_SHOWN):
        on.answer(Listed(candidates, chosen, is_command=is_command), ())
        hint = f"{PROGRAM} show {quote(arguments.file)} {chosen[0].pid}, or --index 1"
        raise UsageError(f"{len(chosen)} processes are called {wanted!r}", hint)
    user = recorded.user_of(recording)
    if recorded.is_of_this_boot(recording):
        asked = Show(candidates, chosen, user=user, cgroup=Cgroups().name, is_command=is_command)
    else:
        asked = Show(candidates, chosen, user=user, is_command=is_command)
    return recorded.ask(asked, on, recording)


def _other_names(path: str) -> list[str]:
    """The same path by other names of its directory, as of /bin/make /usr/bin/make."""
    directory, _, name = path.rpartition("/")
    return [f"{each.rstrip('/')}/{name}" for each in places_of(directory or "/")] if path.startswith("/") else []


def _unknown(file: str, wanted: str, candidates: Candidates, *, is_whole: bool) -> UsageError:
    """With the names that there are."""
    said = f"the recording has no process {wanted!r}{'' if is_whole else ', but it is not complete'}"
    names = candidates.names() if candidates.pid is None else []
    if not names:
        return UsageError(said, f"{PROGRAM} tree {quote(file)}")
    return UsageError(said, f"it has {listed([escape(name) for name in names], _NAMES_WIDTH)}")


def _chosen(wanted: str, found: Sequence[ProcessRecord], index: int | None, start: int | None) -> list[ProcessRecord]:
    """Raises UsageError where there is none."""
    if start is not None:
        found = [each for each in found if each.start_ns == start]
        if not found:
            raise UsageError(f"no process {wanted!r} started at {start}", "leave out --start to see all of them")
    if index is not None:
        if index > len(found):
            raise UsageError(f"there are only {len(found)} such processes", f"--index 1 to --index {len(found)}")
        found = found[index - 1 : index]
    return list(found)
