"""The live source over a probe that is made up: what is drained, what is counted as lost, and how it ends."""

import errno
import os
import select
import threading

import pytest

from onlooker import Attachment, Batch, Lost, ResourceError
from onlooker.events import TASK_EVENTS
from onlooker.filters import Filter
from onlooker.probe import kernel, live
from onlooker.probe.chooser import Chooser
from onlooker.probe.live import LiveSource
from onlooker.probe.source import Rest
from onlooker.testing import make

from ..made_records import LAYOUTS, batch, plain, record
from .made_up_ring import Ring, Taken

ATTACHED = (
    Attachment("exit", "end", "raw tracepoint", ("on_exit",), "why"),
    Attachment("open", "success and failure", "system call tracepoints", ("on_open", "on_openat"), "why"),
)


@pytest.fixture
def ring():
    made = Ring()
    yield made
    os.close(made.bell)


@pytest.fixture
def source(ring, monkeypatch):
    monkeypatch.setattr(kernel, "check", lambda: None)
    monkeypatch.setattr(Chooser, "load", lambda self, setup: (ring, ATTACHED))
    made = Taken()
    made.start(Filter())
    return made


def losses(events):
    return [(event.count, event.of, event.reason) for event in events if isinstance(event, Lost)]


def test_it_watches_once_everything_is_attached(source, ring):
    assert ring.calls == [True]
    assert source.attached == ATTACHED
    assert not source.exhausted


def test_without_a_thread_nothing_is_left_attached(ring, monkeypatch):
    def none():
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable", "reader")

    monkeypatch.setattr(kernel, "check", lambda: None)
    monkeypatch.setattr(Chooser, "load", lambda self, setup: (ring, ATTACHED))
    ring.start_reader = none
    with pytest.raises(ResourceError, match=r"Resource temporarily unavailable \(reader\)"):
        LiveSource().start(Filter())
    assert ring.calls[-1] == "close"
    assert True not in ring.calls


def test_records_become_events(source, ring):
    ring.batches = [batch(record("exit", plain("exit")), record("open", plain("open"))), batch(b"")]
    assert [event.event for event in source.poll(1)] == ["exit", "open"]
    assert losses(source.poll(1)) == [(1, "unknown", "corrupt")]


@pytest.mark.parametrize("event", TASK_EVENTS)
def test_a_corrupt_record_is_a_loss_of_its_kind(source, ring, event):
    ring.batches = [batch(record(event, plain(event))[: LAYOUTS[event].size - 1])]
    assert losses(source.poll(1)) == [(1, event, "corrupt")]


def test_times_are_wall_clock_times(source, ring):
    source._clock.offset_ns = lambda: 10**9
    ring.batches = [batch(record("exit", {**plain("exit"), "boot_ns": 7}))]
    [event] = source.poll(1)
    assert (event.time, event.boot_ns) == ("1970-01-01T00:00:01.000000007Z", 7)


def test_losses_are_told_once_and_after_the_events_of_their_batch(source, ring):
    ring.counts["open", "headroom"] = 3
    ring.counts["fork", "ring full"] = 1
    ring.batches = [batch(record("exit", plain("exit")))]
    found = source.poll(1)
    assert found[0].event == "exit"
    assert losses(found) == [(1, "fork", "ring full"), (3, "open", "headroom")]
    ring.counts["open", "headroom"] = 5
    assert losses(source.poll(1)) == [(2, "open", "headroom")]
    assert source.poll(0) == []


def test_a_loss_is_dated(source, ring):
    ring.counts["exec", "ring full"] = 1
    [lost] = source.poll(1)
    assert lost.boot_ns > 0
    assert lost.time.startswith("2")


@pytest.mark.parametrize("seconds", [None, 0.05])
def test_a_wait_ends_when_it_is_told_or_the_time_is_over(source, ring, seconds):
    told = 0.05 if seconds is None else 60  # a busy machine may be late
    later = threading.Timer(told, lambda: (ring.batches.append(batch(record("exit", plain("exit")))), ring.tell()))
    later.start()
    found = source.poll(1e9 if seconds is None else seconds)
    assert [event.event for event in found] == ([] if seconds else ["exit"])
    later.cancel()
    later.join()


