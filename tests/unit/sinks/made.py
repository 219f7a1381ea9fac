"""Events for sinks, and a server that does as it is told."""

import time
from collections.abc import Callable, Sequence

from onlooker import Batch, Event
from onlooker.events import CONTEXT_EVENTS
from onlooker.events import EVENTS as KINDS
from onlooker.lake.coverage import periods
from onlooker.lake.scope import Scope, gaps
from onlooker.lake.state import State
from onlooker.sinks.message import Message
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import Target, target_of
from onlooker.sinks.transport import RefusedError, TransportError
from onlooker.testing import make

EVENTS = tuple(name for name in KINDS if name not in CONTEXT_EVENTS)  # that are events of their own in other formats
HOSTILE = b'/srv/\x1b[31m\xff"\\]\n\xe2\x80\xae'.decode("utf-8", "surrogateescape")


def everything() -> list[Event]:
    """An event of each of these kinds."""
    return [make(name) for name in EVENTS]


def opens(count: int, start: int = 0) -> list[Batch]:
    """One batch of so many."""
    return Batch.of([make("open", path=f"/srv/{number}") for number in range(start, start + count)])


class Server:
    """A transport. `failures`: what the next calls of `send` raise, None for success."""

    def __init__(self, *failures: Exception | None, most_bytes: int = 1 << 20) -> None:
        self.most_bytes = most_bytes
        self.got: list[Message] = []
        self.failures = list(failures)
        self.is_down = False
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        if self.is_down:
            raise TransportError("nobody is there")

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        for message in messages:
            failure = self.failures.pop(0) if self.failures else None
            if isinstance(failure, RefusedError) and failure.records is not None:
                self.got.append(message)
            if failure is not None:
                raise failure
            if self.is_down:
                raise TransportError("nobody is there")
            self.got.append(message)
            taken(1)

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


def sink_with(server: Server, url: str = "nats://localhost/onlooker", told: list[str] | None = None) -> Sink:
    """That has begun."""
    target: Target = target_of(url)
    made = Sink(target, (told if told is not None else []).append, transport=server)
    made.start(time.time_ns())
    return made


def missing(state: State) -> tuple[int, int]:
    """How many records of a lake are missing, and how many of its senders broke off."""
    found = gaps(periods(state), Scope())
    return found.missing, found.broken_off
