"""`--to`: what is seen goes to servers, beside or in place of standard output."""

import argparse
import os
import shlex
import stat
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..counted import counted
from ..errors import PROGRAM, UsageError
from ..monitor import Monitor
from ..records import Batch
from ..summary import End, Summary
from .log import Log
from .session import WatchSession, WatchSink
from .shutdown import Shutdown

if TYPE_CHECKING:
    from ..sinks.sink import Sink
    from ..sinks.target import Target

_LEAST_SECONDS = 0.2  # for a sink to end, after others took their time


def add_to(group: argparse._ArgumentGroup) -> None:
    """Declare it."""
    group.add_argument(
        "--to",
        metavar="URL",
        action="append",
        help="send the events there, in place of standard output: nats://HOST/SUBJECT, kafka://HOST/TOPIC, "
        "otlp+http://HOST, syslog://HOST, journald:, file:PATH; may be repeated",
    )
    group.add_argument(
        "--map",
        metavar="SCHEMA",
        help="send JSON in the words of another schema, ecs or ocsf; the same as map=SCHEMA in each URL",
    )


def sinks_of(arguments: argparse.Namespace, log: Log) -> list["Sink"]:
    """Those that are asked for; nothing is sent yet. Raises UsageError and ExtraError."""
    if not arguments.to:
        if arguments.map is not None:
            raise UsageError("--map is for what --to sends", f"{PROGRAM} watch --to file:events.jsonl --map ecs")
        return []
    if arguments.output is None and arguments.output_format is not None:
        raise UsageError(
            "--output-format is for -o, and --to has no lines of its own",
            f"-o - --output-format {arguments.output_format} for lines, too; ?format=json in a URL for what is sent",
        )
    from ..sinks.sink import Sink
    from ..sinks.target import same_end, target_of

    usual = {} if arguments.map is None else {"map": arguments.map}
    targets = [target_of(url, usual=usual) for url in arguments.to]
    tell_of_secrets(targets, log)
    if twice := [str(each) for each, count in Counter(targets).items() if count > 1]:
        raise UsageError(f"--to {twice[0]} is given twice", "leave one out")
    if pair := same_end(targets):
        one, other = pair
        raise UsageError(
            f"--to {one} and --to {other} end in one place, which would have every event twice",
            "leave one out, or give it a subject, topic or file of its own",
        )
    return [Sink(target, lambda text: log("warning", text)) for target in targets]


_SECRETS = ("key", "credentials", "password", "token", "headers")


def tell_of_secrets(targets: Iterable["Target"], log: Log) -> None:
    """Warn, once for each, of files with secrets that every user of this machine can read."""
    files = [target.files[name] for target in targets for name in _SECRETS if name in target.files]
    for file in dict.fromkeys(files):
        with suppress(OSError):  # who opens it says so
            found = os.stat(file)  # noqa: PTH116
            if found.st_mode & stat.S_IROTH:
                # of another's file, only what nobody needs is taken away: a group may be how the agent reads it
                mode = "600" if found.st_uid == os.geteuid() else "o="
                log("warning", f"{file} has a secret, and every user can read it: chmod {mode} {shlex.quote(file)}")


class SendingSink:
    """Gives each batch to several sinks, none of which makes it wait, and to lines, if somebody wants to see them."""

    def __init__(self, sinks: Sequence["Sink"], lines: WatchSink | None = None) -> None:
        self.sinks = sinks
        self._lines = lines
        self.began_ns = 0

    @property
    def unwritten(self) -> Batch | None:
        """Of the last batch, what did not arrive as lines."""
        return getattr(self._lines, "unwritten", None)

    def write(self, batch: Batch) -> None:
        """Raises what the lines raise."""
        for sink in self.sinks:
            sink.write(batch)
        if self._lines:
            self._lines.write(batch)

    def write_head(self) -> None:
        """The threads begin with the rights that are left."""
        for sink in self.sinks:
            sink.start(self.began_ns)
        if self._lines:
            self._lines.write_head()

    def notes(self) -> list[str]:
        """Notes for the user."""
        notes = [
            f"{sink.target}: {counted(sink.left_over, 'message')} of an earlier run will be delivered first"
            for sink in self.sinks
            if sink.left_over
        ]
        return [*notes, *(self._lines.notes() if self._lines else ())]

    def check_reader(self) -> None:
        """Raises ClosedPipeError if nobody will ever read the lines."""
        if self._lines:
            self._lines.check_reader()

    def reader_gone(self) -> dict[int, int]:
        """Descriptors and events of poll(2) that show that."""
        return self._lines.reader_gone() if self._lines else {}


class SendSession(WatchSession):
    """Says at the end what was delivered, and what was not."""

    def __init__(self, monitor: Monitor, sink: SendingSink, shutdown: Shutdown, log: Log, **limits: Any) -> None:
        super().__init__(monitor, sink, shutdown, log, **limits)
        self._sending = sink

    def _announce(self) -> None:
        began, _ = self.monitor.span
        self._sending.began_ns = began.wall_ns
        super()._announce()

    def _conclude(self) -> None:
        from ..sinks import sink as sinks

        _, ended = self.monitor.span
        for sink in self._sending.sinks:
            sink.end(ended.wall_ns)
        end = time.monotonic() + sinks.CLOSE_SECONDS
        for sink in self._sending.sinks:  # they have the same time
            sink.close(ended.wall_ns, max(_LEAST_SECONDS, end - time.monotonic()), gives_up=self._gives_up)
        assert self.summary
        # several may have lost the same events: each says its own, the verdict counts those of the worst
        worst = max((sink.lost for sink in self._sending.sinks), key=lambda lost: sum(lost.values()), default=Counter())
        self.summary = replace(self.summary, lost=Counter(self.summary.lost) + worst)
        if self.summary.complete and not all(sink.is_end_told for sink in self._sending.sinks):
            self.summary = replace(self.summary, end=End.UNWRITTEN, cause="the end of a run was not delivered")

    def _gives_up(self) -> bool:
        if self._relay:
            self._relay.look()
        waits = any(len(sink.outbox) and sink.sender.failure for sink in self._sending.sinks)
        self._shutdown.remind(at_once=waits)
        return self._shutdown.is_dropped

    def _sum(self, summary: Summary) -> list[str]:
        first, *rest = super()._sum(summary)
        return [first, *map(_delivered, self._sending.sinks), *rest]


def _delivered(sink: "Sink") -> str:
    counts = sink.sender.counts
    said = (
        f"{sink.target}: delivered {counted(counts['records'], 'record')} in {counted(counts['messages'], 'message')}"
    )
    if sink.kept:
        waits = f"{counted(sink.kept, 'message')} {'waits' if sink.kept == 1 else 'wait'}"
        said += f"; {waits} in {sink.target.spool} for the next run"
    if death := sink.death or sink.sender.death:
        said += f"; its thread has ended: {death!r}"
    if lost := sum(sink.lost.values()):
        said += f"; {counted(lost, 'event')} {'was' if lost == 1 else 'were'} not delivered"
    if not sink.is_end_told:
        said += "; its end was not told: a lake will say that the sender broke off"
    return said
