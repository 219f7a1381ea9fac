"""`onlooker watch`: what happens on this machine, live."""

import argparse
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from ..enrich.users import Users
from ..follow import Relay
from ..monitor import Monitor
from ..output import FORMATS, formatter
from ..output.sink import LineSink
from ..records.fold import ContextLines
from .log import Log
from .messages import add_messages, log_of
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
from .output import output_writer
from .parser import duration, number, one_of
from .sending import SendingSink, SendSession, add_to, sinks_of
from .session import WatchSession
from .shutdown import Shutdown
from .tuning import add_tuning, tuning

EPILOG = """\
examples:
  onlooker watch --filter nginx --filter 'php-fpm*'
  onlooker watch --events exec,exit --duration 10
  onlooker watch --events default,rename,unlink --uid 1000
  onlooker watch --failed --output-format json > failed.json
  onlooker watch --path /etc --writes
  onlooker watch --rules shipped --output-format json
  onlooker watch --hide noise --where "errno exists and uid != 0"

An event is shown if it matches every option that you give; of a LIST, it matches any item.
Separate the items of a LIST with commas or spaces, or repeat the option: --pid "$(pidof nginx)".
Quotes keep a name with spaces together: --filter '"Web Content"'.
"""


TAKES_COMMAND = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`, so that a typing error gets its nearest match."""
    parser.epilog = EPILOG
    add_wanted(parser)
    add_rules(parser, "without --events and the like, only alerts are shown")
    add_command(parser)
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: text)")
    add_context(add)
    add("--names", action="store_true", help="show users by name, in text and in the table")
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="append the events to FILE, and open it again on SIGHUP (default: -, standard output)",
    )
    add_to(how)
    add_messages(how, "events and errors")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C)")
    add = end.add_argument
    add("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    add("--count", metavar="N", help="stop after this many events")
    add_tuning(parser)


def _monitor(arguments: argparse.Namespace, log: Log) -> Monitor:
    made = Monitor(
        **with_rules(arguments, wanted(arguments), log),
        **command(arguments),
        **tuning(arguments),
        context=context(arguments),
        least_rights=True,
    )
    follow_trees(made, arguments)
    return made


def explained(monitor: Monitor) -> Iterator[str]:
    """Lines that say who decides the expression of a filter, and what rules ask for."""
    chosen = monitor.filter
    if monitor.rules:
        from ..filters.explain import explain
        from ..rules.asked import wanted_of

        events = dict.fromkeys(event for rule in monitor.rules for event in rule.events)
        shown = () if monitor.only_alerts else chosen.events
        yield from explain(
            wanted_of(chosen, monitor.rules, only_alerts=monitor.only_alerts), tuple(dict.fromkeys((*events, *shown)))
        )
        yield ""
        yield "fork, exec and exit all pass: alerts tell the ancestors"
        return
    if chosen.where is None:
        yield "no expression: everything that you ask for is decided in the kernel"
        return
    from ..filters.explain import explain

    yield from explain(chosen.where, chosen.events)


def run(arguments: argparse.Namespace) -> int:
    """Watch until the end. 0, or 1 if events were lost or not written; raises OnlookerError."""
    log = log_of(arguments)
    form = one_of("output format", arguments.output_format or "text", FORMATS)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    count = number("count", arguments.count, least=1) if arguments.count is not None else None
    monitor = _monitor(arguments, log)
    if arguments.explain:
        print(*explained(monitor), sep="\n")
        return 0
    note_doubts(arguments, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    user = Users().name if arguments.names else None
    relay = Relay(monitor.command) if monitor.command else None
    sinks = sinks_of(arguments, log)
    limits: dict[str, Any] = {"count": count, "duration": seconds, "relay": relay}
    session: WatchSession
    if sinks and arguments.output is None:
        session = SendSession(monitor, SendingSink(sinks), shutdown, log, **limits)
    else:
        writer = output_writer(arguments.output, shutdown, log, relay)
        known = ContextLines(monitor.context) if monitor.context else None
        lines = LineSink(formatter(form, writer.descriptor, user, known), writer, known)
        if sinks:
            session = SendSession(monitor, SendingSink(sinks, lines), shutdown, log, **limits)
        else:
            session = WatchSession(monitor, lines, shutdown, log, **limits)
    with shutdown, relay or nullcontext():
        return session.exit_code()
