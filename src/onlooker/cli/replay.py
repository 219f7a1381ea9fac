"""`onlooker replay`: a recording, through the filters and formats of `onlooker watch`."""

import argparse
from typing import Any

from msgspec.structs import replace

from ..enrich.users import Users
from ..errors import UsageError
from ..events.alert import Alert
from ..monitor import Monitor
from ..output import FORMATS, formatter
from ..output.sink import LineSink
from ..recordings.recording import Recording
from ..recordings.source import RecordingSource
from ..records.fold import ContextLines
from ..summary import End, Summary
from .doubts import doubts, tell_of_context, tell_of_doubts
from .messages import add_messages, log_of
from .opened import opened, tell_of, tell_of_damage
from .options import add_context, add_rules, add_wanted, asks_for_events, context, wanted, with_rules
from .output import output_writer
from .parser import duration, number, one_of
from .session import WatchSession
from .shutdown import Shutdown

INTERRUPTED = 130
EPILOG = """\
examples:
  onlooker replay build.onlook
  onlooker replay build.onlook --failed --output-format table
  onlooker replay build.onlook --where "file under '/etc'"
  onlooker replay build.onlook --speed 1
  onlooker replay build.onlook --rules shipped

Without --events it shows all that was recorded.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="the recording")
    add_wanted(parser, default="all", live=False)
    add_rules(parser, "without --events and the like, only alerts are shown")
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    add_context(add, live=False)
    add("--names", action="store_true", help="show users by name, in text and in the table: this machine's")
    add("--speed", metavar="N", help="as fast as it happened (1), twice as fast (2), ... (default: all at once)")
    add("-o", "--output", metavar="FILE", help="append the events to FILE (default: -, standard output)")
    add_messages(how, "events and errors")
    end = parser.add_argument_group("when to stop (default: at its end)")
    end.add_argument("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    end.add_argument("--count", metavar="N", help="stop after this many events")


class ReplaySession(WatchSession):
    """Says nothing at its begin. What is not written is not lost: the recording has it. 130 where it was interrupted
    before all was read or written.
    """

    absent: tuple[str, ...] = ()  # what was asked for, and not recorded

    def __init__(self, recording: Recording, source: RecordingSource, *given: Any, **limits: Any) -> None:
        super().__init__(*given, **limits)
        self._recording, self._source = recording, source

    def exit_code(self) -> int:
        """130 where it was interrupted."""
        code = super().exit_code()
        return INTERRUPTED if self.summary and self.summary.end is End.INTERRUPTED else code

    def _announce(self) -> None:
        pass

    def _conclude(self) -> None:
        tell_of_damage(self._recording, self._log)

    def _sum_up(self, end: End, cause: str) -> Summary:
        found = super()._sum_up(end, cause)
        if end is End.DROPPED or (end is End.ASKED and self._shutdown.is_interrupted and self._source.is_cut_short):
            end = End.INTERRUPTED
        return replace(found, end=end, absent=self.absent, unwritten=found.unwritten if end is End.ASKED else 0)


def speed(text: str) -> float:
    """How many times as fast as it happened. Raises UsageError."""
    if not text.replace(".", "", 1).isdigit() or not text.isascii() or not 0 < float(text) < float("inf"):
        raise UsageError(f"not a speed: {text!r}", "more than 0: --speed 1 for as fast as it happened, --speed 10")
    return float(text)


def run(arguments: argparse.Namespace) -> int:
    """Show it. 0, or 1 if it is not complete; raises OnlookerError."""
    log = log_of(arguments)
    one_of("output format", arguments.output_format, FORMATS)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    count = number("count", arguments.count, least=1) if arguments.count is not None else None
    recording = opened(arguments.file)
    batches = recording.batches(context=True)
    source = RecordingSource(batches, speed=speed(arguments.speed) if arguments.speed is not None else 0)
    which = with_rules(arguments, wanted(arguments, default="all"), log)
    if arguments.events is None:  # all that was recorded; or what the rules find, and nothing else
        which["events"] = ["all", Alert.event] if asks_for_events(arguments) or not arguments.rules else None
    monitor = Monitor(**which, context=context(arguments), source=source)
    known = ContextLines(monitor.context) if monitor.context else None
    tell_of(recording, log)
    tell_of_doubts(recording, monitor.filter.events, log)
    tell_of_context(recording, (*monitor.context, *monitor.filter.asked_context), log)
    shutdown = Shutdown(monitor.stop, log.tell)
    writer = output_writer(arguments.output, shutdown, log, None)
    user = Users().name if arguments.names else None
    with shutdown:
        sink = LineSink(
            formatter(arguments.output_format, writer.descriptor, user, known, is_recorded=True), writer, known
        )
        session = ReplaySession(recording, source, monitor, sink, shutdown, log, count=count, duration=seconds)
        if arguments.events is not None:  # else it is for all that was recorded
            session.absent = tuple(doubts(recording, monitor.filter.events).absent)
        return session.exit_code()
