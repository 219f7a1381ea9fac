"""The loop of `onlooker collect`: it takes messages, commits them to the lake, and only then acknowledges them.

A collector that is killed leaves messages that are not acknowledged, which come to another one, or files that no commit
speaks of, which nobody reads. So nothing is lost, and nothing is there twice.
"""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from ..lake.parts import Held
from ..lake.store import LakeError
from ..lake.unpacking import Unpacking
from ..sinks.message import Head, Message, MessageError, UnknownPlanError
from ..sinks.transport import TransportError
from .source import Delivery, Source

EVERY_SECONDS = 10.0  # a commit
HOLD_SECONDS = 5.0  # a third of what a server waits for an acknowledgement
MOST_BYTES = 64 << 20  # of records in one commit: some 350 000 events
MOST_AT_ONCE = 256
UNKNOWN_SECONDS = 60.0  # for a plan that is not known yet
LONGEST_WAIT_SECONDS = 30.0


class Collector:
    """`counts`: messages that were committed, records in them, duplicates, poison, commits."""

    def __init__(
        self,
        source: Source,
        writer: Unpacking,
        tell: Callable[[str], None],
        *,
        every: float = EVERY_SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._source = source
        self._writer = writer
        self._tell = tell
        self._every = every
        self._most_bytes = most_bytes
        self._stop = threading.Event()
        self._held: list[tuple[Delivery, Held]] = []
        self._bytes = 0
        self._fetched: deque[tuple[Delivery, float | None]] = deque()  # not taken yet; until when their plan may come
        self._unknown: list[tuple[Delivery, float]] = []  # the same
        self._poison: list[Delivery] = []
        self._since = self._held_at = 0.0
        self._failure = ""

    def stop(self) -> None:
        """Commit what there is, and end. May be called by signal handlers."""
        self._stop.set()

    def run(self, seconds: float | None = None) -> None:
        """Until `stop`, or for so many seconds."""
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        wait, is_open = 0.1, False
        while not self._stop.is_set() and time.monotonic() < end:
            try:
                if not is_open:
                    self._source.open()
                    is_open = True
                    self._is_reached()
                self._round(min(1.0, max(0.0, end - time.monotonic())))
                wait = 0.1
            except (TransportError, LakeError) as error:
                self._failed(error)
                if isinstance(error, TransportError):
                    is_open = False
                    self._drop()
                    self._source.close()
                self._stop.wait(wait * random.uniform(0.5, 1))  # noqa: S311 - so that not all come at once
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        try:
            if is_open:
                self._commit()
        finally:
            self._source.close()

    def _round(self, seconds: float) -> None:
        if time.monotonic() >= self._held_at + HOLD_SECONDS:  # also while the lake can't be reached
            here = [*self._held, *self._unknown, *self._fetched]
            self._source.hold([each for each, _ in here] + self._poison)
            self._held_at = time.monotonic()
        if self._bytes < self._most_bytes and not self._fetched:
            due = self._since + self._every - time.monotonic() if self._since else seconds
            found = self._source.fetch(MOST_AT_ONCE, max(0.05, min(seconds, due)))
            self._fetched.extend((each, None) for each in found)
        self._take_all()
        if self._since and (self._bytes >= self._most_bytes or time.monotonic() >= self._since + self._every):
            self._commit()

    def _take_all(self) -> None:
        """What was fetched. Where the lake can't be reached it stays: not every server would send it again."""
        while self._fetched:
            self._since = self._since or time.monotonic()
            self._take(*self._fetched[0])
            self._fetched.popleft()

    def _take(self, delivery: Delivery, until: float | None = None) -> None:
        try:
            head = Head.of(delivery.headers)
            if head.format != "batch":
                raise MessageError(f"its format {head.format!r:.20} can't be collected")
            held = self._writer.unpack(Message(head, delivery.payload))
        except UnknownPlanError as error:
            until = until or time.monotonic() + UNKNOWN_SECONDS
            if time.monotonic() < until:
                self._unknown.append((delivery, until))
            else:
                self._put_aside(delivery, error)
        except MessageError as error:
            self._put_aside(delivery, error)
        else:
            self._held.append((delivery, held))
            self._bytes += sum(len(batch.raw) for batch in held.batches)

    def _put_aside(self, delivery: Delivery, error: MessageError) -> None:
        self._tell(f"{delivery.name} was put aside: {error}")
        self.counts["poison"] += self._writer.put_aside(delivery.name, delivery.headers, delivery.payload, str(error))
        self._poison.append(delivery)

    def _commit(self) -> None:
        self._fetched.extend(self._unknown)
        self._unknown = []
        self._take_all()
        if self._held or self._poison:
            fresh = self._writer.commit([held for _, held in self._held])
            self.counts.update(
                messages=len(fresh),
                records=sum(each.head.records for each in fresh),
                duplicates=len(self._held) - len(fresh),
                commits=int(bool(fresh)),
            )
            done = [delivery for delivery, _ in self._held] + self._poison
            self._held, self._poison, self._bytes = [], [], 0
            self._source.done(done)
            self._writer.tidy()
        self._since = time.monotonic() if self._unknown else 0.0

    def _drop(self) -> None:
        """They come again, to this one or another."""
        self._held, self._unknown, self._poison, self._bytes, self._since = [], [], [], 0, 0.0
        self._fetched.clear()

    def _is_reached(self) -> None:
        if self._failure:
            self._tell("it goes on")
        self._failure = ""

    def _failed(self, error: Exception) -> None:
        self.counts["failures"] += 1
        if not self._failure:
            self._tell(f"{error}; it tries again")
        self._failure = str(error)
