"""Makes messages of batches: some at once, numbered, with what was lost before them."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..events import UNCOUNTED
from ..recordings.manifest import boot_id
from ..records import Batch
from .formats import Encode, encoder_of
from .message import Head, Message, counts_of, own_plan, pack
from .target import Target, target_of

PACK_BYTES = 512 << 10  # of records in a message; 64 KB need a quarter more on the wire
LINGER_SECONDS = 1.0  # how long the first record of a message waits for others
BEAT_SECONDS = 30.0  # a message without records says that nothing happened
SLACK_NS = 1_000_000_000  # what happened before the last look, and is not known yet, is younger
STEP_NS = 1_000_000_000  # of the wall clock: a new run begins; what NTP corrects little by little is less at once
PLAN_EVERY = 64  # messages of the format "batch": in a flood a reader that joins late needs not wait
PLAN_SECONDS = 30.0  # the plan takes 10 KB
UNSENT = "unsent"

Losses = Counter[tuple[str, str]]
_RAW = target_of("nats://localhost/onlooker")
_US = 1000
_runs: set[int] = set()  # of this process
_runs_lock = threading.Lock()


class Step(NamedTuple):
    """The wall clock was set: when that was, by what it said before, and after; nanoseconds since 1970."""

    before_ns: int
    after_ns: int


class Packer:
    """Numbers messages from 1 on. `host` is how this machine is called; `began_ns` is when the watching did, wall-clock
    time in nanoseconds. One thread uses it; any may tell it of losses.
    """

    def __init__(
        self, began_ns: int, *, host: str | None = None, target: Target | None = None, encode: Encode | None = None
    ) -> None:
        """Raises ExtraError where what the target's format needs is not installed."""
        target = target or _RAW
        self._encode = encode or encoder_of(target)
        self._common: dict[str, Any] = {
            "host": host or os.uname().nodename or "localhost",
            "boot_id": boot_id() or "0",
            "format": target.payload,
            "map": target.map or "",
            "encoding": target.encoding,
            "plan": own_plan()[0],
        }
        self._lock = threading.Lock()  # of the losses, which others tell
        self._lost: Losses = Counter()
        self._telling: Losses = Counter()  # what the message tells that is not kept yet
        self._clock = _offset_ns()  # the wall clock minus the boot clock, at the last look
        self._clock_of_batches: int | None = None  # the same, as the last one had it
        self._plan_at = 0.0  # when it is to be sent again
        self._has_plan = False  # the message that is not kept yet
        self.begin(began_ns)

    def begin(self, began_ns: int) -> None:
        """A new run, from that time on. What was lost and is not told yet, it will tell."""
        self.run = _new_run(began_ns)
        self.records = 0  # that were packed
        self._seq = 0
        self._until = began_ns

    @property
    def seq(self) -> int:
        """Of the last message."""
        return self._seq

    def lose(self, losses: Losses) -> None:
        """The next message tells of them."""
        with self._lock:
            self._lost.update(losses)

    def step(self, batches: Sequence[Batch]) -> Step | None:
        """Whether the wall clock was set since the last message; `batches` are of one clock, and what comes next."""
        if batches:
            after, boot_ns = batches[0].offset_ns, batches[0].first_ns
            before = after if self._clock_of_batches is None else self._clock_of_batches
            self._clock_of_batches = before
        else:  # nothing has happened that could show it
            after, boot_ns = _offset_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) - SLACK_NS
            before = self._clock
        self._clock += after - before
        if self._clock_of_batches is not None:
            self._clock_of_batches += after - before
        if abs(after - before) <= STEP_NS:
            return None
        boot_ns = max(boot_ns, self._until - before)
        return Step(boot_ns + before, boot_ns + after)

    def message(
        self, batches: Sequence[Batch], *, ended_ns: int | None = None, most_bytes: int | None = None
    ) -> Message:
        """Of these batches, and of what was lost until now. It counts only when it is `kept`, else it must be
        `dropped`. `ended_ns`: it is the last, and the watching ended then. A plan that makes it larger than
        `most_bytes` waits.
        """
        with self._lock:  # more may be lost meanwhile
            self._telling, self._lost = self._lost, Counter()
        last = _last_ns(batches) or (0 if ended_ns else time.time_ns() - SLACK_NS)
        batches = [*self._reports(self._telling, batches), *batches]
        head = Head(
            **self._common,
            run=self.run,
            seq=self._seq + 1,
            first=self.records,
            **counts_of(batches),
            began_ns=self._until,
            ended_ns=max(self._until, last, ended_ns or 0),
            is_last=ended_ns is not None,
        )
        self._has_plan = self._is_plan_due(head)
        if self._has_plan:
            payload = pack(batches, with_plan=True)
            if most_bytes is None or len(payload) <= most_bytes:
                return Message(head, payload)
            self._has_plan = False
        return Message(head, self._encode(head, batches))

    def kept(self, message: Message) -> None:
        """It is on its way: the next one follows it."""
        self._seq = message.head.seq
        self._until = message.head.ended_ns
        self.records += message.head.records
        self._telling = Counter()
        if self._has_plan:
            self._plan_at = time.monotonic() + PLAN_SECONDS

    def dropped(self) -> None:
        """There was no room for the message: the next one tells of what it told."""
        self.lose(self._telling)
        self._telling = Counter()

    def stand_in(self, message: Message, losses: Losses, encode: Encode) -> Message:
        """In place of a message that the server refuses: it has the same number, takes the numbers of the same records,
        and tells of the losses, so that they are known by their period, and nothing is missing besides. Another
        thread may ask for it, with an encoder of its own.
        """
        batches = self._reports(losses, ())
        counts = counts_of(batches)
        reports = counts.pop("records")
        records = max(message.head.records, reports)
        own = {**self._common, "host": message.head.host, "boot_id": message.head.boot_id}
        head = replace(message.head, **own, **counts, records=records, refused=records - reports)
        return Message(head, encode(head, batches))

    def _is_plan_due(self, head: Head) -> bool:
        """With each beat, too."""
        if self._common["format"] != "batch":
            return False
        return not head.records or head.seq % PLAN_EVERY == 1 or time.monotonic() >= self._plan_at

    def _reports(self, losses: Losses, batches: Sequence[Batch]) -> list[Batch]:
        told = [(count, of, reason) for (of, reason), count in losses.items() if count]
        if not told:
            return []
        offset_ns = batches[0].offset_ns if batches else _offset_ns()
        return [Batch.of_losses(told, offset_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME))]


