"""However a monitor ends, also in a fork or by an exception, it counts a last time and says if it is complete."""

import os
import sys
from contextlib import contextmanager, suppress

import pytest

from onlooker import ForkedError, Monitor, UsageError
from onlooker.probe.source import Rest
from onlooker.testing import FakeSource, make

from .monitored import LOST, PIDS, Endless, execs, pids


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("error", [None, KeyError, KeyboardInterrupt, GeneratorExit])
def test_what_was_not_read_is_counted_and_never_complete(batch, error):
    """However the block is left."""
    with suppress(BaseException), Monitor(source=execs(batch=batch)) as monitor:
        for event in monitor:
            if event.pid == 2:
                if error:
                    raise error
                break
    stats = monitor.stats()
    assert (stats.events, stats.unread, stats.lost) == ({"exec": 2}, 5, {})
    assert stats.aborted and not stats.complete
    assert monitor.poll() == [] and list(monitor) == []


def test_losses_that_were_not_read_are_counted_all_the_same():
    for batch in (1, 10):
        with Monitor(source=FakeSource([make("exec"), LOST, make("open", cut=("path",))], batch=batch)) as monitor:
            next(iter(monitor))
        stats = monitor.stats()
        assert (stats.lost, stats.unread, stats.cut) == ({("open", "headroom"): 23}, 1, 0)


def test_a_monitor_that_was_not_stopped_is_never_complete():
    with Monitor(source=Endless()) as monitor:
        monitor.poll()
        assert monitor.stats().complete  # until now
    assert not monitor.stats().complete
    with Monitor(source=Endless()) as monitor:
        monitor.stop()
        assert monitor.poll() == []
    assert monitor.stats().complete


def test_an_exception_of_the_source_does_not_hide_the_last_count():
    class Failing(Endless):
        def poll(self, timeout):
            raise MemoryError

        def close(self):
            return Rest([LOST], 7)

    with pytest.raises(MemoryError), Monitor(source=Failing()) as monitor:
        list(monitor)
    assert (monitor.stats().lost, monitor.stats().unread) == ({("open", "headroom"): 23}, 7)


def test_stop_before_the_start():
    source = Endless()
    monitor = Monitor(source=source)
    monitor.stop()
    with monitor:
        assert list(monitor) == []
    assert source.log == ["start", "stop", "close"]


def in_a_fork(check):
    """What it returns in a child of this process."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, str(check()).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()


def test_in_a_fork_it_says_what_to_do():
    def check():
        found = []
        for use in (
            monitor.poll,
            monitor.poll_batch,
            monitor.start,
            lambda: list(monitor),
            lambda: list(monitor.batches()),
        ):
            with suppress(ForkedError):
                use()
                found.append("no error")
        monitor.stop()
        found.append(monitor.stats().complete)
        monitor.close()
        return [*found, monitor.stats().complete]

    with Monitor(source=execs(batch=2)) as monitor:
        next(iter(monitor))
        assert in_a_fork(check) == "[False, False]"
        assert pids(monitor) == [2, 3, 4, 5, 6, 7]
        assert "after the fork" in ForkedError().hint
    assert monitor.stats().complete


class Boom(Exception):
    """Raised by a signal's handler."""


@contextmanager
def signalled(function, line):
    """A signal's handler raises Boom where `function` is entered or calls something, after so many other such places;
    wherever something is called, which is where CPython runs handlers.
    """
    passed = 0

    def profile(frame, event, argument):
        nonlocal passed
        if frame.f_code.co_name == function and event in ("call", "c_call", "c_return"):
            passed += 1
            if passed == line + 1:
                sys.setprofile(None)
                raise Boom

    with suppress(Boom):
        sys.setprofile(profile)
        try:
            yield
        finally:
            sys.setprofile(None)
    assert passed, f"nothing is called {function}"


@pytest.mark.parametrize("line", range(12))
@pytest.mark.parametrize("function", ["_receive", "acknowledge", "passed", "plus", "taken", "_next", "_next_events"])
def test_an_exception_of_a_signal_loses_nothing_on_the_way(function, line):
    with Monitor(source=FakeSource([*(make("exec", pid=pid) for pid in PIDS), LOST], batch=5)) as monitor:
        found = []
        with signalled(function, line):
            found += monitor.poll()
        while not monitor.ended:
            found += monitor.poll()
        found += monitor.poll()
    assert [event.pid for event in found if event.event == "exec"] == list(PIDS)
    stats = monitor.stats()
    assert (stats.events, stats.lost, stats.unread) == ({"exec": 7, "lost": 1}, {("open", "headroom"): 23}, 0)
    assert not stats.aborted


@pytest.mark.parametrize("line", range(12))
@pytest.mark.parametrize(
    "function", ["__next__", "batches", "_next_batch", "_rest", "after", "_next", "_receive", "taken"]
)
def test_nor_on_the_way_to_a_loop_over_batches(function, line):
    """Of a batch that was begun as events, the rest is given once."""
    with Monitor(source=execs(batch=4)) as monitor:
        found = [next(iter(monitor)).pid]
        with signalled(function, line):
            for batch in monitor.batches():
                found += pids(batch)
        for batch in monitor.batches():
            found += pids(batch)
    assert found == list(PIDS)
    assert monitor.stats().complete


def test_a_fork_inside_a_loop_gets_nothing_more_of_the_batch():
    def go_on():
        with suppress(ForkedError):
            return pids(events)
        return ForkedError.__name__

    with Monitor(source=execs()) as monitor:
        events = iter(monitor)
        assert next(events).pid == 1
        assert in_a_fork(go_on) == "ForkedError"
        assert pids(events) == [2, 3, 4, 5, 6, 7]
    assert monitor.stats().complete


def test_a_monitor_can_be_started_in_a_fork():
    monitor = Monitor(source=execs())

    def check():
        with monitor:
            found = pids(monitor)
        return found, monitor.stats().complete

    assert in_a_fork(check) == "([1, 2, 3, 4, 5, 6, 7], True)"


def test_after_close_every_method_is_harmless_or_says_what_to_do():
    """An error has a hint."""
    monitor = Monitor(source=FakeSource([make("open")]))
    monitor.start()
    monitor.close()
    for method in (monitor.fileno, monitor.start):
        with pytest.raises(UsageError, match=r"^the monitor is closed$") as caught:
            method()
        assert caught.value.hint == "make a new one: onlooker.Monitor()"
    assert (monitor.poll(), monitor.poll_batch(), list(monitor), list(monitor.batches())) == ([], None, [], [])
    monitor.stop()
    monitor.close()
    assert (monitor.ended, monitor.attached, monitor.stats().unread) == (True, (), 1)
