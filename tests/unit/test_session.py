"""The one loop, over fake sources and sinks."""

import errno
import sys
import threading

import pytest

from onlooker import Monitor, OutputError, Session, UsageError
from onlooker.output.writer import ClosedPipeError
from onlooker.probe.live import LOOK_SECONDS
from onlooker.session import DroppedError
from onlooker.summary import End
from onlooker.testing import FakeSource, make

from .monitored import LOST, PIDS, Endless, Silent, execs


class Pids:
    """Keeps what it takes; from the batch number `fails_at` on it raises `error`."""

    def __init__(self, fails_at: int = 0, error: BaseException | None = None) -> None:
        self.pids: list[int] = []
        self.batches = 0
        self._fails_at, self._error = fails_at, error

    def write(self, batch):
        self.batches += 1
        if self._error and self.batches >= self._fails_at:
            raise self._error
        self.pids += [event.pid for event in batch]


class Anything:
    def write(self, batch):
        pass


def test_all_that_there_is():
    sink = Pids()
    summary = Session(Monitor(source=execs(batch=2)), sink).run()
    assert sink.pids == list(PIDS)
    assert (summary.shown, summary.complete, summary.unwritten) == ({"exec": len(PIDS)}, True, 0)


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("count", [1, 4, len(PIDS), 100])
def test_a_count(count, batch):
    sink = Pids()
    session = Session(Monitor(source=execs(batch=batch)), sink, count=count)
    summary = session.run()
    assert sink.pids == list(PIDS)[:count]
    assert (sum(summary.shown.values()), summary.complete) == (len(sink.pids), True)
    assert session.summary is summary


def test_a_duration():
    """A source that waits, and one that never does."""
    for source in (Silent(), Endless()):
        summary = Session(Monitor(source=source), Pids(), duration=0.05).run()
        assert 0.05 <= summary.seconds < 60
        assert summary.complete


def test_a_duration_ends_in_time_although_the_sink_is_slow():
    source = Endless()
    stopped = threading.Event()

    class Slow:
        def write(self, batch):
            assert stopped.wait(60)

    source.stop = lambda: (stopped.set(), Endless.stop(source))
    assert Session(Monitor(source=source), Slow(), duration=0.05).run().complete


def test_what_breaks_off_a_wait_is_not_the_look_after_the_last_event(monkeypatch):
    """A signal, for one; nothing may have been asked of the monitor yet about losses."""

    class OneEvent(Endless):
        def __init__(self):
            super().__init__()
            self._events = [make("exec")]

        def poll(self, timeout):
            return FakeSource.poll(self, timeout)

        def fileno(self):
            return 0

    waits = []

    def wait(descriptors, seconds):
        waits.append(seconds)
        if len(waits) == 4:
            now[0] += LOOK_SECONDS
        elif len(waits) == 5:
            session.stop()

    now = [100.0]
    monkeypatch.setattr("onlooker.session.time.monotonic", lambda: now[0])
    monkeypatch.setattr("onlooker.session.wait", wait)
    session = Session(Monitor(source=OneEvent()), Pids())
    assert session.run().complete
    assert waits == [None, *3 * [LOOK_SECONDS], None]


def test_a_duration_where_no_thread_can_be_started(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert Session(Monitor(source=Silent()), Pids(), duration=0.05).run().seconds < 60


def test_nothing_is_left_of_a_duration_that_was_not_reached():
    before = set(threading.enumerate())
    Session(Monitor(source=execs()), Pids(), duration=3600).run()
    for alarm in set(threading.enumerate()) - before:
        alarm.join(60)
        assert not alarm.is_alive()


def test_stop_from_another_thread():
    session = Session(Monitor(source=Silent()), Pids())
    timer = threading.Timer(0.05, session.stop)
    timer.start()
    assert session.run().complete
    timer.join()


@pytest.mark.parametrize(
    ("error", "end", "raised"),
    [
        (ClosedPipeError(), End.CLOSED, None),
        (DroppedError(), End.DROPPED, None),
        (OutputError(OSError(errno.ENOSPC, "No space left on device")), End.UNWRITTEN, OutputError),
        (KeyError("sink"), End.FAILED, KeyError),
        (KeyboardInterrupt(), End.FAILED, KeyboardInterrupt),
    ],
)
def test_a_sink_that_fails(error, end, raised):
    """What it did not take is said, and what was not even given to it."""
    session = Session(Monitor(source=execs(batch=3)), Pids(2, error))
    if raised:
        with pytest.raises(raised):
            session.run()
    else:
        assert session.run() is session.summary
    summary = session.summary
    assert (summary.end, summary.shown, summary.unwritten) == (end, {"exec": 3}, len(PIDS) - 3)
    assert not summary.complete
    assert session.monitor.stats().aborted


class InterruptedLater:
    """At its second batch it is interrupted, and at the call number `nth` of a function after that, once more."""

    def __init__(self, nth: int) -> None:
        self.calls, self._nth, self._batches = 0, nth, 0

    def write(self, batch):
        self._batches += 1
        if self._batches == 2:
            sys.setprofile(self._interrupt)
            raise KeyboardInterrupt

    def _interrupt(self, frame, event, argument):
        if event == "call":
            self.calls += 1
            if self.calls == self._nth:
                raise KeyboardInterrupt


def _interrupted_twice(nth):
    source, sink = Endless(), InterruptedLater(nth)
    session = Session(Monitor(source=source), sink, duration=5)
    try:
        session.run()
    except KeyboardInterrupt:
        return source, session, sink
    finally:
        sys.setprofile(None)
    return pytest.fail("it was not interrupted")


def test_a_second_interrupt_does_not_leave_anything_attached():
    """Wherever it comes in the end."""
    _, _, sink = _interrupted_twice(0)
    assert sink.calls > 10
    for nth in range(1, sink.calls + 1):
        source, session, _ = _interrupted_twice(nth)
        assert "close" in source.log, nth
        assert session.summary.shown == {"exec": 1} and not session.summary.complete, nth


def test_a_sink_that_took_a_part():
    class Part(Pids):
        def write(self, batch):
            self.unwritten = batch.after(2)
            raise ClosedPipeError

    assert Session(Monitor(source=execs()), Part()).run().shown == {"exec": 2}


def test_losses_are_no_events():
    source = FakeSource([make("open"), LOST, make("open"), make("exit")])
    summary = Session(Monitor(source=source), Anything(), count=2).run()
    assert (summary.shown, summary.lost) == ({"open": 2, "lost": 1}, {("open", "headroom"): 23})
    assert not summary.complete


def test_a_monitor_that_can_not_start():
    class Refused(Endless):
        def start(self, wanted):
            raise UsageError("no")

    source = Refused()
    session = Session(Monitor(source=source), Pids())
    with pytest.raises(UsageError):
        session.run()
    assert session.summary is None
    assert source.log == ["close"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", each) for each in (0, -1, 1.5, True)] + [("duration", each) for each in (-1, 0, "1", float("nan"))],
)
def test_what_makes_no_sense(field, value):
    with pytest.raises(UsageError):
        Session(Monitor(source=execs()), Pids(), **{field: value})
