"""`onlooker export`: a recording in the format of another tool."""

import argparse
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

from ..errors import PROGRAM, UsageError
from ..exports import FORMATS, NEEDS_A_FILE, Source, exporter
from ..output.writer import ClosedPipeError
from . import secrets
from .doubts import doubts
from .log import Log, say
from .messages import add_messages, log_of
from .newfile import new_file, wanted_file
from .opened import opened, tell_of, tell_of_damage
from .output import output_writer
from .parser import one_of
from .progress import Progress
from .shutdown import Shutdown

EPILOG = """\
examples:
  onlooker export build.onlook --format trace -o build.json
  onlooker export build.onlook --format parquet -o build.parquet
  onlooker export build.onlook --format in-toto -o build.intoto.json
  onlooker export build.onlook --format cyclonedx -o build.cdx.json
  onlooker export build.onlook --format json | jq .path

ui.perfetto.dev and chrome://tracing open a trace. A statement for in-toto is not signed: cosign and witness sign it.

What looks like a secret is taken out: values of --password, API_KEY=, tokens, ... A secret without such a form stays.

Exit code 0, or 1 if the recording is not complete.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what to write").add_argument
    add("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)} (needed)")
    add("-o", "--output", metavar="FILE", help="write FILE, with mode 0600 (default: -, standard output)")
    add("--force", action="store_true", help="write over FILE, if it is there")
    add("--no-digests", action="store_true", help="in-toto, cyclonedx: do not digest files that were only read")
    secrets.add_no_redact(parser)
    add_messages(parser.add_argument_group("messages"), "errors")


def run(arguments: argparse.Namespace) -> int:
    """Write it. 0, or 1 if it is not complete; raises OnlookerError."""
    log = log_of(arguments)
    if arguments.format is None:
        raise UsageError("no format is given", f"{PROGRAM} export {quote(arguments.file)} --format trace -o trace.json")
    form = one_of("format", arguments.format, FORMATS)
    redactor = secrets.redactor(arguments)
    target = _target(arguments, form)
    recording = opened(arguments.file)
    tell_of(recording, log)
    module = exporter(form)
    notes, absent, _ = doubts(recording, module.EVENTS)
    for note in notes:
        log("warning", note)
    progress = Progress(log)
    source = Source(
        recording,
        redactor=redactor,
        digests=not arguments.no_digests,
        notes=notes,
        absent=absent,
        progress=progress,
    )
    try:
        size = _export(module.export, source, target, form, log, force=arguments.force)
    finally:
        progress.end()
    tell_of_damage(recording, log)
    if size is not None:
        log.tell(f"wrote {size} bytes: {target}")
    log.tell(source.verdict)
    if not source.complete and not log.says("warning"):
        say(source.verdict)  # what the exit code means
    return 0 if source.complete else 1


def _target(arguments: argparse.Namespace, form: str) -> Path | None:
    """The file that is to be; None: standard output. Raises UsageError, before anything was done."""
    hint = f"{PROGRAM} export {quote(arguments.file)} --format {form} -o FILE"
    if arguments.output in (None, "-"):
        if form in NEEDS_A_FILE:
            raise UsageError(f"{form} needs a file", hint)
        return None
    if not arguments.output:
        raise UsageError("no file is given to -o", hint)
    return wanted_file(arguments.output, force=arguments.force)


def _export(
    export: Callable[[Source, Any], None], source: Source, target: Path | None, form: str, log: Log, *, force: bool
) -> int | None:
    """Returns how many bytes the file has, if it is one. Raises OnlookerError."""
    with Shutdown(_interrupt, log.tell) as shutdown:
        if target is None:
            writer = output_writer(None, shutdown, log, None)
            try:
                export(source, writer.write)
            except ClosedPipeError:
                _read_the_rest(source)
            return None
        with new_file(target, force=force) as (path, file):
            export(source, path if form in NEEDS_A_FILE else file.write)
            file.flush()
            return path.stat().st_size


def _read_the_rest(source: Source) -> None:
    """Nobody reads the output: what is said of it must still be true."""
    source.survey()


def _interrupt() -> None:
    """A signal ends it, and what was made until then is removed."""
    raise KeyboardInterrupt