def by_clock(batches: Sequence[Batch]) -> list[list[Batch]]:
    """In their order, apart where the wall clock was set between two."""
    found: list[list[Batch]] = []
    for batch in batches:
        if found and abs(batch.offset_ns - found[-1][-1].offset_ns) <= STEP_NS:
            found[-1].append(batch)
        else:
            found.append([batch])
    return found


def is_of_this_process(head: Head) -> bool:
    """Whether a run of this process sends it, and not one whose spool was found."""
    return head.run in _runs


def counted(batches: Sequence[Batch]) -> Losses:
    """All that is in batches, as if it were lost: their events, and what they report as lost."""
    found: Losses = Counter()
    for batch in batches:
        found.update({(of, UNSENT): count for of, count in batch.counts().items() if of not in UNCOUNTED})
        for loss in batch.lost():
            found[loss.of, loss.reason] += loss.count
    return found


def _new_run(began_ns: int) -> int:
    """Its name is when it began, but for less than a microsecond: several sinks of one process begin at one time, and
    so may processes.
    """
    run = max(0, began_ns - random.SystemRandom().randrange(_US))
    with _runs_lock:
        while run in _runs:
            run += 1
        _runs.add(run)
    return run


def _last_ns(batches: Sequence[Batch]) -> int:
    """When the last record was, wall-clock time in nanoseconds."""
    last = next((batch for batch in reversed(batches) if len(batch)), None)
    if last is None:
        return 0
    [event] = last.after(len(last) - 1).events()
    return event.boot_ns + last.offset_ns


def _offset_ns() -> int:
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
