"""What delivers messages to one kind of server."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from ..errors import ExtraError, OnlookerError
from .message import Message
from .target import Target


class TransportError(OnlookerError):
    """It could not be delivered now, and may be later: not before `seconds`, if the server has said so."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(OnlookerError):
    """The server will never take this message, or has not taken so many of its `records`."""

    def __init__(self, message: str, records: int | None = None) -> None:
        super().__init__(message)
        self.records = records


class TooLargeError(RefusedError):
    """The server takes only smaller messages."""


class Transport(Protocol):
    """One connection. One thread uses it. `most_bytes`: of a payload, as far as is known; a larger one is made again
    as several messages, and what waits already is split. Its sender makes it smaller where the server says so.
    """

    most_bytes: int

    def open(self) -> None:
        """Connect, and see that there is somebody who keeps what is sent. Raises TransportError."""

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """Deliver them in their order; `taken` is told how many more of the first are acknowledged. Raises
        TransportError, and RefusedError of the first that is not taken.
        """

    def check(self) -> None:
        """Called now and then while there is nothing to send. Raises TransportError where the connection is lost."""

    def close(self) -> None:
        """May be called again, and after errors."""


_MODULES = {
    "file": ("file", ""),
    "nats": ("nats", "nats"),
    "kafka": ("kafka", "kafka"),
    "otlp+http": ("otlp", "otlp"),
    "otlp+https": ("otlp", "otlp"),
    "syslog": ("syslog", ""),
    "journald": ("journald", ""),
}


def transport_of(target: Target) -> Transport:
    """Raises ExtraError where its library is not installed."""
    made: Transport = module_of(target).transport(target)
    return made


def module_of(target: Target) -> Any:
    """What makes it, with its library; nothing is opened. Raises ExtraError."""
    name, extra = _MODULES[target.scheme]
    try:
        return import_module(f"..{name}", __name__)
    except ModuleNotFoundError as error:
        raise ExtraError(f"a sink of {target.scheme}", error.name or extra, extra) from error