def test_a_wait_is_as_long_as_nothing_happens(source, ring, monkeypatch):
    """After the last event it looks once more whether the kernel has skipped a program."""
    waits = []

    def wait(descriptors, seconds):
        assert descriptors == {ring.bell: select.POLLIN}
        waits.append(seconds)
        if len(waits) == 1:
            source._looked_at -= live.LOOK_SECONDS
        else:
            ring.counts["exit", "ring full"] = 1

    monkeypatch.setattr(live, "wait", wait)
    ring.batches = [batch(record("exit", plain("exit")))]
    assert len(source.poll(1000)) == 1
    ring.missed["on_exit"] = 3
    assert losses(source.poll(1000)) == [(3, "exit", "recursion")]
    assert losses(source.poll(1000)) == [(1, "exit", "ring full")]
    first, then = waits
    assert 0 < first <= live.LOOK_SECONDS
    assert 999 < then <= 1000


def test_what_is_left_to_give_can_be_waited_for(source, ring):
    ring.batches = [batch(record("exit", plain("exit")))]
    ring.counts["open", "headroom"] = 3
    LiveSource.taken(source, LiveSource.poll(source, 0))
    assert ring.calls[-1] == "tell"
    assert source.fileno() == ring.bell
    LiveSource.taken(source, LiveSource.poll(source, 0))
    assert ring.calls.count("tell") == 1
    source.close()
    with pytest.raises(ValueError, match="does not watch"):
        source.fileno()


def test_no_time_means_no_wait(source, ring):
    assert source.poll(0) == []
    assert ring.calls == [True]


def test_stop_silences_the_probe_once_and_what_came_before_is_still_given(source, ring):
    ring.batches = [batch(record("exit", plain("exit"))), batch(record("open", plain("open")))]
    source.stop()
    source.stop()
    told = [False, "tell of the end"]
    assert ring.calls == [True, *told, *told]
    assert [event.event for event in (*source.poll(0), *source.poll(0))] == ["exit", "open"]
    assert ring.calls == [True, *told, *told, False, "settle"]
    assert not source.exhausted
    assert source.poll(0) == []
    assert source.exhausted


def test_the_end_waits_for_a_record_that_is_still_being_written(source, ring, monkeypatch):
    ring.busy = True
    source.stop()

    def sleep(seconds):
        ring.busy = False
        ring.batches = [batch(record("exit", plain("exit")))]

    monkeypatch.setattr(live.time, "sleep", sleep)
    assert [event.event for event in source.poll(0)] == ["exit"]
    assert source.poll(0) == [] and source.exhausted


def test_the_end_does_not_wait_for_ever(source, ring, monkeypatch):
    monkeypatch.setattr(live, "SETTLE_SECONDS", 0.01)
    ring.busy = True
    source.stop()
    source.poll(0)
    assert source.exhausted


def test_runs_that_the_kernel_skipped_are_told_at_the_end(source, ring):
    ring.missed |= {"on_open": 2, "on_openat": 1}
    assert source.poll(0) == []
    source.stop()
    assert losses(source.poll(0)) == [(3, "open", "recursion")]
    assert source.exhausted and source.poll(0) == []


def test_and_now_and_then_before(source, ring, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)
    exit_ = batch(record("exit", plain("exit")))
    ring.missed |= {"on_open": 2}
    assert source.poll(0) == []  # nothing has happened: the kernel is not asked
    ring.batches = [exit_]
    assert losses(source.poll(0)) == [(2, "open", "recursion")]
    assert source.poll(0) == []
    ring.batches = [exit_]
    ring.missed |= {"on_open": 5}
    assert losses(source.poll(0)) == [(3, "open", "recursion")]


def test_what_a_shared_program_skipped_may_be_any_event(source, ring):
    shared = Attachment("exec", "failure", "raw", ("on_sys_exit",), "")
    source._attached = (shared, Attachment("open", "all", "raw", ("on_sys_exit",), ""))
    source._missed = {"on_sys_exit": 4}
    ring.missed |= {"on_sys_exit": 6}
    source.stop()
    assert losses(source.poll(0)) == [(2, "unknown", "recursion")]


