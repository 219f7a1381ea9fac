"""Work in a thread of its own, so that this one can write, see to signals, and tell how far it is."""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

_WAIT_SECONDS = 0.1
_QUIET_SECONDS = 2.0  # what takes no longer needs no progress
_MOST_WAITING = 8  # chunks


class CancelledError(Exception):
    """Nobody wants the rest."""


class Background:
    """Calls `work`, which gives chunks by `give`. `cancel` makes it end soon, and is called until it has."""

    def __init__(self, work: Callable[[], None], cancel: Callable[[], None]) -> None:
        self._work, self._cancel = work, cancel
        self._chunks: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._error: BaseException | None = None
        self._is_over = threading.Event()
        self.is_cancelled = False

    def cancel(self) -> None:
        """It need not go on."""
        self.is_cancelled = True

    def check(self) -> None:
        """Raises CancelledError where it need not."""
        if self.is_cancelled:
            raise CancelledError

    def give(self, chunk: bytes) -> None:
        """Called by the work; waits for room. Raises CancelledError."""
        while True:
            self.check()
            with suppress(queue.Full):
                return self._chunks.put(chunk, timeout=_WAIT_SECONDS)

    def chunks(self, tick: Callable[[], None]) -> Iterator[bytes]:
        """All chunks; `tick` is called some times a second. Raises what the work raises, but not CancelledError."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            while not self.is_cancelled and not (self._is_over.is_set() and self._chunks.empty()):
                tick()
                with suppress(queue.Empty):
                    yield self._chunks.get(timeout=_WAIT_SECONDS)
        finally:
            self.is_cancelled = self.is_cancelled or not self._is_over.is_set()
            while not self._is_over.wait(_WAIT_SECONDS):
                self._cancel()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except CancelledError:
            pass
        except BaseException as error:
            if not self.is_cancelled:  # else it is how it ended
                self._error = error
        finally:
            self._is_over.set()


class Progress:
    """How far it is, on a terminal, if it takes long. `done` gives what is done, out of 100, or less than 0."""

    def __init__(self, done: Callable[[], float], *, is_wanted: bool) -> None:
        self._done = done
        self._is_wanted = is_wanted and sys.stderr is not None and sys.stderr.isatty()
        self._since = time.monotonic()
        self._shown = ""

    def show(self) -> None:
        """Bring it up to date."""
        if not self._is_wanted or time.monotonic() - self._since < _QUIET_SECONDS:
            return
        done = self._done()
        text = f"onlooker: {done:.0f} %" if done >= 0 else "onlooker: at work"
        if text != self._shown:
            self._write(f"\r\x1b[K{text}")
            self._shown = text

    def hide(self) -> None:
        """Before anything else is written to the terminal."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = ""

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()
