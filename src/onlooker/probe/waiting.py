"""Waiting for descriptors for as long as it takes: signals and other threads end it, and no clock has to."""

import os
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

_LONGEST_MS = 2**31 - 1  # poll(2)
_pipe: tuple[int, int] | None = None  # of this process, for all waits; never closed, as a signal can come late


def wait(descriptors: Mapping[int, int], seconds: float | None = None) -> None:
    """Until one of the descriptors is ready for its events (poll(2)), a signal has come, or the time is over."""
    poller = select.poll()
    for descriptor, events in descriptors.items():
        poller.register(descriptor, events)
    with _signals(poller):
        poller.poll(None if seconds is None else min(1 + int(seconds * 1000), _LONGEST_MS))


@contextmanager
def _signals(poller: select.poll) -> Iterator[None]:
    """The poll ends when a signal comes that has a handler in Python.

    A handler runs only between two steps of Python, so one whose signal came just before poll(2) would wait until that
    ends, and poll(2) would know nothing of it. What came before this began is handled when `set_wakeup_fd` returns.
    """
    reading, writing = _own_pipe()
    try:
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    except ValueError:  # not in the main thread, which all handlers run in
        yield
        return
    try:
        poller.register(reading, select.POLLIN)
        yield
    finally:
        signal.set_wakeup_fd(before)
        with suppress(OSError):  # none has come, or the other end is closed
            come = os.read(reading, 4096)
            if before >= 0:
                os.write(before, come)


def prepare() -> None:
    """Open the descriptors that a wait needs, so that a later wait can't fail for lack of them. Raises OSError."""
    _own_pipe()


def _own_pipe() -> tuple[int, int]:
    global _pipe
    if _pipe is None:
        _pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    return _pipe


def _forget_in_child() -> None:
    """A child of fork(2) must not share the parent's pipe."""
    global _pipe
    if _pipe is not None:
        for descriptor in _pipe:
            os.close(descriptor)
    _pipe = None


os.register_at_fork(after_in_child=_forget_in_child)
