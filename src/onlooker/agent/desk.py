"""Other threads ask the loop here; they wait, and the loop never does. While nobody asks, nobody is woken."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Desk(Generic[Answer]):
    """`answer` is called in the loop, once for all who ask at the same time."""

    def __init__(self, answer: Callable[[], Answer]) -> None:
        self._answer = answer
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._changed = threading.Condition()
        self._asked = self._answered = 0
        self._last: Answer | None = None
        self._is_closed = False

    def fileno(self) -> int:
        """Can be read while somebody asks."""
        return self._bell

    def ask(self, seconds: float) -> Answer | None:
        """What the loop says; None where it does not answer in time, or has ended."""
        with self._changed:
            if self._is_closed:
                return None
            self._asked += 1
            number = self._asked
            os.eventfd_write(self._bell, 1)
            self._changed.wait_for(lambda: self._answered >= number or self._is_closed, seconds)
            return self._last if self._answered >= number else None

    def look(self) -> None:
        """In the loop: answer who asks."""
        if self._asked == self._answered:
            return
        with self._changed:
            number = self._asked
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)
        answer = self._answer()
        with self._changed:
            self._answered, self._last = number, answer
            self._changed.notify_all()

    def close(self) -> None:
        """Whoever asks is sent away. May be called again."""
        with self._changed:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._bell)
                self._changed.notify_all()
