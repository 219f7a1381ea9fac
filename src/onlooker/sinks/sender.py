"""Delivers what is in an outbox, as long as it takes: with retries, ever more seldom."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from ..errors import OnlookerError
from .message import Message
from .outbox import Outbox
from .splitting import LEAST_BYTES, parts_of
from .transport import RefusedError, TooLargeError, Transport, TransportError

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
MOST_AT_ONCE = 64
CHECK_SECONDS = 5.0  # whether the connection is still there, where nothing is sent
_CALL_SECONDS = 1.0


class Sender:
    """A thread. `tell` gets a line when the server is not reached any more, and when it is again; `refused` gets a
    message that the server will never take, how many of its events it has not taken (None: all), and why, and gives
    what is to be sent in its place.
    """

    def __init__(
        self,
        transport: Transport,
        outbox: Outbox,
        name: str,
        tell: Callable[[str], None],
        refused: Callable[[Message, int | None, str], Message | None],
    ) -> None:
        self._transport = transport
        self._outbox = outbox
        self._name = name
        self._tell = tell
        self._refused = refused
        self._ends = threading.Event()
        self._gives_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"send {name}"[:15], daemon=True)
        self.counts: Counter[str] = Counter()  # messages, bytes, records: delivered; failures
        self._tried: set[str] = set()  # of the first messages: the server may have them, and must not get them in parts
        self._stand_in = ""  # the id of the last one: what it stands for is not delivered
        self.is_connected = False
        self.failure = ""  # why it is not
        self.death = ""  # why the thread has ended before its time

    def start(self) -> None:
        """Raises RuntimeError where there is no room for a thread."""
        self._thread.start()

    def end(self) -> None:
        """Deliver what there is, and then end."""
        self._ends.set()
        self._outbox.wake()

    @property
    def is_running(self) -> bool:
        """Whether it may deliver more."""
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def give_up(self) -> None:
        """End now; it may be in the middle of a call."""
        self._ends.set()
        self._gives_up.set()
        self._outbox.wake()
        self._thread.join(_CALL_SECONDS)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # nobody would see it
            self.death = self.failure = f"{type(error).__name__}: {error}"[:200]
            self.is_connected = False
            self._say(f"{self._name}: nothing is delivered any more, its thread has ended: {self.death!r}")

    def _say(self, text: str) -> None:
        with suppress(Exception):
            self._tell(text)

    def _close(self) -> None:
        with suppress(Exception):  # of a library; the connection is given up anyhow
            self._transport.close()

    def _work(self) -> None:
        wait = FIRST_WAIT_SECONDS
        is_open = False
        while not self._gives_up.is_set():
            try:
                if not is_open:
                    self._transport.open()
                    is_open = True
                    if not self.failure:
                        self.is_connected = True
                messages = self._outbox.first(MOST_AT_ONCE, CHECK_SECONDS, self._ends.is_set)
                if not messages:
                    if self._ends.is_set():
                        break
                    self._transport.check()
                    self._is_reached()
                    continue
                self._deliver(messages)
                self._is_reached()
                wait = FIRST_WAIT_SECONDS
            except Exception as found:  # what a library raises must not end the thread
                error = (
                    found if isinstance(found, TransportError) else TransportError(f"{type(found).__name__}: {found}")
                )
                is_open = False
                self._close()
                self._is_gone(error)
                jitter = random.uniform(0.5, 1)  # noqa: S311 - so that not all come at once
                self._gives_up.wait(max(wait * jitter, error.seconds))
                wait = min(2 * wait, LONGEST_WAIT_SECONDS if not self._ends.is_set() else 1.0)
        self._close()

    def _deliver(self, messages: list[Message]) -> None:
        """What was made before it was known that the server takes only less is split first."""
        most = self._transport.most_bytes
        large = [place for place, each in enumerate(messages) if len(each) > most and each.head.id not in self._tried]
        if large and not large[0] and self._is_split(messages[0], most):
            return
        self._send(messages[: next(filter(None, large), None)])

    def _is_split(self, message: Message, most_bytes: int) -> bool:
        parts = parts_of(message, most_bytes)
        if not parts or not self._outbox.replace(*parts):
            return False
        self._tried.discard(message.head.id)
        return True

    def _is_smaller(self, message: Message) -> bool:
        """The server takes less than was known: the message is split, and the next are made smaller."""
        most = len(message) * 2 // 3  # what is compressed by itself is more than a half
        if len(message) <= LEAST_BYTES or not self._is_split(message, most):
            return False
        self._transport.most_bytes = max(LEAST_BYTES, min(self._transport.most_bytes, most))
        return True

    def _send(self, messages: list[Message]) -> None:
        taken = 0
        self._tried.update(each.head.id for each in messages)

        def take(count: int, but: int = 0) -> None:
            nonlocal taken
            some = messages[taken : taken + count]
            self._outbox.taken(some)
            self._tried.difference_update(each.head.id for each in some)
            self.counts["messages"] += len(some)
            self.counts["bytes"] += sum(map(len, some))
            self.counts["records"] += sum(each.head.records for each in some if each.head.id != self._stand_in) - but
            taken += len(some)

        try:
            self._transport.send(messages, take)
        except RefusedError as error:
            refused = messages[taken]
            if isinstance(error, TooLargeError) and self._is_smaller(refused):
                return
            if error.records is not None:
                take(1, error.records)
            instead = self._refused(refused, error.records, str(error))
            if instead is not None and self._outbox.replace(instead):
                self._stand_in = instead.head.id
            elif error.records is None:
                self._outbox.taken([refused])
                self._tried.discard(refused.head.id)

    def _is_reached(self) -> None:
        """The server has taken something, or answers: that a connection can be made is not enough."""
        if self.failure:
            self._say(f"{self._name} is reached again")
        self.is_connected, self.failure = True, ""

    def _is_gone(self, error: OnlookerError) -> None:
        self.counts["failures"] += 1
        if not self.failure:
            self._say(f"{self._name}: {error}; events wait, and it tries again")
        self.is_connected, self.failure = False, str(error)


def until(seconds: float) -> Callable[[], float]:
    """How much of so many seconds is left."""
    end = time.monotonic() + seconds
    return lambda: max(0.0, end - time.monotonic())
