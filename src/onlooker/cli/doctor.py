"""`onlooker doctor`: what this kernel and this user can do."""

import argparse

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
        show(text(found))
    return 0 if found.able else 3


def text(found: Diagnosis) -> str:
    """For a person."""
    lines = []
    for check in found.checks:
        lines.append(f"{check.status:<8} {check.name:<17} {check.result}")
        if check.cost:
            lines.append(f"{'':<26} cost: {check.cost}")
        if check.remedy:
            lines.append(f"{'':<26} remedy: {check.remedy}")
    if found.attached:
        lines.append("\nhow each event is observed here:")
    for events, chosen in grouped(found.attached):
        if len(events) > 8:  # on a separate line, to keep the columns
            lines.append(events)
            events = ""
        lines.append(f"{events:<8} {chosen.purpose:<17} {chosen.method}: {', '.join(chosen.programs)}")
        lines.append(f"{'':<26} because: {chosen.why}")
        if chosen.blind:
            lines.append(f"{'':<26} does not see: {chosen.blind}")
    lines.append("\nonlooker can watch this machine" if found.able else "\nonlooker can't watch this machine")
    return "\n".join(lines) + "\n"
