"""Monitor over the fake source, as users test their own programs."""

import os
import sys
import threading
import time
from contextlib import suppress

import pytest

import onlooker
from onlooker import FakeSource, ForkedError, Lost, Monitor, UsageError, fake_exec, fake_exit, fake_fork, fake_open
from onlooker.events import EVENT_GROUPS, TASK_EVENTS
from onlooker.probe.source import Rest

LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 23, "open", "headroom")
PIDS = range(1, 8)


class Endless(FakeSource):
    """One event for each poll, until it is stopped; `log` has the calls."""

    def __init__(self) -> None:
        super().__init__([])
        self.log: list[str] = []
        self.stopped = False

    def start(self, wanted):
        self.log.append("start")

    def poll(self, timeout):
        return [] if self.stopped else [fake_exec()]

    def stop(self):
        self.log.append("stop")
        self.stopped = True

    @property
    def exhausted(self):
        return self.stopped

    def close(self):
        self.log.append("close")
        self.stopped = True


class Silent(Endless):
    """Never an event; each poll takes its time."""

    def poll(self, timeout):
        time.sleep(timeout)
        return []


def execs(**batch):
    return FakeSource([fake_exec(pid=pid) for pid in PIDS], **batch)


def pids(events):
    return [event.pid for event in events]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_iterating_gives_every_event_in_order(batch):
    with Monitor(source=execs(batch=batch)) as monitor:
        assert pids(monitor) == list(PIDS)
        assert monitor.ended


def test_arguments_become_the_filter():
    given = {"events": ["exec", "open"], "comm": ["a*"], "pid": [1], "uid": [2], "failed": True, "threads": True}
    assert Monitor(**given, source=execs()).filter == onlooker.monitor.Filter.of(**given)


def test_it_filters():
    source = FakeSource([fake_exec(comm="cat"), fake_open(comm="dog"), LOST, fake_open(comm="cat")])
    with Monitor(events=["open"], comm=["cat"], source=source) as monitor:
        assert [event.event for event in monitor] == ["lost", "open"]


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
        with Monitor(source=FakeSource([fake_exec(), LOST, fake_open(cut=("path",))], batch=batch)) as monitor:
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
        for use in (monitor.poll, monitor.start, lambda: list(monitor), lambda: next(iter(monitor))):
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


@pytest.mark.parametrize("line", range(12))
@pytest.mark.parametrize("function", ["_receive", "_acknowledge", "_counted", "taken", "_next"])
def test_an_exception_of_a_signal_loses_nothing_on_the_way(function, line):
    """Wherever something is called, which is where CPython runs handlers."""
    passed = 0

    def profile(frame, event, argument):
        nonlocal passed
        if frame.f_code.co_name == function and event in ("call", "c_call", "c_return"):
            passed += 1
            if passed == line + 1:
                sys.setprofile(None)
                raise Boom

    with Monitor(source=FakeSource([*(fake_exec(pid=pid) for pid in PIDS), LOST], batch=5)) as monitor:
        found = []
        sys.setprofile(profile)
        try:
            found += monitor.poll()
        except Boom:
            pass
        finally:
            sys.setprofile(None)
        while not monitor.ended:
            found += monitor.poll()
        found += monitor.poll()
    assert [event.pid for event in found if event.event == "exec"] == list(PIDS)
    stats = monitor.stats()
    assert (stats.events, stats.lost, stats.unread) == ({"exec": 7, "lost": 1}, {("open", "headroom"): 23}, 0)
    assert not stats.aborted


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


@pytest.mark.parametrize("timeout", [float("nan"), -0.1, -1, True, "1", [1], 1j])
def test_what_is_no_time_to_wait(timeout):
    with Monitor(source=execs()) as monitor:
        with pytest.raises(UsageError, match="not a time to wait") as caught:
            monitor.poll(timeout)
        assert caught.value.hint == "seconds from 0 on, or None to wait for ever"
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
    events = [fake_fork(), fake_exec(cut=("argv", "path")), fake_exec(), fake_exit(), fake_open(cut=("path",)), LOST]
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
    now = iter([100.0, 103.5])
    monitor = Monitor(source=Endless())
    assert monitor.stats().seconds == 0
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    monitor.start()
    monitor.close()
    assert [monitor.stats().seconds, monitor.stats().seconds] == [3.5, 3.5]


def test_what_is_attached_is_the_source_s():
    assert Monitor(source=execs()).attached == ()


