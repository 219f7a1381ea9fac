"""What the commands that answer a question have in common: `who`, `denied`, `missing`, `reads`, `writes`."""

import argparse
import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from ..answers import Answer
from ..answers.formatter import FORMATS, AnswerFormatter
from ..answers.page import Page
from ..errors import UsageError
from ..follow import Relay
from ..monitor import Monitor
from ..output.sink import LineSink
from ..output.writer import Writer
from ..summary import Summary
from .log import Log
from .messages import add_messages, log_of
from .options import add_command, add_some, command, follow_trees, note_doubts, some
from .output import output_writer
from .parser import duration, one_of
from .session import WatchSession
from .shutdown import Shutdown
from .tuning import add_tuning, tuning


class AnswerSession(WatchSession):
    """Prints the answer when the watching has ended, and behind it whether it is all."""

    def __init__(
        self,
        monitor: Monitor,
        answer: AnswerFormatter,
        writer: Writer,
        shutdown: Shutdown,
        log: Log,
        duration: float | None,
        waits_for: str,
        look: Callable[[], None],
        relay: Relay | None,
    ) -> None:
        super().__init__(monitor, LineSink(answer, writer), shutdown, log, duration=duration, relay=relay)
        self._answer, self._writer, self._waits_for, self._look = answer, writer, waits_for, look

    def _started(self) -> None:
        super()._started()
        self._look()

    def _announce(self) -> None:
        if self.monitor.command:
            self._log("info", f"watching for {self._waits_for}")
        else:
            self._log.tell(f"watching for {self._waits_for}…; Ctrl-C ends it, with the answer")

    def _conclude(self) -> None:
        over = b"\r" if os.isatty(self._writer.descriptor) else b""  # the ^C that a terminal echoes
        self._writer.write(over + self._answer.end())

    def _sum(self, summary: Summary) -> list[str]:
        return summary.brief.split("\n")


def add_arguments(parser: argparse.ArgumentParser, *, examples: str) -> None:
    """The options of all of them."""
    parser.epilog = f"examples:\n{examples}"
    add_some(parser)
    add_command(parser)
    how = parser.add_argument_group("how to show it")
    how.add_argument("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    how.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="append the answer to FILE, which SIGHUP opens again (default: standard output; with a command, "
        "standard error)",
    )
    add_messages(how, "the answer and errors")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C)")
    end.add_argument("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    add_tuning(parser, resolves=True)


def answer(
    arguments: argparse.Namespace,
    asked: Answer,
    *,
    look: Callable[[], None] = lambda: None,
) -> int:
    """Watch until the end, and print the answer. 0, or 1 if something was lost; raises OnlookerError. `look` is called
    before the monitor starts and when it has.
    """
    log = log_of(arguments)
    one_of("output format of an answer", arguments.output_format, FORMATS)
    if arguments.no_resolve:
        raise UsageError("--no-resolve leaves out the paths that this answer is made of", "leave out --no-resolve")
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    which = {**command(arguments), **some(arguments), **tuning(arguments)}
    which["where"] = [*which["where"], *asked.where]
    monitor = Monitor(**which, events=asked.events, failed=asked.failed, least_rights=True)
    follow_trees(monitor, arguments)
    note_doubts(arguments, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    relay = Relay(monitor.command) if monitor.command else None
    writer = output_writer(arguments.output, shutdown, log, relay)
    with shutdown, relay or nullcontext():
        look()
        made = AnswerFormatter(asked, arguments.output_format, partial(Page.of, writer.descriptor))
        return AnswerSession(monitor, made, writer, shutdown, log, seconds, asked.waits_for, look, relay).exit_code()
