"""The loop of `onlooker collect`: it takes messages, commits them to the lake, and only then acknowledges them.

A collector that is killed leaves messages that are not acknowledged, which come to another one, or files that no commit
speaks of, which nobody reads. So nothing is lost, and nothing is there twice.
"""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress

from ..errors import ExtraError, UsageError
from ..lake.aside import Aside
from ..lake.parts import Held
from ..lake.store import LakeError
from ..lake.unpacking import Unpacking
from ..sinks.message import MessageError, UnknownPlanError
from ..sinks.transport import TransportError
from .committing import OVERHEAD_BYTES, bytes_of, committed, unpacked
from .source import Delivery, Source
from .told import Told, said

EVERY_SECONDS = 10.0  # a commit
HOLD_SECONDS = 5.0  # a third of what a server waits for an acknowledgement
MOST_BYTES = 64 << 20  # of what waits for a commit, most of it records: some 350 000 events
MOST_AT_ONCE = 256
UNKNOWN_SECONDS = 150.0  # for a plan that is not known yet: senders send it at least each minute
LONGEST_WAIT_SECONDS = 30.0
_LAKE, _MERGING = "the lake", "merging files"  # what may fail, beside the source


class Collector:
    """`counts`: messages that were committed, records in them, duplicates, poison, commits. `name`: of the source, for
    people.
    """

    def __init__(
        self,
        source: Source,
        writer: Unpacking,
        tell: Callable[[str], None],
        *,
        every: float = EVERY_SECONDS,
        most_bytes: int = MOST_BYTES,
        name: str = "the server",
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._source = source
        self._using = threading.Lock()  # the source, and changing what is `finished`
        self._writer = writer
        self._told = Told(tell)
        self._name = name
        self._every = every
        self._most_bytes = most_bytes
        self._stop = threading.Event()
        self._is_over = threading.Event()
        self._held: list[tuple[Delivery, Held]] = []
        self._bytes = 0  # of what is held, and of poison
        self._fetched: deque[tuple[Delivery, float | None]] = deque()  # not taken yet; until when their plan may come
        self._unknown: list[tuple[Delivery, float]] = []  # the same
        self._unknown_bytes = 0
        self._poison: list[tuple[Delivery, str]] = []  # and why
        self._finished: list[Delivery] = []  # in the lake, and not acknowledged
        self._since = self._held_at = 0.0
        self._is_open = False

    @property
    def failure(self) -> str:
        """Why the server or the lake can't be used now; "" where they can."""
        return next((why for what, why in self._told.failing.items() if what != _MERGING), "")

    def stop(self) -> None:
        """Commit what there is, and end. May be called by signal handlers."""
        self._stop.set()

    def run(self, seconds: float | None = None) -> None:
        """Until `stop`, or for so many seconds. What can't be done now is told and tried again; raises UsageError,
        ExtraError, and at the end TransportError and LakeError.
        """
        holder = threading.Thread(target=self._keep_holding, name="hold", daemon=True)
        holder.start()
        try:
            self._run(time.monotonic() + seconds if seconds is not None else float("inf"))
            if self._is_open:
                self._commit()
        except (OSError, RuntimeError, ValueError) as error:
            raise LakeError(f"what was collected last is not in the lake: {said(error)}") from error
        finally:
            self._is_over.set()
            holder.join()
            self._told.sum_up(at_once=True)
            self._source.close()

    def _run(self, end: float) -> None:
        wait = 0.1
        while not self._stop.is_set() and time.monotonic() < end:
            try:
                if not self._is_open:
                    with self._using:
                        self._source.open()
                        self._is_open = True
                    self._told.works(self._name)
                self._round(min(1.0, max(0.0, end - time.monotonic())))
                wait = 0.1
            except (UsageError, ExtraError):
                raise
            except Exception as error:  # such as a full disk, as DuckDB tells it: nothing is acknowledged
                self.counts["failures"] += 1
                is_transport = isinstance(error, TransportError)
                self._told.failed(self._name if is_transport else _LAKE, error)
                if is_transport:
                    self._drop()
                some = wait * random.uniform(0.5, 1)  # noqa: S311 - so that not all come at once
                self._stop.wait(min(some, max(0.0, end - time.monotonic())))
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _round(self, seconds: float) -> None:
        if time.monotonic() >= self._held_at + HOLD_SECONDS:
            with self._using:
                self._hold()
        if not self._is_full and not self._fetched:
            due = self._since + self._every - time.monotonic() if self._since else seconds
            with self._using:
                found = self._source.fetch(MOST_AT_ONCE, max(0.05, min(seconds, due)))
                self._fetched.extend((each, None) for each in found)
        self._take_all()
        self._told.sum_up()
        if self._since and (self._is_full or time.monotonic() >= self._since + self._every):
            self._commit()

    @property
    def _is_full(self) -> bool:
        return self._bytes >= self._most_bytes

    def _hold(self) -> None:
        here = [*self._held.copy(), *self._unknown.copy(), *self._fetched.copy(), *self._poison.copy()]
        self._source.hold([each for each, _ in here] + self._finished)
        self._held_at = time.monotonic()

    def _keep_holding(self) -> None:
        """In a thread of its own: a commit may take longer than servers wait, and so may a lake that is away."""
        while not self._is_over.wait(min(1.0, HOLD_SECONDS)):
            if time.monotonic() < self._held_at + HOLD_SECONDS or not self._using.acquire(blocking=False):
                continue  # who fetches also holds
            try:
                if self._is_open:
                    with suppress(TransportError):  # whoever uses it next is told
                        self._hold()
            finally:
                self._using.release()

    def _take_all(self) -> None:
        """What was fetched, as long as there is room. Where the lake can't be reached it stays: not every server would
        send it again.
        """
        while self._fetched and not self._is_full:
            self._since = self._since or time.monotonic()
            self._take(*self._fetched[0])
            self._fetched.popleft()

    def _take(self, delivery: Delivery, until: float | None = None) -> None:
        size = len(delivery.payload) + OVERHEAD_BYTES
        try:
            held = unpacked(self._writer, delivery.headers, delivery.payload)
        except UnknownPlanError as error:
            until = until or time.monotonic() + UNKNOWN_SECONDS
            if time.monotonic() >= until:
                self._put_aside(delivery, str(error))
            elif self._unknown_bytes + size > self._most_bytes // 2:
                self._put_aside(delivery, f"{error}, and too many wait for theirs")
            else:
                self._unknown.append((delivery, until))
                self._unknown_bytes += size
        except MessageError as error:
            self._put_aside(delivery, str(error))
        else:
            self._held.append((delivery, held))
            self._bytes += bytes_of(delivery.payload, held)

    def _put_aside(self, delivery: Delivery, why: str) -> None:
        self._told.put_aside(delivery.name, why)
        self._poison.append((delivery, why))
        self._bytes += len(delivery.payload) + OVERHEAD_BYTES

    def _commit(self) -> None:
        self._fetched.extend(self._unknown)
        self._unknown, self._unknown_bytes = [], 0
        self._take_all()
        if self._held or self._poison or self._finished:
            self._write()
            with self._using:
                self._source.done(self._finished)
                self._finished = []
            self._told.works(_LAKE)
            self._tidy()
        self._since = time.monotonic() if self._unknown or self._fetched else 0.0

    def _write(self) -> None:
        """What is held, then what makes no sense."""
        if self._held:
            fresh, count = self._committed(), len(self._held)
            self.counts.update(
                messages=len(fresh),
                records=sum(each.head.records for each in fresh),
                duplicates=count - len(fresh),
                commits=int(bool(fresh)),
            )
            self._finished, self._held = self._finished + [delivery for delivery, _ in self._held], []
        if self._poison:
            aside = [Aside(each.name, each.headers, each.payload, why) for each, why in self._poison]
            self.counts["poison"] += self._writer.put_aside(aside)
            self._finished, self._poison = self._finished + [delivery for delivery, _ in self._poison], []
        self._bytes = 0

    def _committed(self) -> list[Held]:
        """Where a value of a message has no place in the lake, the others are committed each by itself."""
        fresh, refused = committed(self._writer, [held for _, held in self._held])
        for place, why in refused.items():
            self._put_aside(self._held[place][0], why)
        self._held = [each for place, each in enumerate(self._held) if place not in refused]
        return fresh

    def _tidy(self) -> None:
        """What fails here fails for nobody else: all is in the lake."""
        try:
            self._writer.tidy()
        except Exception as error:
            self.counts["failures"] += 1
            self._told.failed(_MERGING, error)
        else:
            self._told.works(_MERGING)

    def _drop(self) -> None:
        """They come again, to this one or another."""
        with self._using:
            self._is_open = False
            self._held, self._unknown, self._poison, self._finished = [], [], [], []
            self._bytes, self._unknown_bytes, self._since = 0, 0, 0.0
            self._fetched.clear()
            self._source.close()
