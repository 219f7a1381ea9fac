"""`onlooker watch`: what happens on this machine, live."""

import argparse
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from ..arguments import check_buffer_bytes, check_max_args_bytes
from ..enrich.users import Users
from ..errors import PROGRAM, UsageError
from ..follow import Relay
from ..monitor import Monitor
from ..output import FORMATS, formatter
from ..output.file import FileWriter
from ..output.sink import LineSink
from ..output.writer import Writer
from ..probe.attach import METHODS
from .log import LEVELS, Log
from .options import add_command, add_wanted, command, follow_trees, note_doubts, wanted
from .parser import duration, number, one_of, size
from .session import WatchSession
from .shutdown import Shutdown

EPILOG = """\
examples:
  onlooker watch --filter nginx --filter 'php-fpm*'
  onlooker watch --events exec,exit --duration 10
  onlooker watch --events default,rename,unlink --uid 1000
  onlooker watch --failed --output-format json > failed.json
  onlooker watch --path /etc --writes
  onlooker watch --hide noise --where "errno exists and not comm startswith 'systemd'"

An event is shown if it matches every option that you give; of a LIST, it matches any item.
Separate the items of a LIST with commas or spaces, or repeat the option: --pid "$(pidof nginx)".
Quotes keep a name with spaces together: --filter '"Web Content"'.
"""


TAKES_COMMAND = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`, so that a typing error gets its nearest match."""
    parser.epilog = EPILOG
    add_wanted(parser)
    add_command(parser)
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    add("--names", action="store_true", help="show users by name, in text and in the table")
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="append the events to FILE, and open it again on SIGHUP (default: -, standard output)",
    )
    add(
        "-q",
        "--quiet",
        action="store_true",
        help="print only events and errors, whatever --log-level says",
    )
    add("--log-level", metavar="LEVEL", default="warning", help=f"{', '.join(LEVELS)} (default: warning)")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C)")
    add = end.add_argument
    add("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    add("--count", metavar="N", help="stop after this many events")
    tune = parser.add_argument_group("tuning")
    add = tune.add_argument
    add(
        "--max-args-bytes",
        metavar="SIZE",
        default="256K",
        help="keep at most this much of an exec's arguments and mark the rest as cut; 0 to 256K (default: 256K)",
    )
    add(
        "--buffer-size",
        metavar="SIZE",
        default="16M",
        help="size of the buffer between kernel and monitor; a power of two from 1M to 1G (default: 16M)",
    )
    add(
        "--no-resolve",
        action="store_true",
        help="do not look up which file a path led to: leaves out real_path, exe, cwd, joined_path, device, inode",
    )
    add("--attach", metavar="METHOD", help=f"observe events by this method only: {', '.join(METHODS)}")


def _size(text: str, check: Callable[[int, str], None]) -> int:
    """Bytes, checked as the monitor does, but named as they were typed."""
    try:
        found = size(text)
    except UsageError:
        found = -1  # no size of anything: `check` knows which there are
    check(found, text)
    return found


def _monitor(arguments: argparse.Namespace) -> Monitor:
    made = Monitor(
        **wanted(arguments),
        **command(arguments),
        buffer_bytes=_size(arguments.buffer_size, check_buffer_bytes),
        max_args_bytes=_size(arguments.max_args_bytes, check_max_args_bytes),
        attach=arguments.attach,
        resolve=not arguments.no_resolve,
        least_rights=True,
    )
    follow_trees(made, arguments)
    return made


def run(arguments: argparse.Namespace) -> int:
    """Watch until the end. 0, or 1 if events were lost or not written; raises OnlookerError."""
    log = Log("error" if arguments.quiet else one_of("log level", arguments.log_level, LEVELS))
    one_of("output format", arguments.output_format, FORMATS)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    count = number("count", arguments.count, least=1) if arguments.count is not None else None
    monitor = _monitor(arguments)
    note_doubts(arguments, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    user = Users().name if arguments.names else None
    relay = Relay(monitor.command) if monitor.command else None
    writer = _writer(arguments.output, shutdown, log, relay)
    with shutdown, relay or nullcontext():
        sink = LineSink(formatter(arguments.output_format, writer.descriptor, user), writer)
        return WatchSession(monitor, sink, shutdown, log, count=count, duration=seconds, relay=relay).exit_code()


def _writer(path: str | None, shutdown: Shutdown, log: Log, relay: Relay | None) -> Writer:
    """To the file, or to standard output where there is none or it is "-". A command has standard output for itself:
    then events go to standard error. Signals reach it, too, while a slow reader of the events lets us wait.
    """

    def gives_up() -> bool:
        if relay:
            relay.look()
        return shutdown.gives_up()

    if path in FORMATS:  # as other programs' -o takes it
        raise UsageError(
            f"-o takes a file, not a format: {path!r}", f"--output-format {path}, or -o ./{path} for a file"
        )
    if path == "":
        raise UsageError("no file is given to -o", f"{PROGRAM} watch -o events.txt")
    if path not in (None, "-"):
        made = FileWriter(path, gives_up, partial(log, "error"))
        shutdown.hang_up = made.reopen
        return made
    stream, name = (sys.stderr, "error") if relay and path is None else (sys.stdout, "output")
    if stream is None:
        raise UsageError(f"standard {name} is closed", f"{PROGRAM} watch -o events.txt")
    return Writer(stream.fileno(), gives_up)
