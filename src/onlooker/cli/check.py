"""`onlooker check`: whether something is in a recording that must not be."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from shlex import quote

from ..errors import PROGRAM, UsageError
from ..events import ASKED_EVENTS, TASK_EVENTS, UNCOUNTED, WANTED_REASONS
from ..events.alert import Alert
from ..filters.necessary import necessary
from ..filters.parse import parse
from ..filters.where import Asked
from ..monitor import Monitor
from ..output import FORMATS as LINES
from ..output import formatter
from ..output.github import GitHubFormatter
from ..output.sink import LineSink
from ..output.writer import ClosedPipeError, Writer
from ..recordings.recording import Recording
from ..recordings.source import RecordingSource
from ..records import Batch
from ..summary import End, Summary
from .doubts import doubts, tell_of_context
from .log import Log, say
from .messages import add_messages, log_of
from .opened import opened, tell_of
from .output import output_writer
from .parser import one_of
from .replay import ReplaySession
from .shutdown import Shutdown

FORMATS = (*LINES, "github")
EPILOG = """\
examples:
  onlooker check build.onlook --fail-on "path endswith '/curl'"
  onlooker check build.onlook --fail-on "file under '/etc'"
  onlooker check build.onlook --fail-on "signal exists"

Exit code 0: nothing matches, and the recording is complete. 1: something matches, or something is missing that could \
match: it was lost, left out by the options of the recorder, removed, or is not written yet.
"""


def add_fail_on(add: Callable[..., object]) -> None:
    """Declare the option."""
    add(
        "--fail-on",
        metavar="EXPR",
        action="append",
        help="exit with 1 if an event matches this expression, and show it; repeat it for more that must not be",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what must not be in it").add_argument
    add_fail_on(add)
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    add("-o", "--output", metavar="FILE", help="append what matches to FILE (default: -, standard output)")
    add_messages(how, "what matches and errors")


def any_of(expressions: Sequence[str]) -> str:
    """One expression that holds where one of them does. Raises UsageError for one that makes no sense."""
    for each in expressions:
        Asked(where=each).expression(tuple(ASKED_EVENTS))
    return " or ".join(f"({each})" for each in expressions)


class CheckSink(LineSink):
    """Where nobody reads what matches, it is still counted: the exit code says what is in the recording."""

    _is_read = True

    def write(self, batch: Batch) -> None:
        """Like `LineSink.write`, for as long as somebody reads."""
        if self._is_read:
            try:
                super().write(batch)
            except ClosedPipeError:
                self._is_read, self.unwritten = False, None

    def write_head(self) -> None:
        """Like `LineSink.write_head`."""
        with suppress(ClosedPipeError):
            super().write_head()

    def check_reader(self) -> None:
        """Nobody need read it."""

    def reader_gone(self) -> dict[int, int]:
        """Nothing."""
        return {}


class CheckSession(ReplaySession):
    """Shows what matches. `is_partial`: the recording can't have all that could match."""

    found = 0
    is_partial = False

    def exit_code(self) -> int:
        """1 if something matches, too, or if nothing is proven; 130 where it was interrupted."""
        return super().exit_code() or int(self.found > 0 or self.is_partial)

    def _sum(self, summary: Summary) -> list[str]:
        self.found = sum(count for name, count in summary.shown.items() if name not in UNCOUNTED)
        self.is_partial |= any(reason in WANTED_REASONS for _, reason in summary.lost)
        matches = (
            f"{self.found} event{' matches' if self.found == 1 else 's match'}" if self.found else "nothing matches"
        )
        if summary.end is End.INTERRUPTED:
            matches += " in what was read; that proves nothing of the rest"
        elif not self.found and (self.is_partial or not summary.complete):
            matches += " in what was recorded; that proves nothing of the rest"
        return [matches, self._verdict(summary)]

    def _verdict(self, summary: Summary) -> str:
        if not self.is_partial or not summary.complete:
            return summary.verdict
        return f"incomplete: only a part of what happened was recorded{summary.verdict.removeprefix('complete')}"

    def _tell_the_verdict(self) -> None:
        super()._tell_the_verdict()
        if self.summary and self.summary.complete and self.is_partial and not self._log.says("warning"):
            say(self._verdict(self.summary))  # what the exit code means


def lacks(recording: Recording, expressions: Sequence[str], log: Log) -> bool:
    """Say what the recording has not of all that happened, and whether that could match one of the expressions."""
    where = parse(any_of(expressions))
    asked = [event for event in TASK_EVENTS if necessary(where, event) is not False]
    found = doubts(recording, asked)
    for note in found.notes:
        log("warning", note)
    # what was over the --rate is reported as lost
    return recording.is_being_written or bool(found.absent or {*found.narrowed} - {"--rate"})


def check(
    recording: Recording,
    expressions: Sequence[str],
    form: str,
    log: Log,
    make_writer: Callable[[Shutdown], Writer],
    *,
    is_partial: bool = False,
) -> int:
    """Show what matches one of them. 1 if something does, or if something is missing or `is_partial`; else 0."""
    where = any_of(expressions)
    source = RecordingSource(recording.batches(context=True))
    monitor = Monitor(events=["all", Alert.event], threads=True, where=where, source=source)
    tell_of_context(recording, monitor.filter.asked_context, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    writer = make_writer(shutdown)
    lines = (
        GitHubFormatter("onlooker --fail-on")
        if form == "github"
        else formatter(form, writer.descriptor, is_recorded=True)
    )
    with shutdown:
        session = CheckSession(recording, source, monitor, CheckSink(lines, writer), shutdown, log)
        session.is_partial = is_partial
        return session.exit_code()


def run(arguments: argparse.Namespace) -> int:
    """0, or 1 if something matches or is missing; raises OnlookerError."""
    log = log_of(arguments)
    form = one_of("output format", arguments.output_format, FORMATS)
    if not arguments.fail_on:
        example = "\"event == 'exec' and path endswith '/curl'\""
        raise UsageError("no expression is given", f"{PROGRAM} check {quote(arguments.file)} --fail-on {example}")
    any_of(arguments.fail_on)
    recording = opened(arguments.file)
    tell_of(recording, log)
    return check(
        recording,
        arguments.fail_on,
        form,
        log,
        lambda shutdown: output_writer(arguments.output, shutdown, log, None),
        is_partial=lacks(recording, arguments.fail_on, log),
    )
