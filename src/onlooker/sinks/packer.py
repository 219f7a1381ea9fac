"""Makes messages of batches: some at once, numbered, with what was lost before them."""

import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..events import UNCOUNTED
from ..recordings.manifest import boot_id
from ..records import Batch
from .formats import Encode, encoder_of
from .message import Head, Message, own_plan
from .target import Target, target_of

PACK_BYTES = 512 << 10  # of records in a message; 64 KB need a quarter more on the wire
LINGER_SECONDS = 1.0  # how long the first record of a message waits for others
BEAT_SECONDS = 30.0  # a message without records says that nothing happened
SLACK_NS = 1_000_000_000  # what happened before the last look, and is not known yet, is younger
UNSENT = "unsent"

Losses = Counter[tuple[str, str]]
_RAW = target_of("nats://localhost/onlooker")


class Packer:
    """Numbers messages from 1 on. `host` is how this machine is called; `began_ns` is when the watching did, wall-clock
    time in nanoseconds. One thread uses it; any may tell it of losses.
    """

    def __init__(
        self, began_ns: int, *, host: str | None = None, target: Target | None = None, encode: Encode | None = None
    ) -> None:
        """Raises ExtraError where what the target's format needs is not installed."""
        target = target or _RAW
        self.run = began_ns
        self.records = 0  # that were packed
        self._encode = encode or encoder_of(target)
        self._common: dict[str, Any] = {
            "host": host or os.uname().nodename or "localhost",
            "boot_id": boot_id() or "0",
            "run": began_ns,
            "format": target.payload,
            "map": target.map or "",
            "encoding": target.encoding,
            "plan": own_plan()[0],
        }
        self._lock = threading.Lock()  # of the losses, which others tell
        self._seq = 0
        self._until = began_ns
        self._lost: Losses = Counter()
        self._telling: Losses = Counter()  # what the message tells that is not kept yet

    @property
    def seq(self) -> int:
        """Of the last message."""
        return self._seq

    def lose(self, losses: Losses) -> None:
        """The next message tells of them."""
        with self._lock:
            self._lost.update(losses)

    def message(self, batches: Sequence[Batch], *, ended_ns: int | None = None) -> Message:
        """Of these batches, and of what was lost until now. It counts only when it is `kept`, else it must be
        `dropped`. `ended_ns`: it is the last, and the watching ended then.
        """
        with self._lock:  # more may be lost meanwhile
            self._telling, self._lost = self._lost, Counter()
        if self._telling:
            offset_ns = batches[0].offset_ns if batches else _offset_ns()
            boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            told = [(count, of, reason) for (of, reason), count in self._telling.items()]
            batches = [Batch.of_losses(told, offset_ns, boot_ns), *batches]
        records = sum(len(each) for each in batches)
        reports = [each for batch in batches for each in batch.lost()]
        last = _last_ns(batches) if records else 0 if ended_ns else time.time_ns() - SLACK_NS
        head = Head(
            **self._common,
            seq=self._seq + 1,
            first=self.records,
            records=records,
            reports=len(reports),
            lost=sum(each.count for each in reports),
            began_ns=self._until,
            ended_ns=max(self._until, last, ended_ns or 0),
            is_last=ended_ns is not None,
        )
        return Message(head, self._encode(head, batches))

    def kept(self, message: Message) -> None:
        """It is on its way: the next one follows it."""
        self._seq = message.head.seq
        self._until = message.head.ended_ns
        self.records += message.head.records
        self._telling = Counter()

    def dropped(self) -> None:
        """There was no room for the message: the next one tells of what it told."""
        self.lose(self._telling)
        self._telling = Counter()


def counted(batches: Sequence[Batch]) -> Losses:
    """All that is in batches, as if it were lost: their events, and what they report as lost."""
    found: Losses = Counter()
    for batch in batches:
        found.update({(of, UNSENT): count for of, count in batch.counts().items() if of not in UNCOUNTED})
        for loss in batch.lost():
            found[loss.of, loss.reason] += loss.count
    return found


def _last_ns(batches: Sequence[Batch]) -> int:
    """When the last record was, wall-clock time in nanoseconds."""
    last = next(batch for batch in reversed(batches) if len(batch))
    [event] = last.after(len(last) - 1).events()
    return event.boot_ns + last.offset_ns


def _offset_ns() -> int:
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
