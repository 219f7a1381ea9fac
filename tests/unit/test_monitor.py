"""Monitor over the fake source, as users test their own programs."""

import threading
import time

import pytest

import onlooker
from onlooker import Batch, Lost, Monitor, UsageError
from onlooker.probe.clock import Moment, WallClock
from onlooker.testing import FakeSource, make

from .monitored import LOST, PIDS, Endless, Silent, execs, pids


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_iterating_gives_every_event_in_order(batch):
    with Monitor(source=execs(batch=batch)) as monitor:
        assert pids(monitor) == list(PIDS)
        assert monitor.ended


def test_arguments_become_the_filter():
    given = {"events": ["exec", "open"], "comm": ["a*"], "pid": [1], "uid": [2], "failed": True, "threads": True}
    assert Monitor(**given, source=execs()).filter == onlooker.monitor.Filter.of(**given)


def test_it_filters():
    source = FakeSource([make("exec", comm="cat"), make("open", comm="dog"), LOST, make("open", comm="cat")])
    with Monitor(events=["open"], comm=["cat"], source=source) as monitor:
        assert [event.event for event in monitor] == ["lost", "open"]


def test_it_leaves_out_what_it_is_asked_to():
    opens = [make("open", pid=pid, comm="many", path=str(n % 4)) for pid in (1, 2) for n in range(8)]
    with Monitor(first=True, rate=3, source=FakeSource(opens)) as monitor:
        assert [(event.event, getattr(event, "path", "")) for event in monitor if event.event == "open"] == [
            ("open", path) for _ in range(2) for path in "012"
        ]
        stats = monitor.stats()
    assert stats.complete
    assert (stats.events, stats.lost) == ({"open": 6, "lost": 1}, {("open", "rate"): 2})
    assert (stats.repeated, stats.over_rate) == (8, ((1, 2, "many"), (1, 1, "many")))


def test_poll_gives_a_batch_and_then_nothing():
    with Monitor(source=execs(batch=4)) as monitor:
        assert [pids(monitor.poll()) for _ in range(3)] == [[1, 2, 3, 4], [5, 6, 7], []]
        assert monitor.poll(None) == []  # ended: does not wait for ever


@pytest.mark.parametrize("timeout", [0, 0.12])
def test_poll_waits_as_long_as_it_is_told(timeout):
    with Monitor(source=Silent()) as monitor:
        before = time.monotonic()
        assert monitor.poll(timeout) == []
        assert timeout <= time.monotonic() - before < timeout + 0.5
        assert not monitor.ended


def test_an_iteration_that_was_left_goes_on_at_the_next_event():
    """Nothing that was taken is dropped: not by leaving a loop, and poll gives it too."""
    with Monitor(source=execs(batch=5)) as monitor:
        assert next(iter(monitor)).pid == 1
        for event in monitor:
            if event.pid == 3:
                break
        assert pids(monitor.poll()) == [4, 5]
        assert pids(monitor) == [6, 7]
    assert monitor.stats().complete


@pytest.mark.parametrize("timeout", [float("nan"), -0.1, -1, True, "1", [1], 1j])
def test_what_is_no_time_to_wait(timeout):
    with Monitor(source=execs()) as monitor:
        with pytest.raises(UsageError, match="not a time to wait") as caught:
            monitor.poll(timeout)
        assert caught.value.hint == "seconds, 0 or more, or None to wait for ever"
        assert pids(monitor) == list(PIDS)


@pytest.mark.parametrize("timeout", [float("inf"), 10**400, 1, 0.5])
def test_any_time_to_wait(timeout):
    with Monitor(source=execs()) as monitor:
        assert pids(monitor.poll(timeout)) == list(PIDS)


@pytest.mark.parametrize("given", [{"events": [1]}, {"events": "ab"}, {"batch": 0}, {"batch": "1"}])
def test_what_a_fake_source_does_not_take(given):
    with pytest.raises(UsageError):
        FakeSource(**{"events": [], **given})


def test_stop_ends_an_iteration():
    source = Endless()
    seen = 0
    with Monitor(source=source) as monitor:
        for _ in monitor:
            seen += 1
            if seen == 5:
                monitor.stop()
                monitor.stop()
    assert seen == 5
    assert source.log == ["start", "stop", "close"]


def test_stop_from_another_thread_ends_a_wait():
    with Monitor(source=Silent()) as monitor:
        timer = threading.Timer(0.05, monitor.stop)
        timer.start()
        assert list(monitor) == []
        timer.join()


def test_what_came_before_stop_is_still_given():
    with Monitor(source=execs(batch=2)) as monitor:
        monitor.stop()
        assert pids(monitor) == list(PIDS)


def test_it_closes_when_the_block_fails():
    source = Endless()
    with pytest.raises(KeyError), Monitor(source=source):
        raise KeyError
    assert source.log == ["start", "close"]


