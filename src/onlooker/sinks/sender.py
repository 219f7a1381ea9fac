"""Delivers what is in an outbox, as long as it takes: with retries, ever more seldom."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from ..errors import OnlookerError
from .message import Message
from .outbox import Outbox
from .transport import RefusedError, Transport, TransportError

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
MOST_AT_ONCE = 64
CHECK_SECONDS = 5.0  # whether the connection is still there, where nothing is sent
_CALL_SECONDS = 1.0


class Sender:
    """A thread. `tell` gets a line when the server is not reached any more, and when it is again; `refused` gets a
    message that the server will never take, and how many of its events it has not taken.
    """

    def __init__(
        self,
        transport: Transport,
        outbox: Outbox,
        name: str,
        tell: Callable[[str], None],
        refused: Callable[[Message, int, str], None],
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
        self.is_connected = False
        self.failure = ""  # why it is not

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
        wait = FIRST_WAIT_SECONDS
        is_open = False
        while not self._gives_up.is_set():
            try:
                if not is_open:
                    self._transport.open()
                    is_open = True
                    self._is_connected()
                messages = self._outbox.first(MOST_AT_ONCE, CHECK_SECONDS, self._ends.is_set)
                if not messages:
                    if self._ends.is_set():
                        break
                    self._transport.check()
                    continue
                self._deliver(messages)
                wait = FIRST_WAIT_SECONDS
            except Exception as found:  # what a library raises must not end the thread
                error = (
                    found if isinstance(found, TransportError) else TransportError(f"{type(found).__name__}: {found}")
                )
                is_open = False
                self._transport.close()
                self._is_gone(error)
                jitter = random.uniform(0.5, 1)  # noqa: S311 - so that not all come at once
                self._gives_up.wait(max(wait * jitter, error.seconds))
                wait = min(2 * wait, LONGEST_WAIT_SECONDS if not self._ends.is_set() else 1.0)
        self._transport.close()

    def _deliver(self, messages: list[Message]) -> None:
        taken = 0

        def take(count: int, but: int = 0) -> None:
            nonlocal taken
            some = messages[taken : taken + count]
            self._outbox.taken(some)
            self.counts["messages"] += len(some)
            self.counts["bytes"] += sum(map(len, some))
            self.counts["records"] += sum(each.head.records for each in some) - but
            taken += len(some)

        try:
            self._transport.send(messages, take)
        except RefusedError as error:
            refused = messages[taken]
            if error.records is None:
                self._outbox.taken([refused])
            else:
                take(1, error.records)
            self._refused(refused, refused.head.events if error.records is None else error.records, str(error))

    def _is_connected(self) -> None:
        if self.failure:
            self._tell(f"{self._name} is reached again")
        self.is_connected, self.failure = True, ""

    def _is_gone(self, error: OnlookerError) -> None:
        self.counts["failures"] += 1
        if not self.failure:
            self._tell(f"{self._name}: {error}; events wait, and it tries again")
        self.is_connected, self.failure = False, str(error)


def until(seconds: float) -> Callable[[], float]:
    """How much of so many seconds is left."""
    end = time.monotonic() + seconds
    return lambda: max(0.0, end - time.monotonic())
