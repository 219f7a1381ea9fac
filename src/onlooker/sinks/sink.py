"""A sink: batches go in without waiting, and are delivered in other threads."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from ..records import Batch
from .formats import Encode, encoder_of
from .message import Message, MessageError, Unpacker
from .outbox import Outbox
from .packer import BEAT_SECONDS, LINGER_SECONDS, PACK_BYTES, UNSENT, Losses, Packer, by_clock, counted
from .sender import Sender, until
from .splitting import halves
from .target import Target
from .transport import Transport, transport_of

INBOX_BYTES = 32 << 20  # of batches that are not packed yet: some 160 000 events
CLOSE_SECONDS = 10.0
MOST_READ_BYTES = 4 << 20  # of messages that are lost, to count them by kind: some 0.1 s
MOST_TOLD = 8  # reasons why something was lost
_SLICE_SECONDS = 0.1


class Sink:
    """Takes batches, and never makes its caller wait: what there is no room for is counted as lost, for the reason
    "unsent", and told downstream by the next message.

    `lost` is what was not delivered, by kind of event and reason; after `close` it is final. Losses that the batches
    themselves report are not in it.
    """

    def __init__(
        self,
        target: Target,
        tell: Callable[[str], None],
        *,
        host: str | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Raises ExtraError, and UsageError, also where the spool can't be used."""
        self.target = target
        self.lost: Losses = Counter()
        self.kept = 0  # messages that stay in the spool for the next run
        self.left_over = 0  # messages of earlier runs that were there
        self.is_end_told = True  # or will be, by the next run; False where receivers will say that it broke off
        self._tell = tell
        self._host = host
        self._encode = encoder_of(target)
        spool = Path(target.spool) if target.spool is not None else None
        try:
            self.outbox = Outbox(target.memory, spool, target.disk)
        except OSError as error:
            hint = "spool=DIR, which this user may write to, and no other onlooker uses"
            raise UsageError(f"{target}: can't use the spool {target.spool!r}: {error.strerror}", hint) from error
        self.left_over = len(self.outbox)
        self._transport = transport or transport_of(target)
        self.sender = Sender(self._transport, self.outbox, str(target), tell, self._refused)
        self._stand_ins: tuple[Encode, Unpacker] | None = None  # what the sender's thread makes them with
        self._stands_in: dict[str, Losses] = {}  # the last one, and what it tells
        self.death = ""  # why packing has ended before its time
        self._inbox: deque[Batch] = deque()
        self._inbox_bytes = 0
        self._changed = threading.Condition()
        self._ends = False
        self._ended_ns = 0
        self._is_end_packed = False
        self._in_hand: list[Batch] = []  # what is being packed
        self._is_over = False  # all is counted
        self._told: set[str] = set()
        self._packer: Packer | None = None
        self._thread = threading.Thread(target=self._run, name="pack", daemon=True)

    def start(self, began_ns: int) -> None:
        """The watching has begun then: wall-clock time in nanoseconds. Raises RuntimeError where there is no room for
        threads.
        """
        self._packer = Packer(began_ns, host=self._host, target=self.target, encode=self._encode)
        self.sender.start()
        self._thread.start()

    @property
    def inbox_bytes(self) -> int:
        """Of the batches that are not packed yet."""
        return self._inbox_bytes

    @property
    def is_alive(self) -> bool:
        """Whether both threads do their work, between `start` and `close`."""
        return self._thread.is_alive() and self.sender.is_running

    def write(self, batch: Batch) -> None:
        """At once, whatever the server does."""
        size = len(batch.raw)
        with self._changed:
            if self._inbox_bytes + size > INBOX_BYTES or self.death:
                self._lose(counted([batch]))
                return
            self._inbox.append(batch)
            self._inbox_bytes += size
            if len(self._inbox) == 1 or self._inbox_bytes >= PACK_BYTES:
                self._changed.notify()

    def end(self, ended_ns: int | None = None) -> None:
        """The watching ended then, wall-clock time in nanoseconds (None: now): deliver the last. `close` waits for it,
        so that several sinks may do it at once.
        """
        with self._changed:
            self._ended_ns = self._ended_ns or ended_ns or time.time_ns()
            self._ends = True
            self._changed.notify()

    def close(
        self,
        ended_ns: int | None = None,
        seconds: float = CLOSE_SECONDS,
        gives_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """`end`, and wait until all is delivered, for at most so long, and while `gives_up` does not say otherwise;
        what stays is in the spool, or lost. May be called again.
        """
        left = until(seconds)
        self.end(ended_ns)
        if self._thread.ident is None:
            return
        while self._thread.is_alive() and left() and not gives_up():
            self._thread.join(min(_SLICE_SECONDS, left()))
        self.sender.end()
        while self.sender.is_running and left() and not gives_up():
            self.sender.join(min(_SLICE_SECONDS, left()))
        self.sender.give_up()
        unsent = self.outbox.close()
        unsent_events = _events_of(unsent)
        with self._changed:  # what could not even be packed in time
            if not self._is_over:
                self._lose(counted([*self._in_hand, *self._inbox]))
                self._lose(unsent_events)
                for count, what, reason in (
                    (self.outbox.damaged, "are damaged; they stay", "damaged"),
                    (self.outbox.gone, "are gone, and nobody here has removed them", UNSENT),
                ):
                    if count:
                        self._tell(f"{self.target}: {count} files of {self.target.spool} {what}")
                        self.lost["unknown", reason] += count
                self.lost = +self.lost  # without what is 0
            self._is_over = True
            self._inbox.clear()
        self.kept = len(self.outbox)
        if self.target.has_topic and self.is_end_told:  # others have no messages but events
            self.is_end_told = self._is_end_packed and not any(message.head.is_last for message in unsent)

    def _lose(self, losses: Losses) -> None:
        """With `_changed` held."""
        if not self._is_over:
            self.lost.update({what: count for what, count in losses.items() if what[1] == UNSENT})
        assert self._packer
        self._packer.lose(losses)

    def _refused(self, message: Message, events: int | None, why: str) -> Message | None:
        """Called by the sender's thread. What the next message need not tell, the one in its place does."""
        assert self._packer
        lost = message.head.events if events is None else events
        self._tell_once(f"{lost} of {message.head.records} records of a message were refused: {why}", why)
        if events is not None:
            with self._changed:
                self._lose(Counter({("unknown", UNSENT): events}))
            return None
        if (told := self._stands_in.pop(message.head.id, None)) is not None:  # refused, too
            self._packer.lose(told)
            return None
        try:
            encode, unpacker = self._stand_ins = self._stand_ins or (encoder_of(self.target), Unpacker())
            events_lost, reports = _losses_of(message, unpacker)
            instead = self._packer.stand_in(message, events_lost + reports, encode)
        except Exception as error:
            self._tell_once(f"{type(error).__name__} while a message was made: {str(error)[:200]!r}", "stand-in")
            with self._changed:
                self._lose(Counter({("unknown", UNSENT): lost}))
            return None
        with self._changed:
            if not self._is_over:
                self.lost.update(events_lost)
        self._stands_in = {message.head.id: events_lost + reports}
        return instead

    def _tell_once(self, text: str, why: str) -> None:
        """Without `_changed` held, since it may wait; not again for the same reason, nor for the hundredth."""
        if why not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(why)
            self._tell(f"{self.target}: {text}")

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # nobody would see it
            self.death = f"{type(error).__name__}: {error}"[:200]
            with suppress(Exception):
                self._tell(f"{self.target}: what comes now is lost, the thread that packs it has ended: {self.death!r}")

    def _work(self) -> None:
        self._pack([])  # says that the run has begun, and how its records are read
        while True:
            batches, ends = self._next()
            if batches or ends or self._is_due():
                self._pack_all(batches, ended_ns=self._ended_ns if ends else None)
            if ends:
                return

    def _is_due(self) -> bool:
        return time.monotonic() >= self._beat_at

    def _next(self) -> tuple[list[Batch], bool]:
        """Batches for one message, and whether it is the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._ends, max(0.0, self._beat_at - time.monotonic()))
            if self._inbox:
                self._changed.wait_for(lambda: self._inbox_bytes >= PACK_BYTES or self._ends, LINGER_SECONDS)
            found: list[Batch] = []
            size = 0
            while self._inbox and (not found or size + len(self._inbox[0].raw) <= PACK_BYTES):
                found.append(self._inbox.popleft())
                size += len(found[-1].raw)
            self._inbox_bytes -= size
            self._in_hand = found
            return found, self._ends and not self._inbox

    def _pack_all(self, batches: list[Batch], *, ended_ns: int | None = None) -> None:
        """Where the wall clock was set, one run ends and another begins: the periods of a run go on and on."""
        assert self._packer
        groups = by_clock(batches) or [[]]
        for group in groups:
            if step := self._packer.step(group):
                self._pack([], ended_ns=step.before_ns)
                self._packer.begin(step.after_ns)
            self._pack(group, ended_ns=ended_ns if group is groups[-1] else None)

    def _pack(self, batches: list[Batch], *, ended_ns: int | None = None) -> None:
        """As one message, or as several where one is larger than the server takes."""
        assert self._packer
        self._beat_at = time.monotonic() + BEAT_SECONDS
        message = self._made(batches, ended_ns)
        if message is not None and len(message) > self._transport.most_bytes and sum(map(len, batches)) > 0:
            self._packer.dropped()
            self._pack_smaller(batches, len(message), ended_ns=ended_ns)
        elif message is not None and self._has_room(message):
            self._keep(message)
            with self._changed:
                self._in_hand = self._in_hand[len(batches) :]
        else:
            self._packer.dropped()
            self._lost_in_hand(batches)
            if ended_ns:  # its end must be told, and what was lost
                message = self._made([], ended_ns)
                if message is not None and self._has_room(message, is_needed=True):
                    self._keep(message)
                else:
                    self._packer.dropped()

    def _keep(self, message: Message) -> None:
        assert self._packer
        self._packer.kept(message)
        self._is_end_packed = message.head.is_last

    def _made(self, batches: list[Batch], ended_ns: int | None) -> Message | None:
        assert self._packer
        try:
            return self._packer.message(batches, ended_ns=ended_ns, most_bytes=self._transport.most_bytes)
        except Exception as error:  # the next batch may do better
            name = type(error).__name__
            self._tell_once(f"{name} while a message was made: {str(error)[:200]!r}", name)
            return None

    def _has_room(self, message: Message, *, is_needed: bool = False) -> bool:
        try:
            return self.outbox.put(message, is_needed=is_needed)
        except OSError as error:
            self._tell_once(f"can't write to the spool: {error.strerror}", str(error.strerror))
            return False

    def _pack_smaller(self, batches: list[Batch], size: int, *, ended_ns: int | None) -> None:
        """In halves; what is one event is lost."""
        first, second = halves(batches)
        with self._changed:
            self._in_hand = [*first, *second, *self._in_hand[len(batches) :]]
        if not second:
            self._tell_once(f"an event needs {size} bytes, and the server takes {self._transport.most_bytes}", "size")
            self._lost_in_hand(first)
            first = []
        else:
            self._pack(first)
        if second or ended_ns:
            self._pack(second, ended_ns=ended_ns)

    def _lost_in_hand(self, batches: list[Batch]) -> None:
        with self._changed:
            self._in_hand = self._in_hand[len(batches) :]
            self._lose(counted(batches))


def _events_of(messages: Sequence[Message]) -> Losses:
    """As lost: by kind, of as many messages as take a moment to read."""
    found: Losses = Counter()
    unpacker, room = Unpacker(), MOST_READ_BYTES
    for message in messages:
        room -= len(message)
        if room >= 0:
            found += _losses_of(message, unpacker)[0]
        else:
            found["unknown", UNSENT] += message.head.events
    return found


def _losses_of(message: Message, unpacker: Unpacker) -> tuple[Losses, Losses]:
    """Its events, as lost, and what it reports of others: by kind where that can be read."""
    if message.head.format == "batch":
        with suppress(MessageError):
            batches = unpacker.batches(message)
            reports: Losses = Counter()
            for loss in (loss for batch in batches for loss in batch.lost()):
                reports[loss.of, loss.reason] += loss.count
            return counted(batches) - reports, reports
    return (
        Counter({("unknown", UNSENT): message.head.events}),
        Counter({("unknown", UNSENT): message.head.lost}),
    )
