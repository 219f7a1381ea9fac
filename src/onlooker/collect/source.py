"""Where a collector gets messages from: a group of consumers among which a server shares them."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from ..errors import ExtraError
from ..sinks.target import Target

SCHEMES = ("nats", "kafka")


class Delivery(NamedTuple):
    """One message as it came. `name`: where it is, for people; `handle` is the source's."""

    name: str
    headers: dict[str, str]
    payload: bytes
    handle: Any


class Source(Protocol):
    """One consumer of the group. One thread at a time uses it. All raise TransportError."""

    def open(self) -> None:
        """Connect, and join the group."""

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        """Some that nobody else has; [] when the time is over."""

    def done(self, deliveries: Sequence[Delivery]) -> None:
        """They need not come again."""

    def hold(self, deliveries: Sequence[Delivery]) -> None:
        """They are still being worked on: nobody else need do it."""

    def waiting(self) -> int:
        """How many nobody has taken yet."""

    def close(self) -> None:
        """May be called again, and after errors. What is not `done` comes again."""


def source_of(target: Target) -> Source:
    """Raises ExtraError where its library is not installed."""
    try:
        module = import_module(f"..{target.scheme}", __name__)
    except ModuleNotFoundError as error:
        raise ExtraError(f"collecting from {target.scheme}", error.name or target.scheme, target.scheme) from error
    made: Source = module.source(target)
    return made
