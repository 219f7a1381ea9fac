"""Events from the running kernel."""

import os
import select
import struct
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import CapabilityError, OnlookerError, ResourceError
from ..events import PROBE_REASONS, TASK_EVENTS
from ..filters import Filter
from ..records import Batch, give_back, prepare_records
from . import cgroups, executed, kernel, rights
from .attach import hooks
from .chooser import Chooser
from .clock import Moment, WallClock
from .command import Command
from .forks import run_in_children, this_process
from .interpreter import with_interpreters
from .processes import look_for, no_such_process
from .setup import DEFAULT_RING_BYTES, MOST_ARGS_BYTES, Setup, keeping
from .source import Attachment, Rest, Waiting
from .waiting import prepare, wait

if TYPE_CHECKING:
    from ._libbpf import Probe

LOOK_SECONDS = 1.0  # how often, while there are events, the kernel is asked whether it skipped a program
SETTLE_SECONDS = 1.0  # how long the end waits for a record that is still being written
SETTLE_STEP_SECONDS = 0.001
_MEMBER = struct.Struct("=QI")  # when a followed process started, and its id: bpf/filter/tree.h


class LiveSource:
    """The probe, loaded and attached. Use it through `onlooker.Monitor`."""

    def __init__(
        self,
        *,
        ring_bytes: int = DEFAULT_RING_BYTES,
        method: str | None = None,
        resolve: bool = True,
        max_args_bytes: int = MOST_ARGS_BYTES,
        least_rights: bool = False,
        command: Command | None = None,
        detach: bool = False,
    ) -> None:
        """`method`: one of `attach.METHODS` to force how events are observed; `ring_bytes`: a power of two;
        `resolve`: whether to look up which file a path led to; `max_args_bytes`: how much of an exec's arguments to
        keep; `least_rights`: whether to give up what is not needed once all is attached; `command`: what to start then,
        and follow, until it has ended if `detach`, and else until all its descendants have.
        """
        self._ring_bytes = ring_bytes
        self._method = method
        self._resolve = resolve
        self._max_args_bytes = max_args_bytes
        self._least_rights = least_rights
        self._wanted = Filter()
        self._has_rules = False  # of the probe
        self._command = command
        self._detach = detach
        self._roots: tuple[int, ...] = ()  # processes to follow from the start
        self._probe: Probe | None = None
        self._attached: tuple[Attachment, ...] = ()
        self._notes: list[str] = []
        self._clock = WallClock()
        self.began: Moment | None = None  # all is attached: what happens from now on is reported
        self.ended: Moment | None = None  # and until then
        self._home = this_process()
        self._found: tuple[Batch, ...] = ()  # the first is given by `poll`, until it is `taken`
        self._stopping = False
        self._quiet_since: float | None = None
        self._exhausted = False
        self._total_lost = 0
        self._told: dict[tuple[str, str], int] = {}
        self._missed: dict[str, int] = {}
        self._looked_at = 0.0
        self._identified_at = 0.0
        self._is_to_look = False  # something has happened since then

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """What is attached, in the order of the attach table."""
        return self._attached

    @property
    def notes(self) -> list[str]:
        """What of the filter can match nothing now."""
        return self._notes

    @property
    def exhausted(self) -> bool:
        """Whether the probe is silent and its ring drained."""
        return self._exhausted

    def start(self, wanted: Filter) -> None:
        """Load and attach. Raises UnsupportedError where this kernel or user can't, and UsageError where none of the
        process ids can match.
        """
        self._wanted, self._has_rules = wanted, wanted.has_rules
        self._notes = [*look_for(wanted.named_pids), *cgroups.notes_on(wanted.cgroup)]
        kernel.check()
        prepare()
        prepare_records()  # the first batch need not wait for that
        chooser = Chooser(hooks(wanted.events, failed=wanted.failed, keeping=keeping(wanted)), self._method)
        setup = Setup(wanted, self._ring_bytes, self._resolve, self._max_args_bytes, self._detach)
        try:
            self._probe, self._attached = chooser.load(setup)
        finally:
            kernel.forget()
        self._missed = self._misses(self._probe)
        self._looked_at = time.monotonic()
        self._home = this_process()
        run_in_children(self.abandon)
        try:
            self._notes += executed.settle(self._probe, wanted.exe)
            for pid in self._roots:
                self._gather(self._probe, pid)
            if self._command:
                self._launch(self._probe, self._command)
            self._begin(self._probe)
        except BaseException:
            self._exhausted = True  # there is nothing to count yet
            if self._command:
                self._command.cancel()
            self.close()
            raise
        if self._command:
            self._command.release()

    def follow(self, pid: int) -> None:
        """Also follow a running process and its descendants. Raises UsageError where there is none, CapabilityError
        where the right to look for it was given up.
        """
        look_for((pid,), "tree")
        if self._probe:
            self._gather(self._probe, pid)
        else:
            self._roots += (pid,)

    def followed(self) -> list[int]:
        """The ids of the processes that are followed now, the oldest first, without this one."""
        members = self._probe.entries("tree") if self._probe and self._wanted.follow else {}
        found = [_MEMBER.unpack(value + key) for key, value in members.items()]
        return [pid for _, pid in sorted(found) if pid != os.getpid()]

    def refine(self, wanted: Filter) -> None:
        """Another expression from now on. `wanted` says which one holds, also after an exception such as a signal's."""
        rules = wanted.rules() if self._has_rules else None
        try:
            if self._probe and rules is not None:
                self._probe.set_rules(rules)
        finally:
            if not self._probe or self._probe.rules is rules or rules is None:
                self._wanted = wanted

    @property
    def wanted(self) -> Filter:
        """What is asked for."""
        return self._wanted

    def waiting(self) -> Waiting | None:
        """How much waits to be polled; None while nothing is watched."""
        return Waiting(*self._probe.waiting()) if self._probe else None

    def _gather(self, probe: "Probe", pid: int) -> None:
        try:
            is_there = probe.gather(pid)
        except PermissionError as error:
            raise CapabilityError(rights.READERS, "least_rights has given up the right to look for it") from error
        if not is_there:
            raise no_such_process(pid)

    def _launch(self, probe: "Probe", command: Command) -> None:
        """Before the rights are given up, which the command must not inherit. It waits until all is ready."""
        if not self._stopping:
            probe.run("adopt")
            self.began = self._clock.moment()  # no process of the command is older
            command.start()

    def _begin(self, probe: "Probe") -> None:
        """All is attached and silent until here. What comes from the processes that are watched is handled only after
        the rights are given up; the reader's thread has those of the thread that starts it.
        """
        if self._least_rights:
            rights.keep_only(self.needed_capabilities())
        try:
            probe.start_reader()
        except OSError as error:
            raise ResourceError(error) from error
        self.began = self.began or self._clock.moment()
        probe.enable(True)

    def needed_capabilities(self) -> tuple[str, ...]:
        """The capabilities that watching needs on this kernel after it is attached."""
        return rights.needed(self._can_be_read)

    def _can_be_read(self) -> bool:
        """Whether the kernel allows everything that is needed until the end."""
        assert self._probe
        try:
            self._probe.total_lost()
            self._misses(self._probe)
            self._probe.run("identify")
            self._probe.enable(False)
        except OSError:
            return False
        return True

    def poll(self, timeout: float) -> Batch | None:
        """The next events; see `Source.poll`. What an exception, such as a signal's, breaks off is given next time."""
        deadline = time.monotonic() + timeout
        self._identify()
        while self._probe and not self._exhausted and not self._found:
            if not self._stopping and self._probe.has_ended():
                self.stop()
            if self._stopping:
                self._quieten(self._probe)
            self._drain(self._probe)
            if self._found:
                break
            if self._quiet_since is not None:
                if self._is_settled(self._probe, self._quiet_since):
                    self._last_losses(self._probe)
                    break
                time.sleep(SETTLE_STEP_SECONDS)
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                self._drain(self._probe, now=True)
                break
            if self._is_to_look:  # once more after the last event, and then never while nothing happens
                left = min(left, self._looked_at + LOOK_SECONDS - time.monotonic())
            wait({self._probe.fileno(): select.POLLIN}, max(0.0, left))
        return self._found[0] if self._found else None

    def _identify(self) -> None:
        """The monitor's own root may be another than at the last poll. While nothing happens, nobody polls."""
        now = time.monotonic()
        if self._probe and now - self._identified_at >= LOOK_SECONDS:
            self._identified_at = now
            with suppress(OSError):  # without the right to look, the old root stays
                self._probe.run("identify")

    def taken(self, batch: Batch) -> None:
        """What `poll` gave has arrived."""
        if self._found and batch is self._found[0]:
            self._found = self._found[1:]
            if self._found and self._probe:
                self._probe.tell()

    def fileno(self) -> int:
        """A descriptor that can be read while `poll` has something to give, or to do. Raises ValueError once closed."""
        if self._probe is None:
            raise ValueError("the monitor does not watch")
        return self._probe.fileno()

    def stop(self) -> None:
        """Disable every program at once. Detaching them takes half a second; `close` does it."""
        self.ended = self.ended or self._clock.moment()
        self._stopping = True
        if probe := self._probe:
            with suppress(OSError, ValueError):  # refused, which the next poll raises; closed meanwhile
                probe.enable(False)
            probe.tell(of_the_end=True)

    def close(self) -> Rest:
        """Read the counters a last time, detach and unload."""
        probe, self._probe = self._probe, None
        ended, self._exhausted = self._exhausted, True
        if probe is None:
            return Rest()
        if self._home != this_process():
            probe.abandon()
            return Rest()
        try:
            if self._command:
                self._command.poll()
            return Rest() if ended else self._rest(probe)
        finally:
            probe.close()

    def _rest(self, probe: "Probe") -> Rest:
        """What is left of a probe that is closed before all was polled."""
        self._quieten(probe)
        self._losses(probe)
        self._skipped(probe)
        lost = [event for batch in self._found for event in batch.lost()]
        return Rest(lost, self._unread(probe))

    def _unread(self, probe: "Probe") -> int:
        """How many events nobody has polled, of those that the filter's expression asks for."""
        matcher = self._wanted.matcher()
        if matcher is None:
            return probe.unread() + sum(batch.counted for batch in self._found)
        count = sum(batch.matching(matcher).counted for batch in self._found)
        with suppress(ValueError):  # the ring is corrupt
            while len(records := probe.drain(True)):
                count += Batch.checked(records, self._clock.offset_ns(), 0).matching(matcher).counted
                probe.drained()
        return count

    def _quieten(self, probe: "Probe") -> None:
        if self._quiet_since is None:
            probe.enable(False)
            probe.settle()
            self._quiet_since = time.monotonic()

    def _is_settled(self, probe: "Probe", since: float) -> bool:
        return not probe.has_data() or time.monotonic() - since > SETTLE_SECONDS

    # A signal's handler runs, and may raise, only where a function is called or begins, or a loop goes round (CPython's
    # eval breaker). So there is no call between the two statements that report something and note that it was reported.

    def _last_losses(self, probe: "Probe") -> None:
        self._losses(probe)
        self._skipped(probe)
        # a record that was never finished, and nobody knows how many after it
        last = self._lost([(1, "unknown", "unfinished")] if probe.has_data() else [])
        self._found = self._found + last
        if self._command and probe.has_ended():  # the probe saw its exit, a moment before it can be waited for
            self._command.settle()
        self._exhausted = True

    def _drain(self, probe: "Probe", *, now: bool = False) -> None:
        """Into `_found`."""
        if len(records := self._take(probe, now)):
            checked = Batch.checked(records, self._clock.offset_ns(), self._clock.boot_ns())
            found = (with_interpreters(checked),)
            self._found = self._found + found
            probe.drained()
            if self.ended and (last_ns := _last_ns(checked)) > self.ended.boot_ns:  # it was on its way
                self.ended = Moment(last_ns, last_ns + checked.offset_ns)
            self._is_to_look = True
        if (total := probe.total_lost()) != self._total_lost:
            self._losses(probe)
            self._total_lost = total
        if self._is_to_look and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._skipped(probe)
            self._is_to_look = bool(len(records))
            if not self._is_to_look:  # nothing has come for a while
                give_back()

    def _take(self, probe: "Probe", now: bool) -> memoryview:
        """The next records; the same again until `drained`."""
        try:
            return probe.drain(now)
        except ValueError as error:
            raise OnlookerError(f"the ring buffer is corrupt: {error}") from error

    def _losses(self, probe: "Probe") -> None:
        """A report for each of the probe's counters that grew."""
        counts = {
            (name, reason): count
            for name, row in zip(TASK_EVENTS, probe.losses()[1:], strict=True)
            for reason, count in zip(PROBE_REASONS, row, strict=True)
        }
        grown = {key: count - self._told.get(key, 0) for key, count in counts.items()}
        lost = self._lost([(count, of, reason) for (of, reason), count in grown.items() if count > 0])
        self._found = self._found + lost
        self._told = counts

    def _misses(self, probe: "Probe") -> dict[str, int]:
        """The kernel's own count of how often it skipped each program."""
        return {program: probe.misses(program) for attachment in self._attached for program in attachment.programs}

    def _skipped(self, probe: "Probe") -> None:
        """A report for each event that the kernel skipped a program of; "unknown" where it reports several."""
        missed, now = self._misses(probe), time.monotonic()
        if missed == self._missed:
            self._looked_at = now
            return
        grown: Counter[str] = Counter()
        for program, count in missed.items():
            events = {a.event for a in self._attached if program in a.programs}
            grown[events.pop() if len(events) == 1 else "unknown"] += count - self._missed[program]
        lost = self._lost([(count, of, "recursion") for of, count in grown.items() if count > 0])
        self._found = self._found + lost
        self._missed, self._looked_at = missed, now

    def _lost(self, losses: list[tuple[int, str, str]]) -> tuple[Batch, ...]:
        """One batch of reports, of losses now; or none."""
        if not losses:
            return ()
        return (Batch.of_losses(losses, self._clock.offset_ns(), self._clock.boot_ns()),)

    def abandon(self) -> None:
        """In a child of fork(2): the probe is the parent's, and ends with it."""
        self._exhausted = True
        if self._probe:
            self._probe.abandon()
            self._probe = None


def _last_ns(batch: Batch) -> int:
    return max((event.boot_ns for event in batch.after(len(batch) - 1).events()), default=0)
