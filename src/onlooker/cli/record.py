"""`onlooker record`: what happens, into a recording."""

import argparse
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ..errors import PROGRAM, ExtraError, OutputError, UsageError
from ..events import UNCOUNTED
from ..follow import Relay, exit_code
from ..monitor import Monitor
from ..output.writer import Writer
from ..recordings.database import has_database
from ..recordings.manifest import End, Manifest, now, time_of
from ..recordings.nearest import SUFFIX
from ..recordings.recording import Recording
from ..recordings.redact import Redactor
from ..recordings.seal import Sealer
from ..recordings.segments import bytes_of
from ..recordings.writer import ExistsError, RecordingWriter
from ..records import Batch
from ..summary import End as Reason
from ..summary import Summary
from . import secrets
from .check import FORMATS, add_fail_on, any_of, check
from .facts import size_of
from .log import Log
from .messages import add_messages, log_of
from .newfile import check_parent
from .options import (
    add_command,
    add_context,
    add_rules,
    add_wanted,
    command,
    context,
    follow_trees,
    note_doubts,
    wanted,
    with_rules,
)
from .parser import duration, one_of, size
from .session import WatchSession
from .shutdown import Shutdown
from .tuning import add_tuning, tuning
from .watch import explained

TAKES_COMMAND = True
LEAST_SIZE = 1 << 20
_MOST_ALIKE = 100
EPILOG = """\
examples:
  onlooker record -- make
  onlooker record -o build.onlook -- make -j4
  onlooker record -o day.onlook --max-size 1G --events exec,exit
  onlooker tree build.onlook
  onlooker replay build.onlook --failed

A recording is a directory, which only you can read. It holds the events, what was asked for, and whether it is \
complete. It can be read while it is written.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    where = parser.add_argument_group("where to record")
    add = where.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="make the recording FILE, which must not be there yet (default: NAME-TIME.onlook, by the command)",
    )
    add("--max-size", metavar="SIZE", help="remove the oldest events where the recording gets larger: 100M, 1G")
    add("--keep", metavar="TIME", help="remove events when they are older than this: 10m, 24h")
    add("--no-seal", action="store_true", help="write only the log: less work, more room, and SQL takes longer")
    secrets.add_redact(add)
    add_wanted(parser, default="all")
    add_context(add)
    add_rules(parser, "alerts are recorded behind their events")
    add_command(parser)
    fail = parser.add_argument_group("what must not happen")
    add_fail_on(fail.add_argument)
    fail.add_argument(
        "--output-format",
        metavar="FORMAT",
        default="text",
        help=f"how --fail-on shows what matches, on standard error: {', '.join(FORMATS)} (default: text)",
    )
    how = parser.add_argument_group("messages")
    add_messages(how, "errors")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C, or when all has ended that is followed)")
    end.add_argument("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    add_tuning(parser)


class RecordingSink:
    """A recording as what a session writes to."""

    def __init__(self, writer: RecordingWriter, log: Log) -> None:
        self.writer = writer
        self._log = log

    @property
    def unwritten(self) -> Batch | None:
        """Of the last batch, what did not arrive."""
        return self.writer.unwritten

    def write(self, batch: Batch) -> None:
        """All of it. Raises OutputError."""
        self.writer.write(batch)

    def write_head(self) -> None:
        """The threads that keep it begin with the rights that are left."""
        try:
            self.writer.start()
        except RuntimeError as error:
            self._log("warning", f"what is recorded is made to last only at the end: {error}")

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def check_reader(self) -> None:
        """Nobody need read it; but raises OutputError where it can't be kept."""
        self.writer.check()

    def reader_gone(self) -> dict[int, int]:
        """Nothing."""
        return {}


class RecordSession(WatchSession):
    """Records, and says at the end how much that is, and whether it is all."""

    def __init__(self, monitor: Monitor, writer: RecordingWriter, shutdown: Shutdown, log: Log, **limits: Any) -> None:
        super().__init__(monitor, RecordingSink(writer, log), shutdown, log, **limits)
        self._writer = writer
        self._unfinished: OutputError | None = None
        self._sealing_since = 0.0
        self._has_told_of_seals = False

    def _announce(self) -> None:
        began, _ = self.monitor.span
        self._writer.begin(time_of(began.wall_ns))
        log = self._log
        if self.monitor.command:
            log("info", f"recording into {self._writer.path}")
        else:
            log.tell(f"recording into {self._writer.path}; Ctrl-C ends it")

    def exit_code(self) -> int:
        """1, too, if the recording could not be finished, and then that is raised, once the command has ended."""
        code = super().exit_code()
        if self._unfinished:
            raise self._unfinished
        return code

    def _conclude(self) -> None:
        """Its last words. Where it could not be written, they can't be either."""
        assert self.summary
        command = self.monitor.command
        code = None
        if command and self._relay:
            self._relay.look()
            code = exit_code(command) if command.is_over else None
        _, ended = self.monitor.span
        end = End.of(self.summary, time_of(ended.wall_ns, is_end=True), code)
        try:
            self._writer.finish(replace(self._writer.manifest, end=end), self._waits_for_seals)
        except OutputError as error:
            if self.summary.end is not Reason.UNWRITTEN:  # else it is told already
                self._unfinished = error
        if self._writer.unsealed:
            self._log("warning", f"not all is sealed, and stays a log: {self._writer.unsealed}")

    def _waits_for_seals(self, left: int) -> bool:
        """While segments are sealed at the end; a second Ctrl-C leaves them as logs. A command may still run."""
        if self._relay:
            self._relay.look()
        self._shutdown.remind()
        self._sealing_since = self._sealing_since or time.monotonic()
        if left and not self._has_told_of_seals and time.monotonic() - self._sealing_since > 1:
            self._has_told_of_seals = True
            segments = f"{left} segment{'' if left == 1 else 's'}"
            self._log.tell(f"sealing {segments}; Ctrl-C twice leaves them as they are, which can be read, too")
        return not self._shutdown.is_dropped

    def _sum(self, summary: Summary) -> list[str]:
        path = self._writer.path
        total = sum(count for name, count in summary.shown.items() if name not in UNCOUNTED)
        first = f"recorded {total} event{'' if total == 1 else 's'} in {summary.seconds:.1f} s"
        verdict = "incomplete: its end could not be written" if self._unfinished else summary.verdict
        if rotated := self._writer.manifest.rotated:
            verdict += f"; the oldest {rotated} events were removed"
        return [f"{first}: {path} ({size_of(bytes_of(self._writer.place))})", verdict]


