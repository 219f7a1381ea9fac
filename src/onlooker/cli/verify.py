"""`onlooker verify`: a recording against a log of what was run."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

from ..answers.verify import Verify
from ..claims.log import FIELDS, read
from ..errors import PROGRAM, UsageError
from ..recordings.processes import Processes
from ..recordings.recording import Recording
from ..recordings.redact import RULES, Redactor
from . import recorded, secrets
from .log import Log
from .opened import standard_input

EXAMPLES = """\
  onlooker verify agent.onlook --against commands.txt
  onlooker verify agent.onlook --against session.jsonl --field command
  onlooker verify install.onlook --against said.txt --strict
  grep -v '^#' said.txt | onlooker verify install.onlook --against -

The log has a command a line, as a shell takes it, or JSON lines. What a command of the log starts is explained by \
it. The recorded command itself need not be in the log.

Exit code 0: both have the same, and the recording is complete. 1: they differ, or something is missing.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("the log").add_argument
    add("--against", metavar="LOG", help="the log of what was run (-: standard input)")
    add(
        "--field",
        metavar="NAME",
        help=f"the field of JSON lines that has a command, wherever it is; a.b: b in a (default: {', '.join(FIELDS)})",
    )
    add("--strict", action="store_true", help="what a shell runs must be in the log, too, command by command")
    secrets.add_pattern(add, "take what matches this out of the log, as record did with the same option")
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """Compare them. 0, or 1 if they differ or if something is missing; raises OnlookerError."""
    on = recorded.Asked(arguments)
    if not arguments.against:
        raise UsageError("no log is given", f"{PROGRAM} verify {quote(arguments.file)} --against LOG")
    if arguments.field == "":
        raise UsageError("no field is named", "--field command")
    recording = on.recording(arguments.file, Verify.events)
    redactor = _redactor(recording, arguments.redact_pattern or (), on.log)
    log = read(_lines(arguments.against), arguments.field, _as_recorded(redactor))
    command = (recording.manifest and recording.manifest.command) or ()
    asked = Verify(log, command=command, strict=arguments.strict, table=Processes(recording))
    on.answer(asked, on.batches(recording, asked.events))
    code = on.verdict()
    return 1 if asked.differs else code


def _lines(path: str) -> list[str]:
    """Raises UsageError."""
    try:
        data = standard_input("the log", "--against FILE") if path == "-" else Path(path).read_bytes()
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the log {path!r}: {reason}", "--against FILE, or - for standard input") from None
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")


def _redactor(recording: Recording, patterns: Sequence[str], log: Log) -> Redactor | None:
    """Takes out of the log what was taken out of the recording. Raises UsageError."""
    names = recording.manifest.redacted if recording.manifest else ()
    if not names:
        Redactor(patterns)  # a mistake in one is told, whatever the recording is
        if patterns:
            log("warning", "nothing was taken out of the recording, so nothing is taken out of the log")
        return None
    own = [name for name in names if name not in RULES]
    unknown = [name for name in own if re.fullmatch("pattern [0-9]+", name)]
    if len(unknown) > len(patterns):
        log("warning", f"it was recorded with {len(unknown)} --redact-pattern, which verify must be given, too")
    # early recordings have the patterns themselves
    return Redactor([*(name for name in own if name not in unknown), *patterns])


def _as_recorded(redactor: Redactor | None) -> Callable[[str], str]:
    """A text of the log without secrets."""
    if redactor is None:
        return str

    def change(text: str) -> str:
        return redactor.text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    return change
