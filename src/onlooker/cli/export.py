"""`onlooker export`: a recording in the format of another tool."""

import argparse
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import PROGRAM, OutputError, UsageError
from ..exports import FORMATS, NEEDS_A_FILE, Source, exporter
from ..output.file import OpenError
from ..output.writer import ClosedPipeError
from ..recordings.recording import Recording
from ..recordings.redact import Redactor
from .log import LEVELS, Log, say
from .output import output_writer
from .parser import one_of
from .recorded import doubts
from .replay import tell_of
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
PATIENCE_SECONDS = 1.0  # until what takes long says how far it is
_STEP_SECONDS = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what to write").add_argument
    add("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)} (needed)")
    add("-o", "--output", metavar="FILE", help="write FILE, with mode 0600 (default: -, standard output)")
    add("--force", action="store_true", help="write over FILE, if it is there")
    add("--no-digests", action="store_true", help="in-toto, cyclonedx: do not digest files that were only read")
    add = parser.add_argument_group("secrets").add_argument
    add("--no-redact", action="store_true", help="leave in what looks like a secret")
    add("--redact-pattern", metavar="REGEX", action="append", help="take out what matches this, too; may be repeated")
    add = parser.add_argument_group("messages").add_argument
    add("-q", "--quiet", action="store_true", help="print only errors, whatever --log-level says")
    add("--log-level", metavar="LEVEL", default="warning", help=f"{', '.join(LEVELS)} (default: warning)")


class Progress:
    """A line on a terminal that says how far it is, once it takes long."""

    def __init__(self, log: Log) -> None:
        shows = log.says("warning") and sys.stderr is not None and sys.stderr.isatty()
        self._due = time.monotonic() + PATIENCE_SECONDS if shows else float("inf")
        self._is_shown = False

    def __call__(self, text: str) -> None:
        """Show it, if it is time for that."""
        now = time.monotonic()
        if now >= self._due:
            self._due, self._is_shown = now + _STEP_SECONDS, True
            self._write(f"\r\x1b[Konlooker: {text} ...")

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._is_shown = False
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), text.encode())


def run(arguments: argparse.Namespace) -> int:
    """Write it. 0, or 1 if it is not complete; raises OnlookerError."""
    log = Log("error" if arguments.quiet else one_of("log level", arguments.log_level, LEVELS))
    if arguments.format is None:
        raise UsageError("no format is given", f"{PROGRAM} export {arguments.file} --format trace -o trace.json")
    form = one_of("format", arguments.format, FORMATS)
    if arguments.no_redact and arguments.redact_pattern:
        raise UsageError("--no-redact and --redact-pattern contradict each other", "leave out --no-redact")
    redactor = None if arguments.no_redact else Redactor(arguments.redact_pattern or ())
    target = _target(arguments, form)
    recording = Recording(arguments.file)
    tell_of(recording, log)
    module = exporter(form)
    notes, lacks_events = doubts(recording, module.EVENTS)
    for note in notes:
        log("warning", note)
    progress = Progress(log)
    source = Source(recording, redactor=redactor, digests=not arguments.no_digests, notes=notes, progress=progress)
    try:
        size = _export(module.export, source, target, form, log, force=arguments.force)
    finally:
        progress.end()
    if size is not None:
        log.tell(f"wrote {size} bytes: {target}")
    log.tell(source.verdict)
    if not source.complete and not log.says("warning"):
        say(source.verdict)  # what the exit code means
    return 0 if source.complete and not lacks_events else 1


def _target(arguments: argparse.Namespace, form: str) -> Path | None:
    """The file that is to be; None: standard output. Raises UsageError, before anything was done."""
    if arguments.output in (None, "-"):
        if form in NEEDS_A_FILE:
            raise UsageError(f"{form} needs a file", f"{PROGRAM} export {arguments.file} --format {form} -o FILE")
        return None
    if not arguments.output:
        raise UsageError("no file is given to -o", f"{PROGRAM} export {arguments.file} --format {form} -o FILE")
    path = Path(arguments.output)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # it is said where it is made
        return path
    if not stat.S_ISREG(mode):
        raise UsageError(f"{str(path)!r} is there, and no file", f"-o -, or another file: -o FILE.{form}")
    if not arguments.force:
        raise UsageError(f"{str(path)!r} is there already", f"write over it: --force -o {path}")
    return path


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
        try:
            with _replacing(target, force=force) as (path, file):
                export(source, path if form in NEEDS_A_FILE else file.write)
                file.flush()
                os.fsync(file.fileno())
                return path.stat().st_size
        except OSError as error:
            name = str(target)
            raise OutputError(OSError(error.errno, error.strerror or str(error), name)) from error


def _read_the_rest(source: Source) -> None:
    """Nobody reads the output: what is said of it must still be true."""
    source.survey()


def _interrupt() -> None:
    """A signal ends it, and what was made until then is removed."""
    raise KeyboardInterrupt


@contextmanager
def _replacing(target: Path, *, force: bool) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside it, which takes its name at the end, or goes."""
    try:
        final = Path(os.path.realpath(target))  # a link stays one
        temporary = final.with_name(f".{final.name[:200]}.{os.urandom(4).hex()}.tmp")
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OpenError(OSError(getattr(error, "errno", 0) or 0, reason, str(target))) from error
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 16) as file:
            yield temporary, file
        _take_its_name(temporary, final, target, force=force)
    finally:
        temporary.unlink(missing_ok=True)


def _take_its_name(temporary: Path, final: Path, target: Path, *, force: bool) -> None:
    if force:
        temporary.replace(final)
        return
    try:
        os.link(temporary, final)  # fails where somebody else has made it meanwhile
    except FileExistsError:
        raise UsageError(f"{str(target)!r} is there already", f"write over it: --force -o {target}") from None
    except OSError:  # a file system without hard links
        temporary.replace(final)