def _writer(arguments: argparse.Namespace, manifest: Manifest, **how: Any) -> RecordingWriter:
    """In the directory that was named, or in one that is not there yet."""
    if arguments.output is not None:
        if arguments.output in ("", "-"):
            raise UsageError("a recording is a directory, not a stream", f"{PROGRAM} record -o build{SUFFIX} -- make")
        check_parent(arguments.output)
        return RecordingWriter(Path(arguments.output), manifest, **how)
    name = Path(arguments.command[0]).name if arguments.command else "onlooker"
    begin = f"{name or 'onlooker'}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(2, _MOST_ALIKE):  # others may have begun in the same second
        with suppress(ExistsError):
            return RecordingWriter(Path(f"{begin}{SUFFIX}"), manifest, **how)
        begin = f"{begin.removesuffix(f'-{number - 1}')}-{number}"
    return RecordingWriter(Path(f"{begin}{SUFFIX}"), manifest, **how)


def _sealer(writer: RecordingWriter, log: Log) -> Sealer | None:
    """Loaded while there is every right to do so."""
    if not has_database():
        return None
    made = Sealer(writer.place)
    try:
        made.prepare()
    except ExtraError as error:
        log("warning", f"it stays a log: {error}")
        return None
    return made


def _settings(arguments: argparse.Namespace, which: dict[str, Any], redact: Redactor | None) -> dict[str, Any]:
    """What was asked for, without what is as usual."""
    left_out = {"command", "user", "detach"}
    own = {name: getattr(arguments, name) for name in ("max_size", "keep", "no_seal", "rules")}
    which = {**which, **own, "redact": redact is not None}
    return {name: value for name, value in which.items() if name not in left_out and value not in (None, (), [], False)}


def run(arguments: argparse.Namespace) -> int:
    """Record until the end. 0, or 1 if events were lost or not written; a command's own; raises OnlookerError. With
    --fail-on 1, too, if something matches or is missing.
    """
    log = log_of(arguments)
    form = one_of("output format", arguments.output_format, FORMATS)
    any_of(arguments.fail_on or ())
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    most = _most(arguments.max_size) if arguments.max_size is not None else None
    keep = duration(arguments.keep) if arguments.keep is not None else None
    which = {**wanted(arguments, default="all"), **command(arguments), **tuning(arguments)}
    which["context"] = context(arguments)
    monitor = Monitor(**with_rules(arguments, which, log), least_rights=True)
    follow_trees(monitor, arguments)
    if arguments.explain:
        print(*explained(monitor), sep="\n")
        return 0
    note_doubts(arguments, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    relay = Relay(monitor.command) if monitor.command else None
    redact = secrets.redactor(arguments)
    manifest = _manifest(arguments, which, redact)
    writer = _writer(arguments, manifest, most_bytes=most, keep_seconds=keep, redact=redact)
    try:
        writer.seal = None if arguments.no_seal else _sealer(writer, log)
        session = RecordSession(monitor, writer, shutdown, log, duration=seconds, relay=relay)
        with shutdown, relay or nullcontext():
            try:
                code = session.exit_code()
            finally:
                if session.summary is None:  # it has never begun
                    writer.discard()
        if not arguments.fail_on:
            return code
        return check(Recording(writer.place), arguments.fail_on, form, log, _standard_error) or code
    finally:
        writer.close()


def _standard_error(shutdown: Shutdown) -> Writer:
    if sys.stderr is None:
        raise UsageError("standard error is closed", f"{PROGRAM} record --fail-on EXPR 2> matches.txt -- COMMAND")
    return Writer(sys.stderr.fileno(), shutdown.gives_up)


def _manifest(arguments: argparse.Namespace, which: dict[str, Any], redact: Redactor | None) -> Manifest:
    made = Manifest.new(start=now(), command=arguments.command, settings=_settings(arguments, which, redact))
    return redact.manifest(made) if redact else made


def _most(text: str) -> int:
    found = size(text)
    if found < LEAST_SIZE:
        raise UsageError(f"too small a size: {text!r}", "1M or more: --max-size 100M")
    return found
