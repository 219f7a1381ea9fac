"""`onlooker top`: what happens most, live."""

import argparse
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext

import msgspec

from ..answers.page import Page
from ..answers.rows import json_line
from ..answers.top import BY, NEEDS_PATHS, Counts, Top, merged, rows
from ..counted import counted
from ..enrich.cgroups import Cgroups
from ..enrich.processes import PROC, ProcessTable
from ..enrich.users import Users
from ..errors import UsageError
from ..escaping import escape
from ..follow import Relay
from ..monitor import Monitor
from ..output.sink import LineSink
from ..output.writer import Writer
from ..probe import kernel
from ..probe.run_time import RunTime
from ..records import Batch
from ..summary import Summary
from .log import Log
from .messages import add_messages, log_of
from .options import add_command, add_some, command, follow_trees, note_doubts, some
from .output import output_writer
from .parser import duration, one_of
from .screen import Screen
from .session import WatchSession
from .shutdown import Shutdown
from .tuning import add_tuning, tuning

TAKES_COMMAND = True
FORMATS = ("text", "json")
FASTEST_SECONDS = 0.25
PLAIN_ROWS = 20  # where it is no terminal
_OTHER_ROWS = 4  # head and foot
_HOME, _REST, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"  # the last two: erase what was there before
_SORTS = {
    **{"n": "name", "f": "forks", "e": "execs", "o": "opens", "w": "writes"},
    **{"x": "failed", "s": "short", "c": "cpu_ns", "t": "total"},
}
_KEYS = "keys: f e o w x s c n t, space pauses, q quits, h helps"
_KEYS_IN_FULL = (
    "f e o w s c   sort by FORK, EXEC, OPEN, WRITE, SHORT, CPU",
    "x n t         sort by FAIL; by name; by all counts together, as at first",
    "space         pause, and go on",
    "h or ?        show these keys, and the table again",
    "q             quit; the last table stays",
)
_HEAD = ("FORK", "EXEC", "OPEN", "WRITE", "FAIL", "SHORT", "CPU")
EPILOG = """\
examples:
  onlooker top
  onlooker top --by file --uid www-data
  onlooker top --by exe --once --duration 10 --output-format json

In a terminal, without a command, the table is live: f, e, o, w, s, c and n sort by that column (x: by failures, t: by \
all counts together), space pauses, h shows the keys, q quits.
FORK: processes made. WRITE: files changed, or opened for that. FAIL: calls with an error. SHORT: processes that \
ended and had lived less than a second. CPU: processor time of all that ended, as the kernel had counted it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.epilog = EPILOG
    parser.add_argument_group("what to count").add_argument(
        "--by", metavar="WHAT", default="exe", help=f"a row for each {', '.join(BY)} (default: exe)"
    )
    add_some(parser)
    add_command(parser)
    how = parser.add_argument_group("how to show it")
    how.add_argument("--interval", metavar="TIME", default="1s", help="count for so long; 250ms or more (default: 1s)")
    how.add_argument("--once", action="store_true", help="count once, print it and end")
    how.add_argument("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    how.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="append to FILE, and open it again on SIGHUP (default: -, standard output)",
    )
    add_messages(how, "the table and errors")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C or q)")
    end.add_argument("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")
    add_tuning(parser)


class TopFormatter:
    """Batches are only counted; `TopSession` writes the table."""

    def __init__(self, top: Top) -> None:
        self._top = top

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes:
        """Nothing."""
        self._top.take(batch)
        return b""


class Mark(msgspec.Struct, frozen=True):
    """A moment, in seconds, what onlooker and its programs in the kernel had used of the processor until then, and how
    many events had come.
    """

    time: float = 0.0
    cpu: float = 0.0
    programs: float | None = None
    events: int = 0

    def cost_until(self, now: "Mark") -> str:
        """The cost of what came since then."""
        seconds = max(now.time - self.time, 1e-3)
        cost = f"{100 * (now.cpu - self.cpu) / seconds:.1f} % CPU"
        if now.programs is not None and self.programs is not None:
            cost += f" and {100 * (now.programs - self.programs) / seconds:.1f} % in the kernel"
        rate = (now.events - self.events) / seconds
        return f"{seconds:.1f} s: {rate:.0f} events a second; onlooker takes {cost}"


class TopSession(WatchSession):
    """Writes the table again and again, on a terminal in its place; and says at the end whether it was all."""

    def __init__(
        self,
        monitor: Monitor,
        top: Top,
        writer: Writer,
        shutdown: Shutdown,
        log: Log,
        arguments: argparse.Namespace,
        relay: Relay | None,
        seconds: float | None,
        screen: Screen | None,
        run_time: RunTime,
    ) -> None:
        sink = LineSink(TopFormatter(top), writer)
        super().__init__(monitor, sink, shutdown, log, duration=seconds, relay=relay)
        self._top, self._writer, self._screen, self._run_time = top, writer, screen, run_time
        self._interval = duration(arguments.interval)
        self._is_json, self._once = arguments.output_format == "json", arguments.once
        self._by, self._sort, self._is_paused, self._shows_keys = arguments.by, "total", False, False
        self._begin, self._next_turn = Mark(), float("inf")
        self._last: Mark | None = None  # when what is shown began
        self._shown_for = 1.0  # seconds
        self._cost = ""
        self._shown: dict[str, Counts] = {}

    def _announce(self) -> None:
        if not (self._screen or self.monitor.command):  # a live table needs no word
            limit = "" if self._duration is None else f" for {self._duration:g} s"
            how = "the table comes then" if self._once and limit else "Ctrl-C ends it, with the last table"
            self._log.tell(f"watching by {self._by}{limit}; {how}")

    def _started(self) -> None:
        super()._started()
        self._top.look()
        self._begin = self._now()
        self._next_turn = float("inf") if self._once else self._turn_after(self._begin)
        if self._screen:
            self._screen.open()

    def _watch(self) -> None:
        super()._watch()
        if not (self._screen and self._last):
            self._turn(is_last=True)  # with what has come since the last one

    def _patience(self) -> float | None:
        left = super()._patience()
        until = max(0.0, self._next_turn - time.monotonic())
        return left if until == float("inf") else min(until, until if left is None else left)

    def _also_waits_for(self) -> dict[int, int]:
        keys = {self._screen.keys: select.POLLIN} if self._screen else {}
        return {**super()._also_waits_for(), **keys}

    def _looked(self) -> None:
        super()._looked()
        if self._screen and self._screen.has_changed():
            self._show()
        for key in self._screen.pressed() if self._screen else "":
            if key == "q":
                self.stop()
            elif key == " ":
                self._is_paused = not self._is_paused
            elif key in "h?":
                self._shows_keys = not self._shows_keys
            elif key in _SORTS:
                self._sort = _SORTS[key]
            self._show()
        if time.monotonic() >= self._next_turn:
            self._turn()

    def _now(self) -> "Mark":
        events = sum(self.monitor.stats().events.values())
        return Mark(time.monotonic(), time.process_time(), self._run_time.seconds(), events)

    def _turn_after(self, mark: "Mark") -> float:
        """When the next table is due; never, where so little time is left then that the last one takes it in, too."""
        due = mark.time + self._interval
        return due if self._screen or self._ends_at - due >= self._interval / 2 else float("inf")

    def _turn(self, *, is_last: bool = False) -> None:
        """The counts until now are shown, and it begins again. A short rest, as a command or a signal leaves it, is
        shown together with the table before: of a split second there are no sensible rates. In JSON, which has none, it
        stands alone.
        """
        now, counts = self._now(), self._top.turn()
        if is_last and self._last and not self._is_json and now.time - self._begin.time < self._interval / 2:
            self._begin, counts = self._last, merged(self._shown, counts)
        if not self._is_paused:
            self._shown, self._shown_for = counts, now.time - self._begin.time
            self._cost = self._begin.cost_until(now)
            self._last = self._begin
        self._begin, self._next_turn = now, self._turn_after(now)
        if not self._is_paused:
            self._show()

    def _show(self) -> None:
        if self._is_json:
            self._writer.write(b"".join(map(json_line, rows(self._shown, self._shown_for))))
            return
        lines = self._lines_of_the_table()
        if self._screen:
            self._writer.write((_HOME + f"{_REST}\n".join(lines) + _BELOW).encode())
        else:
            self._writer.write("".join(f"{line}\n" for line in lines).encode())

    def _lines_of_the_table(self) -> list[str]:
        page = Page.of(self._writer.descriptor)
        ordered = sorted(self._shown.items(), key=self._order)
        room = max(1, page.height - _OTHER_ROWS) if self._screen else page.most_rows or PLAIN_ROWS
        cells = [(*_cells(counts), escape(name)) for name, counts in ordered[:room]]
        table = page.columns((*_HEAD, self._by.upper()), cells, right=range(len(_HEAD)))
        if self._screen and self._shows_keys:
            return [*map(page.fit, _KEYS_IN_FULL)]
        return [*table, *map(page.fit, self._foot(len(ordered) - room))]

    def _foot(self, left_out: int) -> Iterator[str]:
        lost = sum(self.monitor.stats().lost.values())
        said = [f"{counted(lost, 'event')} lost"] if lost else []
        said += ["paused"] if self._is_paused else []
        said += [f"{counted(left_out, 'more row')}"] if left_out > 0 else []
        if said:
            yield "; ".join(said)
        yield self._cost
        if self._screen:
            column = {"name": self._by, "total": "all counts", "failed": "FAIL", "cpu_ns": "CPU"}.get(self._sort)
            yield f"sorted by {column or self._sort.removesuffix('s').upper()}; {_KEYS}"

    def _order(self, each: tuple[str, Counts]) -> tuple[float, str]:
        name, counts = each
        if self._sort == "name":
            return 0, name
        return -getattr(counts, self._sort), name

    def _conclude(self) -> None:
        screen, self._screen = self._screen, None
        if screen:
            screen.close()
            self._show()  # so that it stays

    def _sum(self, summary: Summary) -> list[str]:
        return summary.brief.split("\n")


def _cells(counts: Counts) -> tuple[str, ...]:
    numbers = (counts.forks, counts.execs, counts.opens, counts.writes, counts.failed, counts.short)
    return (*(str(number) if number else "" for number in numbers), _seconds(counts.cpu_ns))


def _seconds(nanoseconds: int) -> str:
    if nanoseconds >= 5_000_000:
        return f"{nanoseconds / 1e9:.2f}s"
    return f"{nanoseconds / 1e6:.1f}ms" if nanoseconds else ""


def _interval(text: str) -> float:
    seconds = duration(text)
    if seconds < FASTEST_SECONDS:
        raise UsageError(f"too short an interval: {text!r}", "250ms or more: --interval 250ms")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Count until the end. 0, or 1 if events were lost; raises OnlookerError."""
    log = log_of(arguments)
    one_of("output format of an answer", arguments.output_format, FORMATS)
    one_of("group", arguments.by, tuple(BY))
    interval = _interval(arguments.interval)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    if arguments.once and seconds is None and not arguments.command:
        seconds = interval
    if arguments.no_resolve and arguments.by in NEEDS_PATHS:
        raise UsageError(f"--no-resolve leaves out the paths that --by {arguments.by} needs", "leave out --no-resolve")
    which = {**command(arguments), **some(arguments), **tuning(arguments)}
    monitor = Monitor(**which, events=Top.events, least_rights=True)
    follow_trees(monitor, arguments)
    note_doubts(arguments, log)
    shutdown = Shutdown(monitor.stop, log.tell)
    relay = Relay(monitor.command) if monitor.command else None
    writer = output_writer(arguments.output, shutdown, log, relay)
    table = ProcessTable(None if kernel.in_pid_namespace() else PROC)
    is_live = not (arguments.once or relay or arguments.output_format == "json") and _is_terminal(writer)
    screen = Screen(sys.stdin.fileno(), writer.descriptor) if is_live else None
    with shutdown, relay or nullcontext(), screen or nullcontext(), RunTime() as run_time:
        top = Top(arguments.by, table, Users().name, Cgroups().name)
        top.look()
        session = TopSession(monitor, top, writer, shutdown, log, arguments, relay, seconds, screen, run_time)
        return session.exit_code()


def _is_terminal(writer: Writer) -> bool:
    return os.isatty(writer.descriptor) and sys.stdin is not None and sys.stdin.isatty()