ONE_OF = f"one of {', '.join((*TASK_EVENTS, *EVENT_GROUPS))}"
A_SOURCE = "onlooker.FakeSource([onlooker.fake_open()])"
ALL_OF_IT = "start, poll, stop, exhausted, attached, close"
PID_HINT = "process ids are numbers from 1 to 2147483647: pid=[1234]"
RING = "a power of two from 1 << 20 to 1 << 30: buffer_bytes=16 << 20"
ARGS = "a number of bytes from 0 to 262144: max_args_bytes=16 << 10"
NOT_UTF8 = "bytes that are not UTF-8 are given as os.fsdecode does"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"events": "exec"}, "events is a list, not 'exec'", "events=['exec']"),
        ({"comm": "nginx"}, "comm is a list, not 'nginx'", "comm=['nginx']"),
        ({"pid": 4321}, "pid is a list, not 4321", "pid=[4321]"),
        ({"pid": True}, "pid is a list, not True", "pid=[1234]"),
        ({"pid": "4321"}, "pid is a list, not '4321'", "pid=[1234]"),
        ({"uid": 0}, "uid is a list, not 0", "uid=[0]"),
        ({"uid": "root"}, "uid is a list, not 'root'", "uid=['root']"),
        ({"uid": 1.5}, "uid is a list, not 1.5", "uid=[1000, 'www-data']"),
        ({"events": 1.5}, "events is a list, not 1.5", "events=['exec', 'open']"),
        ({"events": b"open"}, "events is a list, not b'open'", "events=['exec', 'open']"),
        ({"events": [1]}, "unknown event 1", ONE_OF),
        ({"events": [["open"]]}, "unknown event ['open']", ONE_OF),
        ({"comm": None}, "comm is a list, not None", "leave it out"),
        ({"comm": [1]}, "not a process name: 1", "a str; os.fsdecode makes one of bytes"),
        ({"pid": [True]}, "not a process id: True", PID_HINT),
        ({"pid": [1.0]}, "not a process id: 1.0", PID_HINT),
        ({"pid": [[1]]}, "not a process id: [1]", PID_HINT),
        ({"failed": "no"}, "failed is True or False, not 'no'", "failed=True"),
        ({"threads": 1}, "threads is True or False, not 1", "threads=True"),
        ({"least_rights": 1}, "least_rights is True or False, not 1", "least_rights=True"),
        ({"max_args_bytes": True}, "not a size of arguments: True", ARGS),
        ({"max_args_bytes": -1}, "not a size of arguments: -1", ARGS),
        ({"max_args_bytes": (256 << 10) + 1}, "not a size of arguments: 262145", ARGS),
        ({"resolve": None}, "resolve is True or False, not None", "resolve=True"),
        ({"attach": 1}, "unknown attach method 1", "one of raw, fexit, kprobe, tracepoint"),
        ({"attach": ["raw"]}, "unknown attach method ['raw']", "one of raw, fexit, kprobe, tracepoint"),
        ({"buffer_bytes": "16M"}, "not a buffer size: '16M'", RING),
        ({"buffer_bytes": True}, "not a buffer size: True", RING),
        ({"buffer_bytes": 2.0**20}, "not a buffer size: 1048576.0", RING),
        ({"buffer_bytes": None}, "not a buffer size: None", RING),
        ({"source": "kernel"}, f"not a source of events: 'kernel' has no {ALL_OF_IT}", A_SOURCE),
        ({"source": ()}, f"not a source of events: () has no {ALL_OF_IT}", A_SOURCE),
        ({"source": FakeSource}, f"not a source of events: {FakeSource!r} has no {ALL_OF_IT}", A_SOURCE),
        ({"uid": [b"0"]}, "not a user id: b'0'", "a user's name, or a number from 0 to 4294967294"),
        ({"comm": ["\ud800"]}, "not a process name: '\\ud800'", NOT_UTF8),
        ({"events": ["oben"]}, "unknown event 'oben'", "did you mean 'open'?"),
        ({"pid": [-1]}, "not a process id: -1", PID_HINT),
        ({"attach": "audit"}, "unknown attach method 'audit'", "one of raw, fexit, kprobe, tracepoint"),
        ({"attach": "Raw"}, "unknown attach method 'Raw'", "did you mean 'raw'?"),
        ({"buffer_bytes": 0}, "not a buffer size: 0", RING),
        ({"buffer_bytes": -(2**20)}, "not a buffer size: -1048576", RING),
        ({"buffer_bytes": 2**19}, "not a buffer size: 524288", RING),
        ({"buffer_bytes": 2**31}, "not a buffer size: 2147483648", RING),
        ({"buffer_bytes": 3 * 2**20}, "not a buffer size: 3145728", RING),
    ],
)
def test_bad_arguments(given, message, hint):
    with pytest.raises(UsageError) as caught:
        Monitor(**given)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize("attach", ["tracepoint", "fexit", "raw", None])
def test_good_arguments_need_no_root(attach):
    monitor = Monitor(buffer_bytes=2**20, attach=attach)
    assert monitor.attached == () and not monitor.ended


@pytest.mark.parametrize(("given", "resolve"), [({}, True), ({"resolve": True}, True), ({"resolve": False}, False)])
def test_whether_files_are_looked_up_is_said_to_the_probe(monkeypatch, given, resolve):
    setups = []

    def load(chooser, setup):
        setups.append(setup)
        raise UsageError("no probe in this test", "")

    monkeypatch.setattr("onlooker.probe.kernel.check", lambda: None)
    monkeypatch.setattr("onlooker.probe.chooser.Chooser.load", load)
    with pytest.raises(UsageError, match="no probe"), Monitor(**given):
        pass
    assert [setup.resolve for setup in setups] == [resolve]


def test_all_arguments_have_names():
    with pytest.raises(TypeError):
        Monitor(["exec"])
