"""Monitor over the fake source, as users test their own programs."""

import threading
import time

import pytest

import onlooker
from onlooker import FakeSource, Lost, Monitor, UsageError, fake_exec, fake_exit, fake_fork, fake_open

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


def test_an_iteration_can_be_left_and_taken_up_at_the_next_batch():
    with Monitor(source=execs(batch=2)) as monitor:
        for event in monitor:
            if event.pid == 2:
                break
        assert pids(monitor) == [3, 4, 5, 6, 7]


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


NOT_UTF8 = "bytes that are not UTF-8 are given as os.fsdecode does"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"events": "exec"}, "events is a list, not 'exec'", "events=['exec']"),
        ({"comm": "nginx"}, "comm is a list, not 'nginx'", "comm=['nginx']"),
        ({"pid": 1234}, "pid is a list, not 1234", "pid=[1234]"),
        ({"uid": ["0"]}, "not a user id: '0'", "a number from 0 to 4294967295"),
        ({"comm": ["\ud800"]}, "not a process name: '\\ud800'", NOT_UTF8),
        ({"events": ["oben"]}, "unknown event 'oben'", "did you mean 'open'?"),
        ({"pid": [-1]}, "not a process id: -1", "a number from 0 to 4294967295"),
        ({"attach": "kprobe"}, "unknown attach method 'kprobe'", "one of raw, fexit, tracepoint"),
        ({"attach": "Raw"}, "unknown attach method 'Raw'", "did you mean 'raw'?"),
        ({"buffer_bytes": 0}, "not a buffer size: 0", "a power of two from 1M to 1G, such as 16M"),
        ({"buffer_bytes": -(2**20)}, "not a buffer size: -1048576", "a power of two from 1M to 1G, such as 16M"),
        ({"buffer_bytes": 2**19}, "not a buffer size: 524288", "a power of two from 1M to 1G, such as 16M"),
        ({"buffer_bytes": 2**31}, "not a buffer size: 2147483648", "a power of two from 1M to 1G, such as 16M"),
        ({"buffer_bytes": 3 * 2**20}, "not a buffer size: 3145728", "a power of two from 1M to 1G, such as 16M"),
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
