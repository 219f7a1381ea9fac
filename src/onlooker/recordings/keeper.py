"""What goes on beside the writing of a recording, in two threads: one makes what was written last, and one tidies what
is finished, which takes longer.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

SYNC_SECONDS = 1.0
CALM_SECONDS = 20.0  # one of 16 MB in so long a time: 0.5 % of a core to seal it
_LOOK_SECONDS = 0.1
# to seal takes longer than to record, and can wait; but not for ever: it holds Python's lock now and then
NICENESS = 10


class Log(Protocol):
    """What the keeper needs of a log."""

    def sync(self) -> None:
        """Make it last. Raises OSError."""

    def close(self) -> None:
        """Let go of it."""


class Keeper:
    """`settle` makes the names of new logs last, `look` is called after that, at least each second, and `tidy` gets the
    number of each log that is finished, synced and closed. What goes wrong is raised by `check`.

    While logs are finished one soon after the other, what is watched has work for all cores: then up to `most_waiting`
    of them wait for a calmer time, or the end.
    """

    def __init__(
        self,
        log: Log,
        settle: Callable[[], None],
        look: Callable[[], None],
        tidy: Callable[[int], None],
        most_waiting: int = 0,
    ) -> None:
        self._log = log
        self._settle, self._look, self._tidy = settle, look, tidy
        self._most_waiting = most_waiting
        self._last_finished = 0.0
        self._turned: queue.SimpleQueue[tuple[int, Log]] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._error: Exception | None = None
        self._wake = threading.Event()
        self._in_need = threading.Event()  # too many wait, or it is the end
        self._is_over = self._has_stopped = False
        self._leaves_the_rest = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin. Raises RuntimeError where there can be no thread."""
        # they inherit the mask: signals are for the thread that watches
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            for work in (self._sync_now_and_then, self._tidy_in_background):
                thread = threading.Thread(target=work, daemon=True)
                thread.start()
                self._threads.append(thread)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def look_now(self) -> None:
        """Do at once what else is done each second."""
        self._wake.set()

    def turned(self, number: int, log: Log, fresh: Log) -> None:
        """One log is finished, and the fresh one follows."""
        self._log = fresh
        self._turned.put((number, log))
        self._wake.set()

    def check(self) -> None:
        """Raises what went wrong in a thread."""
        if self._error:
            error, self._error = self._error, None
            raise error

    def stop(self, wait: Callable[[int], bool] = lambda left: True) -> None:
        """When all that is finished is tidied. Meanwhile `wait` is told now and then how much is left; where it returns
        False, the rest is left as it is. Raises what went wrong; may be called again, and then looks at nothing: what
        is finished is to stay as it is.
        """
        if self._has_stopped:
            return
        self._is_over = True
        self._wake.set()
        self._in_need.set()
        for thread in self._threads[:1]:
            thread.join()
        self._sync()  # what came since the thread looked last
        self._finished.put(None)
        for thread in self._threads[1:]:
            while thread.is_alive():
                thread.join(_LOOK_SECONDS)
                if not wait(self._finished.qsize()):
                    self._leaves_the_rest = True
        if len(self._threads) < 2:
            self._tidy_what_is_finished()
        self._threads = []
        self._has_stopped = True
        self.check()

    def _sync_now_and_then(self) -> None:
        while not self._is_over:
            self._wake.wait(SYNC_SECONDS)
            self._wake.clear()
            self._sync()

    def _sync(self) -> None:
        try:
            settles = False
            while not self._turned.empty():
                number, log = self._turned.get()
                log.sync()
                log.close()
                settles = True
                self._last_finished = time.monotonic()
                self._finished.put(number)
                if self._finished.qsize() >= self._most_waiting:
                    self._in_need.set()
            self._log.sync()
            if settles:
                self._settle()
            self._look()
        except Exception as error:
            self._error = error

    def _tidy_in_background(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)  # of this thread alone
        self._tidy_what_is_finished()

    def _tidy_what_is_finished(self) -> None:
        while (number := self._finished.get()) is not None:
            self._wait_for_calm()
            try:
                if not self._leaves_the_rest:
                    self._tidy(number)
            except Exception as error:
                self._error = error

    def _wait_for_calm(self) -> None:
        while self._may_wait() and (left := self._last_finished + CALM_SECONDS - time.monotonic()) > 0:
            self._in_need.clear()
            if self._may_wait():  # nothing has come between
                self._in_need.wait(left)

    def _may_wait(self) -> bool:
        """The one that is next is in the queue no more."""
        return not self._is_over and 1 + self._finished.qsize() <= self._most_waiting