def test_close_detaches_once(source, ring):
    source.close()
    source.close()
    assert ring.calls == [True, False, "settle", "close"]
    assert source.exhausted and source.poll(1) == []


def test_close_counts_a_last_time(source, ring):
    """Also what nobody has read; and only once."""
    ring.waiting = 7
    ring.counts["open", "headroom"] = 3
    ring.missed |= {"on_exit": 5}
    rest = source.close()
    assert losses(rest.lost) == [(3, "open", "headroom"), (5, "exit", "recursion")]
    assert rest.unread == 7
    assert ring.calls[-1] == "close"
    assert source.close() == Rest()


def test_of_what_nobody_has_read_only_what_matches_counts(ring, monkeypatch):
    monkeypatch.setattr(kernel, "check", lambda: None)
    monkeypatch.setattr(Chooser, "load", lambda self, setup: (ring, ATTACHED))
    made = Taken()
    made.start(Filter.of(where="path == '/a'"))
    opens = [Batch.of([make("open", path=path) for path in paths])[0].data for paths in (["/a"], ["/b", "/a"], ["/b"])]
    ring.batches = [*opens, b"nonsense"]
    LiveSource.poll(made, 0)
    assert made.close().unread == 2
    assert ring.calls[-1] == "close"


def test_the_end_counts_only_once(source, ring):
    ring.missed |= {"on_exit": 5}
    source.stop()
    assert losses(source.poll(0)) == [(5, "exit", "recursion")]
    assert source.close() == Rest()


def test_it_detaches_although_counting_fails(source, ring):
    def refuse():
        raise PermissionError

    ring.losses = refuse
    with pytest.raises(PermissionError):
        source.close()
    assert ring.calls[-1] == "close"
    assert source.close() == Rest()


def test_records_are_not_lost_by_an_exception_that_comes_while_they_are_checked(source, ring, monkeypatch):
    """Such as a signal's: the next poll gives them, or they count as not read."""

    def interrupted(*given):
        raise KeyboardInterrupt

    ring.batches = [batch(record("exit", plain("exit")))]
    with monkeypatch.context() as broken:
        broken.setattr(Batch, "checked", interrupted)
        with pytest.raises(KeyboardInterrupt):
            source.poll(1)
    assert [event.event for event in source.poll(1)] == ["exit"]
    ring.batches = [batch(record("exit", plain("exit")))]
    monkeypatch.setattr(Batch, "checked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        source.poll(1)
    assert source.close().unread == 1


def test_what_did_not_arrive_is_given_again_or_counted(source, ring):
    """Events and losses: an exception came on the way to the monitor."""
    ring.batches = [batch(record("exit", plain("exit")))]
    ring.counts["open", "headroom"] = 3
    ring.missed |= {"on_open": 2}
    found = LiveSource.poll(source, 1)
    assert [event.event for event in found] == ["exit"]
    assert LiveSource.poll(source, 1) is found
    rest = source.close()
    assert losses(rest.lost) == [(3, "open", "headroom"), (2, "open", "recursion")]
    assert rest.unread == 1


def test_in_a_fork_the_probe_is_the_parents(source, ring, monkeypatch):
    monkeypatch.setattr(live, "this_process", lambda: (1, 1))
    ring.waiting = 7
    assert source.close() == Rest()
    assert ring.calls == [True, "abandon"]


def test_nothing_happens_before_the_start():
    source = LiveSource()
    source.stop()
    assert (source.attached, source.exhausted, source.poll(0)) == ((), False, None)
    source.close()
    assert source.exhausted


def test_the_kernel_is_asked_first(monkeypatch):
    def refuse():
        raise OSError(os.strerror(1))

    monkeypatch.setattr(kernel, "check", refuse)
    with pytest.raises(OSError, match="not permitted"):
        LiveSource().start(Filter())


def test_a_record_that_is_never_finished_is_a_loss(source, ring, monkeypatch):
    monkeypatch.setattr(live, "SETTLE_SECONDS", 0)
    ring.busy = True
    source.stop()
    assert losses(source.poll(1)) == [(1, "unknown", "unfinished")]
    assert source.exhausted
