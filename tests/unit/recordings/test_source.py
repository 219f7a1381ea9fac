"""A monitor of a recording gives what one of the same events gives."""

import time

import pytest

from onlooker import Monitor
from onlooker.recordings.log import LogReader, LogWriter
from onlooker.recordings.source import RecordingSource
from onlooker.records import Batch
from onlooker.testing import FakeSource, make

EVENTS = [
    make("fork", comm="sh", child_pid=7),
    make("fork", comm="sh", thread=True),
    make("exec", comm="cat", path="/bin/cat", exe="/usr/bin/cat"),
    *(make("open", comm=comm, uid=uid, path=f"/etc/{comm}", pid=9) for comm in ("cat", "catalog") for uid in (0, 1000)),
    make("open", comm="cat", path="/etc/shadow", errno="EACCES"),
    make("unlink", comm="rm", path="/tmp/x"),
    make("exit", comm="cat", exit_code=0),
    make("exit", comm="sh", exit_code=1),
    make("exit", comm="sh", exit_code=None, signal="SIGKILL"),
    make("lost", of="open", reason="ring full", count=23),
]


@pytest.fixture
def path(tmp_path):
    with LogWriter(tmp_path / "log") as writer:
        for start in range(0, len(EVENTS), 3):
            for batch in Batch.of(EVENTS[start : start + 3]):
                writer.append(batch)
    return tmp_path / "log"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"events": ["all"]},
        {"events": ["open"], "comm": ["cat"]},
        {"comm": ["cat*"], "uid": [1000]},
        {"pid": [9]},
        {"failed": True},
        {"threads": True},
        {"where": "file under '/etc' and errno exists"},
        {"events": ["exec"], "where": "ancestor.comm == 'nobody' or comm == 'cat'"},
        {"first": True, "events": ["open"]},
    ],
)
def test_the_same_as_of_a_list(path, options):
    with Monitor(**options, source=RecordingSource(LogReader(path).batches())) as monitor:
        found = list(monitor)
        stats = monitor.stats()
    with Monitor(**options, source=FakeSource(EVENTS, batch=3)) as other:
        assert found == list(other)
        assert (stats.events, stats.lost) == (other.stats().events, other.stats().lost)
    assert stats.lost == {("open", "ring full"): 23}


def test_a_stop_is_an_end(path):
    with Monitor(source=RecordingSource(LogReader(path).batches())) as monitor:
        first = monitor.poll()
        monitor.stop()
        assert first and list(monitor) == []


def test_at_the_speed_at_which_it_happened():
    events = [make("open", path=f"/{n}", boot_ns=10**9 + n * 10**8) for n in range(4)]
    began = time.monotonic()
    with Monitor(source=RecordingSource(Batch.of(events), speed=1)) as monitor:
        moments = [(event, time.monotonic() - began) for event in monitor]
    assert [event for event, _ in moments] == events
    assert all(moment >= n / 10 for n, (_, moment) in enumerate(moments))
    assert moments[-1][1] < 3


def test_a_slow_replay_can_be_stopped_at_any_time():
    events = [make("open", boot_ns=1), make("open", boot_ns=10**15)]
    with Monitor(source=RecordingSource(Batch.of(events), speed=1)) as monitor:
        assert monitor.poll(5) == events[:1]
        assert monitor.poll(0.05) == []
        monitor.stop()
        assert monitor.ended
