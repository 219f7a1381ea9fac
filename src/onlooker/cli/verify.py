"""`onlooker verify`: a recording against a log of what was run."""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from ..answers.verify import Verify
from ..claims.log import FIELDS, read
from ..errors import PROGRAM, UsageError
from ..recordings.recording import Recording
from ..recordings.redact import RULES, Redactor
from . import recorded

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
    recorded.add_output(parser, EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    """Compare them. 0, or 1 if they differ or if something is missing; raises OnlookerError."""
    on = recorded.Asked(arguments)
    if not arguments.against:
        raise UsageError("no log is given", f"{PROGRAM} verify {arguments.file} --against LOG")
    if arguments.field == "":
        raise UsageError("no field is named", "--field command")
    recording = on.recording(arguments.file, Verify.events)
    log = read(_lines(arguments.against), arguments.field, _as_recorded(recording))
    manifest = recording.manifest
    asked = Verify(log, command=(manifest.command if manifest else None) or (), strict=arguments.strict)
    on.answer(asked, on.batches(recording, asked.events))
    code = on.verdict()
    return 1 if asked.differs else code


def _lines(path: str) -> list[str]:
    """Raises UsageError."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the log {path!r}: {reason}", "--against FILE, or - for standard input") from None
    except AttributeError:  # there is none
        raise UsageError("standard input is closed", "--against FILE") from None
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")


def _as_recorded(recording: Recording) -> Callable[[str], str]:
    """Without what was taken out of the recording."""
    names = recording.manifest.redacted if recording.manifest else ()
    if not names:
        return str
    # early recordings have the patterns themselves
    redactor = Redactor([name for name in names if name not in RULES and not re.fullmatch("pattern [0-9]+", name)])

    def change(text: str) -> str:
        return redactor.text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    return change
