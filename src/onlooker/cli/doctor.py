"""`onlooker doctor`: what this kernel and this user can do."""

import argparse
import shutil
import textwrap

import msgspec

from ..doctor import Diagnosis, diagnose
from ..probe.source import grouped
from .log import show
from .parser import one_of

FORMATS = ("text", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One option."""
    parser.add_argument(
        "--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the diagnosis. 0 if the main job can run, 3 if not."""
    one_of("output format", arguments.output_format, FORMATS)
    found = diagnose()
    if arguments.output_format == "json":
        show(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        show(text(found, shutil.get_terminal_size((80, 24)).columns))
    return 0 if found.able else 3


INDENT = 27  # of what is told in the third column
_NARROWEST = 20  # for that column


def _wrapped(line: str, width: int | None) -> list[str]:
    """The lines of one that is too long, the rest in the third column."""
    if width is None or len(line) <= width:
        return [line]
    indent = " " * (INDENT if width >= INDENT + _NARROWEST else 2)
    if line.partition(" ")[0].endswith(","):  # names of events
        indent = ""
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def text(found: Diagnosis, width: int | None = None) -> str:
    """For a person; no line is longer than `width` if words can be kept whole."""
    return "".join(f"{short}\n" for line in _lines(found) for short in _wrapped(line, width) or [""])


def _lines(found: Diagnosis) -> list[str]:
    lines = []
    for check in found.checks:
        lines.append(f"{check.status:<8} {check.name:<17} {check.result}")
        if check.cost:
            lines.append(f"{'':<26} cost: {check.cost}")
        if check.remedy:
            lines.append(f"{'':<26} remedy: {check.remedy}")
    if found.attached:
        lines += ["", "how each event is observed here:"]
    for events, chosen in grouped(found.attached):
        if len(events) > 8:  # on a separate line, to keep the columns
            lines.append(events)
            events = ""
        lines.append(f"{events:<8} {chosen.purpose:<17} {chosen.method}: {', '.join(chosen.programs)}")
        lines.append(f"{'':<26} because: {chosen.why}")
        if chosen.blind:
            lines.append(f"{'':<26} does not see: {chosen.blind}")
    return [*lines, "", "onlooker can watch this machine" if found.able else "onlooker can't watch this machine"]
