"""One run of `onlooker watch`: from attaching to the verdict, with the messages for the user."""

import gc
import time
from collections.abc import Sequence
from typing import Protocol

from ..errors import LoadError
from ..follow import Relay, exit_code
from ..monitor import Monitor
from ..output.writer import ClosedPipeError, StalledError
from ..probe import kernel
from ..probe.attach import FOLLOWING
from ..probe.processes import PROC, name_of
from ..probe.source import grouped
from ..records import Batch
from ..session import DroppedError, Session
from ..summary import Summary
from .log import Log, say
from .shutdown import Shutdown, notify_systemd

REST_SECONDS = 1.0  # after a command's end until a word about what it has left: mostly that ends at once
MOST_NAMED = 3


class WatchSink(Protocol):
    """What takes the batches; see `LineSink`."""

    def write(self, batch: Batch) -> None:
        """Take all of it, or raise."""

    def write_head(self) -> None:
        """The watching has begun, and rights were given up."""

    def notes(self) -> list[str]:
        """Notes for the user, after that."""

    def check_reader(self) -> None:
        """Raises ClosedPipeError if nobody will ever read what is written."""

    def reader_gone(self) -> dict[int, int]:
        """Descriptors and events of poll(2) that show that."""


class WatchSession(Session):
    """Says what is watched, and at the end what was seen, lost and not written."""

    def __init__(
        self,
        monitor: Monitor,
        sink: WatchSink,
        shutdown: Shutdown,
        log: Log,
        *,
        count: int | None = None,
        duration: float | None = None,
        relay: Relay | None = None,
    ) -> None:
        super().__init__(monitor, sink, count=count, duration=duration)
        self._taker = sink
        self._shutdown = shutdown
        self._log = log
        self._relay = relay
        self._rest_at: float | None = None  # when to tell what goes on after the command
        self._has_told_of_rest = False

    def exit_code(self) -> int:
        """Run it: 0, or 1 if an event was lost or not written; a command's own. Raises OnlookerError.

        However it ends, the verdict is printed, and a command has ended.
        """
        for note in self.monitor.filter.notes():
            self._log("warning", note)
        if self.monitor.command and self.monitor.command.note:
            self._log("warning", self.monitor.command.note)
        try:
            self.run()
        except LoadError as error:
            for line in error.log.splitlines():
                self._log("debug", line)
            raise
        finally:
            try:
                self._tell_the_verdict()
            finally:
                self._wait_for_the_command()
        assert self.summary
        if self.monitor.command:
            return exit_code(self.monitor.command)
        return 0 if self.summary.complete else 1

    def _tell_the_verdict(self) -> None:
        if self.summary is None:
            return
        try:
            self._conclude()
        except ClosedPipeError:
            pass
        finally:
            self._log.tell(*self._sum(self.summary))
            if not self.summary.complete and not self._log.says("warning"):
                say(self.summary.verdict)  # what the exit code means
            notify_systemd("STOPPING=1")

    def _conclude(self) -> None:
        """Write what is known only at the end."""

    def _sum(self, summary: Summary) -> list[str]:
        """What is said of all, in lines."""
        return str(summary).split("\n")

    def _wait_for_the_command(self) -> None:
        """It may go on after the watching has ended."""
        command = self.monitor.command
        if not command or not self._relay:
            return
        self._relay.look()
        if not command.is_over:
            self._log.tell(f"the watching has ended; waiting for {command.name} (PID:{command.pid})")
            self._relay.wait()

    def _started(self) -> None:
        log, monitor = self._log, self.monitor
        for note in (*monitor.notes, *self._taker.notes()):
            log("warning", note)
        for events, a in grouped(monitor.attached):
            log("info", f"{events} ({a.purpose}): {a.method}, {', '.join(a.programs)}: {a.why}")
            if a.blind:
                how = f"it observes {events} ({a.purpose}) by {a.method}" if a.programs else a.why
                log("warning", f"this run does not see {a.blind}: {how}")
        if monitor.filter.pid and kernel.in_pid_namespace():
            log("warning", "--pid compares the machine's process ids, and this is a pid namespace with its own")
        self._announce()
        notify_systemd("READY=1")
        self._shutdown.ends_in(self._duration)
        super()._started()
        self._taker.write_head()
        if not gc.isenabled():  # since the program began: what there is now stays to the end, and is no garbage either
            gc.freeze()
            gc.enable()

    def _announce(self) -> None:
        """Say that it watches."""
        log, monitor = self._log, self.monitor
        if monitor.command:
            log("info", f"watching {self._watched()} of {monitor.command.name} and its descendants")
        else:
            log.tell(f"watching {self._watched()}; Ctrl-C ends it")

    def _watched(self) -> str:
        monitor = self.monitor
        seen = {a.event for a in monitor.attached if a.purpose != FOLLOWING} or set(monitor.filter.events)
        return _what(monitor, seen)

    def _also_waits_for(self) -> dict[int, int]:
        return {**self._taker.reader_gone(), **(self._relay.waits_for() if self._relay else {})}

    def _looked(self) -> None:
        super()._looked()
        if self._relay:
            self._relay.look()
        self._tell_of_the_rest()
        self._taker.check_reader()
        self._shutdown.remind()
        if self._shutdown.is_dropped:
            raise DroppedError

    def _patience(self) -> float | None:
        left = super()._patience()
        if self._rest_at is None:
            return left
        until = max(0.0, self._rest_at - time.monotonic())
        return until if left is None else min(left, until)

    def _tell_of_the_rest(self) -> None:
        """Say once what keeps it watching after the command has ended."""
        command = self.monitor.command
        if not command or not command.is_over or self._has_told_of_rest:
            return
        if self._rest_at is None:
            self._rest_at = time.monotonic() + REST_SECONDS
        elif time.monotonic() >= self._rest_at:
            self._rest_at, self._has_told_of_rest = None, True
            followed = self.monitor.followed()
            if followed and self._shutdown.seconds_over() < 0:
                self._log.tell(f"{command.name} has ended; still following {_some(followed)}; Ctrl-C ends it")

    def _give(self, batch: Batch) -> None:
        try:
            super()._give(batch)
        except StalledError as error:
            if self._shutdown.is_dropped:
                raise DroppedError from error
            raise


def _what(monitor: Monitor, seen: set[str]) -> str:
    wanted, count = monitor.filter, len(monitor.rules)
    rules = f" for {count} rule{'' if count == 1 else 's'}" if count else ""
    names = ", ".join(name for name in wanted.events if name in seen)
    some = " of some processes" if wanted.comm or wanted.pid or wanted.uid or wanted.exe or wanted.cgroup else ""
    failed = "; only failures" if wanted.failed else ""
    return f"{names}{some}{rules}{failed}{'; only those that match' if wanted.where else ''}"


def _some(pids: Sequence[int]) -> str:
    """How many processes, and some by name."""
    names = [""] * len(pids) if kernel.in_pid_namespace() else [name_of(PROC / str(pid)) for pid in pids[:MOST_NAMED]]
    shown = [f"{name} (PID:{pid})" if name else f"PID {pid}" for name, pid in zip(names, pids, strict=False)]
    more = ", ..." if len(pids) > MOST_NAMED else ""
    return f"{len(pids)} process{'es' if len(pids) > 1 else ''}: {', '.join(shown[:MOST_NAMED])}{more}"
