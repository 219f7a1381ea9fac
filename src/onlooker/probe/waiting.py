"""Waiting for descriptors for as long as it takes: signals and other threads end it, and no clock has to."""

import os
import select
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

_LONGEST_MS = 2**31 - 1  # poll(2)
_pipe: tuple[int, int] | None = None  # of this process, for all waits; never closed, as a signal can come late
_last: tuple[dict[int, int], select.poll] | None = None  # what the main thread waited for
_set_wakeup_fd = partial(signal.set_wakeup_fd, warn_on_full_buffer=False)


def wait(descriptors: Mapping[int, int], seconds: float | None = None) -> None:
    """Until one of the descriptors is ready for its events (poll(2)), a signal has come, or the time is over.

    A handler in Python runs only between two steps of Python, so one whose signal came just before poll(2) would wait
    until that ends, and poll(2) would know nothing of it. What came before this began is handled when `set_wakeup_fd`
    returns; what comes later ends this wait, or at the latest the next one.
    """
    milliseconds = None if seconds is None else min(1 + int(seconds * 1000), _LONGEST_MS)
    reading, writing = _own_pipe()
    before: list[int] = []
    has_come, earlier = True, b""
    try:
        # one call: where another came between, a handler could raise there, and nobody would know what to set again
        before.extend(map(_set_wakeup_fd, (writing,)))
        if before[0] == writing:  # in a handler that broke off another wait, which must end, and not this one
            earlier = _taken(reading)
        found = _poll({**descriptors, reading: select.POLLIN}, milliseconds)
        has_come = before[0] >= 0 or any(descriptor == reading for descriptor, _ in found)
    except ValueError:
        if before:
            raise
        _poller(descriptors).poll(milliseconds)  # not in the main thread, which all handlers run in
    finally:
        if before:
            signal.set_wakeup_fd(before[0])
            if has_come and _pipe == (reading, writing):  # not in a child that a handler has made
                _pass_on(earlier + _taken(reading), before[0])


def _poll(descriptors: dict[int, int], milliseconds: int | None) -> list[tuple[int, int]]:
    """As poll(2). What was waited for is kept for the next wait, mostly for the same; but not while it is in use,
    since a handler may wait, too.
    """
    global _last
    last, _last = _last, None
    if last is None or last[0] != descriptors:
        last = descriptors, _poller(descriptors)
    found = last[1].poll(milliseconds)
    _last = last
    return found


def _poller(descriptors: Mapping[int, int]) -> select.poll:
    made = select.poll()
    for descriptor, events in descriptors.items():
        made.register(descriptor, events)
    return made


def _taken(reading: int) -> bytes:
    """Which signals have come."""
    try:
        return os.read(reading, 4096)
    except BlockingIOError:
        return b""


def _pass_on(come: bytes, before: int) -> None:
    """To who wanted to know."""
    if come and before >= 0:
        with suppress(OSError):  # the other end is closed
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
    """A child of fork(2) must not share the parent's pipe. If another thread made the child while the main one waited,
    signals would be written to whatever file has the pipe's number there.
    """
    global _pipe, _last
    if _pipe is not None:
        with suppress(ValueError):  # a subinterpreter has no signals
            before = signal.set_wakeup_fd(-1)
            if before not in _pipe:
                signal.set_wakeup_fd(before)
        for descriptor in _pipe:
            os.close(descriptor)
    _pipe = _last = None


os.register_at_fork(after_in_child=_forget_in_child)
