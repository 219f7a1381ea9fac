"""Ending well: signals, and word to systemd."""

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

# a hang-up stays ignored where nohup(1) wants it so; an interrupt does not, although shells make background jobs ignore
# it, because scripts end a monitor with `kill -INT`
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ECHO_SECONDS = 1.5  # longer than detaching takes, during which no handler can run
GRACE_SECONDS = 2.0  # how long the end waits for a reader that does not read


class Ending:
    """While it is entered, the first SIGINT, SIGTERM or SIGHUP calls `stop`, and a later one ends the process.

    One that comes right after the first is the same one: make(1), timeout(1) and sudo(8) pass on to their child what
    the terminal has sent to it already. Where `hang_up` is set, SIGHUP calls that instead, each time.
    """

    hang_up: Callable[[], None] | None = None

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._since: float | None = None
        self._end = float("inf")
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            before = signal.getsignal(number)
            if number is not signal.SIGHUP or before is not signal.SIG_IGN or self.hang_up:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self.hang_up:
            self.hang_up()
        elif self._since is None:
            self._since = time.monotonic()
            self.end_by(self._since)
            self._stop()
        elif time.monotonic() - self._since > ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def end_by(self, when: float) -> None:
        """It is to end at that time (of time.monotonic) or before."""
        self._end = min(self._end, when)

    def is_overdue(self) -> bool:
        """Whether it was to end some seconds ago."""
        return time.monotonic() - self._end > GRACE_SECONDS


def notify_systemd(state: str) -> None:
    """Tell the service manager, if one asks for it; sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as unix:
        unix.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
