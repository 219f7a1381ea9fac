"""A clean end: signals, and notices to systemd."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

# a hang-up stays ignored where nohup(1) wants it so; an interrupt does not, although shells make background jobs ignore
# it, because scripts end a monitor with `kill -INT`
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# a signal so soon after another is the same one: make(1) and others pass it on within milliseconds, and nobody reads a
# line and presses Ctrl-C as soon as that
ECHO_SECONDS = 0.3
LATE_SECONDS = 1.0  # a signal so soon after its time was up is meant to end it, and not to drop what was seen
GRACE_SECONDS = 2.0  # how long the end waits for a reader that does not read


class Shutdown:
    """While it is entered, the first SIGINT, SIGTERM or SIGHUP calls `stop`, a second one says that what was seen may
    be dropped, and a third ends the process. They also come where the parent had blocked them.

    One that comes right after another is the same one: make(1), timeout(1) and sudo(8) pass on to their child what the
    terminal has sent to it already. Where `hang_up` is set, SIGHUP calls that instead, each time.
    """

    hang_up: Callable[[], None] | None = None

    def __init__(self, stop: Callable[[], None], tell: Callable[[str], None] = lambda text: None) -> None:
        """`stop` is called by signal handlers and other threads, more than once; `tell` prints a message."""
        self._stop = stop
        self._tell = tell
        self._end = float("inf")
        self._dropped_at: float | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._blocked: set[signal.Signals] = set()
        self._by: int | None = None
        self._told = False

    def __enter__(self) -> Self:
        for number in SIGNALS:
            before = signal.getsignal(number)
            if number is not signal.SIGHUP or before is not signal.SIG_IGN or self.hang_up:
                self._before[number] = signal.signal(number, self._handle)
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._blocked = {number for number in SIGNALS if number in blocked}
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, self._blocked)
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if number == signal.SIGHUP and self.hang_up:
            self.hang_up()
        elif now < self._end:
            self._end, self._by = now, number
            self._stop()
        elif now - (self._dropped_at or self._end) <= (ECHO_SECONDS if self._dropped_at else self._deaf_seconds):
            return
        elif self._dropped_at is None:
            self._dropped_at = now
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def ends_in(self, seconds: float | None) -> None:
        """It ends after that time, without a signal. None: only by a signal."""
        if seconds is not None:
            self._end = min(self._end, time.monotonic() + seconds)

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal has ended it."""
        return self._by is not None

    @property
    def is_dropped(self) -> bool:
        """Whether a second signal has come: nothing more need be written."""
        return self._dropped_at is not None

    def seconds_over(self) -> float:
        """How long ago it was to end; 0.0 or less before."""
        return time.monotonic() - self._end

    def remind(self, *, at_once: bool = False) -> None:
        """See that it ends, and say, once, that it still writes and how to end that. To be called now and then; most
        is written before that is worth a line, unless it is to be said `at_once`.
        """
        over = self.seconds_over()
        if over >= 0:
            self._stop()
        if (
            over > (0 if at_once and self.is_interrupted else self._deaf_seconds)
            and not self._told
            and not self.is_dropped
        ):
            self._told = True
            self._tell(f"writing what was seen; {self._how_to_drop()} drops it")

    @property
    def _deaf_seconds(self) -> float:
        """For how long after its end no signal drops anything."""
        return ECHO_SECONDS if self.is_interrupted else LATE_SECONDS

    def _how_to_drop(self) -> str:
        """What to press, or to send where there is no terminal to press it in."""
        if has_terminal():
            return "Ctrl-C again" if self._by == signal.SIGINT else "Ctrl-C"
        return "SIGTERM" if self._by is None else f"{signal.Signals(self._by).name} again"

    def gives_up(self) -> bool:
        """Whether not to wait any longer for a reader that does not read."""
        self.remind()
        return self.is_dropped or self.seconds_over() > GRACE_SECONDS


def has_terminal() -> bool:
    """Whether somebody may press Ctrl-C: messages or what is typed are a terminal's."""
    for stream in (sys.stderr, sys.stdin):
        with suppress(OSError, ValueError, AttributeError):  # closed, or None
            if os.isatty(stream.fileno()):
                return True
    return False


def notify_systemd(state: str) -> None:
    """Tell the service manager, if one asks for it; sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    import socket  # takes five milliseconds, and is rarely needed

    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as unix:
        unix.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
