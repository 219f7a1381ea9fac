"""`onlooker watch`: what happens on this machine, live."""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

from ..enrich.users import Users
from ..errors import PROGRAM, UsageError
from ..events import DEFAULT_EVENTS, EVENT_GROUPS, TASK_EVENTS
from ..filters import HIGHEST_PID, process_id_error, user_id
from ..follow import Relay
from ..monitor import Monitor, check_buffer_bytes, check_max_args_bytes
from ..output import FORMATS, formatter
from ..output.file import FileWriter
from ..output.sink import LineSink
from ..output.writer import Writer
from ..probe.attach import METHODS
from ..probe.processes import is_named, without_processes
from .log import LEVELS, Log
from .parser import duration, is_number, listed, number, one_of, size
from .session import WatchSession
from .shutdown import Shutdown

EPILOG = """\
examples:
  onlooker watch --filter nginx --filter 'php-fpm*'
  onlooker watch --events exec,exit --duration 10
  onlooker watch --events default,rename,unlink --uid 1000
  onlooker watch --failed --output-format json > failed.json

An event is shown if it matches every option that you give; of a LIST, it matches any item.
Separate the items of a LIST with commas or spaces, or repeat the option: --pid "$(pidof nginx)".
Quotes keep a name with spaces together: --filter '"Web Content"'.
"""


TAKES_COMMAND = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`, so that a typing error gets its nearest match."""
    parser.epilog = EPILOG
    what = parser.add_argument_group("what to watch")
    add = what.add_argument
    add(
        "--events",
        metavar="LIST",
        action="append",
        help=f"some of {', '.join((*TASK_EVENTS, *EVENT_GROUPS))} (default: {','.join(DEFAULT_EVENTS)})",
    )
    add(
        "--filter",
        metavar="LIST",
        action="append",
        help="only processes with these names; NAME* stands for every name that starts with NAME",
    )
    add(
        "--pid", metavar="LIST", action="append", help="only processes with these ids (the machine's, as in the output)"
    )
    add("--uid", metavar="LIST", action="append", help="only processes of these real users, by name or number")
    add("--failed", action="store_true", help="only failures: calls with an error, non-zero exits")
    add(
        "--where",
        metavar="EXPR",
        action="append",
        help="only events for which this holds, as in \"file under '/etc'\"; repeat it for more that must hold",
    )
    add("--threads", action="store_true", help="also show the creation of threads")
    add("--first", action="store_true", help="show each thing that a process does to a file only once")
    add(
        "--rate",
        metavar="N",
        help="show at most N events of a process in a second; the rest is counted, and said",
    )
    whose = parser.add_argument_group("following a command (-- COMMAND [ARGUMENT ...])")
    add = whose.add_argument
    add("--user", metavar="NAME|UID", help="run the command as this user (default: under sudo, who called it)")
    add("--detach", action="store_true", help="end when the command ends, although descendants of it may go on")
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


def _given(what: str, values: Sequence[str] | None) -> list[str]:
    """Nothing for an option that was not given; one that is given and empty, as by a `$(pidof ...)`, is a mistake."""
    found = listed(values) or []
    if values is not None and not found:
        raise UsageError(f"no {what} is given", "name one, or several with commas")
    return found


def _name_notes(values: Sequence[str] | None) -> list[str]:
    """A name with a space that was taken for two, although there is a process of that name."""
    return [
        f"{value!r} is read as {len(names)} names; if it is one name, type --filter '\"{value}\"'"
        for value in values or ()
        if value.isprintable() and len(names := listed([value]) or ()) > 1 and " ".join(names) == value
        if is_named(value)
    ]


def _user_notes(users: Sequence[str]) -> list[str]:
    """Those of the users that no process belongs to now, as they were typed."""
    ids = {user: user_id(user) for user in users}
    absent = without_processes(ids.values()) if ids else []
    named = [user for user, number_ in ids.items() if number_ in absent]
    return [f"these users have no process now: {', '.join(named)}"] if named else []


def _process_id(text: str) -> int:
    if not is_number(text) or not 1 <= int(text) <= HIGHEST_PID:
        raise process_id_error(text)
    return int(text)


def _size(text: str, check: Callable[[int, str], None]) -> int:
    """Bytes, checked as the monitor does, but named as they were typed."""
    try:
        found = size(text)
    except UsageError:
        found = -1  # no size of anything: `check` knows which there are
    check(found, text)
    return found


def _rate(text: str | None) -> int:
    return 0 if text is None else number("rate", text, least=1)


def _monitor(arguments: argparse.Namespace) -> Monitor:
    return Monitor(
        events=listed(arguments.events),
        comm=_given("process name", arguments.filter),
        pid=[_process_id(text) for text in _given("process id", arguments.pid)],
        uid=_given("user", arguments.uid),
        failed=arguments.failed,
        threads=arguments.threads,
        where=arguments.where or (),
        first=arguments.first,
        rate=_rate(arguments.rate),
        command=arguments.command,
        user=arguments.user,
        detach=arguments.detach,
        buffer_bytes=_size(arguments.buffer_size, check_buffer_bytes),
        max_args_bytes=_size(arguments.max_args_bytes, check_max_args_bytes),
        attach=arguments.attach,
        resolve=not arguments.no_resolve,
        least_rights=True,
    )


def run(arguments: argparse.Namespace) -> int:
    """Watch until the end. 0, or 1 if events were lost or not written; raises OnlookerError."""
    log = Log("error" if arguments.quiet else one_of("log level", arguments.log_level, LEVELS))
    one_of("output format", arguments.output_format, FORMATS)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    count = number("count", arguments.count, least=1) if arguments.count is not None else None
    monitor = _monitor(arguments)
    for note in _name_notes(arguments.filter):
        log("warning", note)
    if log.says("debug"):
        for note in _user_notes(_given("user", arguments.uid)):
            log("debug", note)
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