def test_start_and_close_without_a_block():
    source = Endless()
    monitor = Monitor(source=source)
    monitor.start()
    monitor.start()
    assert len(monitor.poll()) == 1
    monitor.close()
    assert monitor.ended and monitor.poll() == []
    assert source.log == ["start", "close"]


def test_polling_before_the_start_is_an_error():
    monitor = Monitor(source=execs())
    for poll in (monitor.poll, lambda: next(iter(monitor))):
        with pytest.raises(UsageError, match="the monitor is not started") as caught:
            poll()
        assert caught.value.hint == "with onlooker.Monitor() as monitor: ..."


def test_stats():
    events = [
        make("fork"),
        make("exec", cut=("argv", "path")),
        make("exec"),
        make("exit"),
        make("open", cut=("path",)),
        LOST,
    ]
    with Monitor(source=FakeSource(events, batch=2)) as monitor:
        assert (monitor.stats().events, monitor.stats().cut) == ({}, 0)
        list(monitor)
        stats = monitor.stats()
    assert stats.events == {"fork": 1, "exec": 2, "exit": 1, "open": 1, "lost": 1}
    assert (stats.cut, stats.lost, stats.complete) == (2, {("open", "headroom"): 23}, False)


def test_losses_add_up_by_kind_and_reason():
    other = Lost(LOST.time, 2, 1, "unknown", "corrupt")
    with Monitor(source=FakeSource([LOST, other, LOST], batch=2)) as monitor:
        list(monitor)
        assert monitor.stats().lost == {("open", "headroom"): 46, ("unknown", "corrupt"): 1}


def test_silence_means_completeness():
    with Monitor(source=execs()) as monitor:
        list(monitor)
    assert monitor.stats().complete
    assert monitor.stats().lost == {}


def test_stats_are_a_copy():
    with Monitor(source=execs(batch=1)) as monitor:
        monitor.poll()
        before = monitor.stats()
        monitor.poll()
        assert (before.events, monitor.stats().events) == ({"exec": 1}, {"exec": 2})


def test_the_time_stands_still_after_the_end(monkeypatch):
    now = iter([100_000_000_000, 103_500_000_000])
    monitor = Monitor(source=Endless())
    assert monitor.stats().seconds == 0
    monkeypatch.setattr(WallClock, "moment", lambda self: Moment(next(now), 0))
    monitor.start()
    monitor.close()
    assert [monitor.stats().seconds, monitor.stats().seconds] == [3.5, 3.5]


def test_a_source_may_know_better_when_it_watched():
    source = Endless()
    source.began = Moment(5_000_000_000, 7)
    with Monitor(source=source) as monitor:
        assert monitor.span[0] == source.began
        source.ended = Moment(5_250_000_000, 9)
    assert (monitor.span, monitor.stats().seconds) == ((source.began, source.ended), 0.25)


def test_what_is_attached_is_the_source_s():
    assert Monitor(source=execs()).attached == ()


def test_a_source_that_gives_an_empty_batch_has_given_nothing():
    class Sparse(FakeSource):
        def poll(self, timeout):
            found, self.batches = self.batches[:1], self.batches[1:]
            return found[0] if found else None

        def taken(self, batch):
            pass

        exhausted = property(lambda self: not self.batches)

    [some] = Batch.of([make("exec", pid=7)])
    source = Sparse([])
    source.batches = [Batch(b"", 0), some, Batch(b"", 0)]
    with Monitor(source=source) as monitor:
        assert pids(monitor) == [7]


def test_a_source_is_told_that_its_empty_batch_has_arrived():
    source = FakeSource([make("exec", pid=7)])
    source._found = [Batch(b"", 0)]
    with Monitor(source=source) as monitor:
        assert pids(monitor) == [7]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_batches(size):
    with Monitor(source=execs(batch=size)) as monitor:
        assert [pids(batch) for batch in monitor.batches()] == [
            list(PIDS[start : start + size]) for start in range(0, len(PIDS), size)
        ]
        assert monitor.ended and monitor.poll_batch() is None and list(monitor.batches()) == []
    assert monitor.stats().events == {"exec": 7} and monitor.stats().complete


def test_events_and_batches_in_turns():
    with Monitor(source=execs(batch=4)) as monitor:
        assert next(iter(monitor)).pid == 1
        assert pids(monitor.poll_batch()) == [2, 3, 4]
        assert pids(monitor.poll()) == [5, 6, 7]
        assert monitor.poll_batch() is None


def test_a_source_that_gives_a_list():
    class Old(FakeSource):
        def poll(self, timeout):
            return [make("exec")]

    with pytest.raises(UsageError, match="returned no batch"), Monitor(source=Old([])) as monitor:
        monitor.poll()
