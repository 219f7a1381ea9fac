"""What does not match is as if it had never happened, but losses always stay."""

import re

import pytest

from onlooker import Batch, ExpressionError, Monitor, UsageError
from onlooker.probe.source import Rest
from onlooker.testing import FakeSource, make

from .monitored import LOST, Endless, Silent

EVENTS = [
    make("open", path="/etc/passwd", comm="cat", uid=0),
    make("open", path="/tmp/a", comm="cat"),
    LOST,
    make("exec", path="/usr/bin/ls", exe="/usr/bin/ls", uid=0),
    make("open", path="/etc/shadow", errno="EACCES", cut=("path",)),
]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("file under '/etc'", [0, 2, 4]),
        (["uid == 0", "event == 'open'"], [0, 2]),
        (["uid == 0 or event == 'open'", "file under '/tmp'"], [1, 2]),
        ([], [0, 1, 2, 3, 4]),
        ("uid == 77", [2]),
    ],
)
@pytest.mark.parametrize("batch", [1, 1000])
def test_all_of_where_must_hold(where, found, batch):
    with Monitor(where=where, source=FakeSource(EVENTS, batch=batch)) as monitor:
        assert list(monitor) == [EVENTS[number] for number in found]
        stats = monitor.stats()
    assert sum(stats.events.values()) == len(found)
    assert (stats.cut, stats.lost) == (4 in found, {("open", "headroom"): 23})


def test_other_options_and_the_sieve_decide_too():
    events = [make("open", path="/etc/a", comm=comm) for comm in ("a", "b", "a")]
    with Monitor(where="file under '/etc'", comm=["a"], first=True, source=FakeSource(events)) as monitor:
        assert list(monitor) == events[:1]
        assert monitor.stats().repeated == 1


def test_what_was_given_to_nobody_is_what_matches():
    with Monitor(where="file under '/etc'", source=FakeSource(EVENTS, batch=1)) as monitor:
        assert monitor.poll()
    stats = monitor.stats()
    assert (stats.unread, stats.events, stats.lost) == (1, {"open": 1, "lost": 1}, {("open", "headroom"): 23})


def test_a_poll_ends_in_time_where_nothing_matches():
    with Monitor(where="event == 'open'", source=Endless()) as monitor:
        assert monitor.poll(0.05) == []
        assert monitor.poll_batch(0) is None
        monitor.stop()
        assert list(monitor) == []
        assert monitor.stats().complete


class Interrupted(Silent):
    """A batch that is given again, because a signal's handler raises before it has arrived."""

    def __init__(self):
        super().__init__()
        [self.batch] = Batch.of([make("open", path=path) for path in ("/etc/a", "/tmp/a", "/etc/a")])
        self.arrived = []

    def poll(self, timeout):
        return self.batch

    def taken(self, batch):
        self.arrived.append(batch)
        if len(self.arrived) == 1:
            raise KeyboardInterrupt

    def close(self):
        return Rest()


def test_a_batch_that_is_given_again_counts_once():
    source = Interrupted()
    with Monitor(where="file under '/etc'", first=True, source=source) as monitor:
        with pytest.raises(KeyboardInterrupt):
            monitor.poll()
        assert [event.path for event in monitor.poll()] == ["/etc/a"]
        assert (monitor.stats().events, monitor.stats().repeated) == ({"open": 1}, 1)
    assert source.arrived == [source.batch, source.batch]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("comm == nginx", "a text is quoted: 'nginx'"),
        (["uid == 0", "fil == 'a'"], "unknown field 'fil'"),
        ("new_path exists", "none of the chosen events has the field new_path"),
    ],
)
def test_a_wrong_expression(where, message):
    with pytest.raises(ExpressionError, match=f"^{message}$"):
        Monitor(where=where)


@pytest.mark.parametrize("where", [None, 7, b"uid == 0", [7]])
def test_what_is_no_expression(where):
    with pytest.raises(UsageError, match=r"^(where is|not) an expression"):
        Monitor(where=where)


class Unfiltered(FakeSource):
    """Gives a batch for each event, whatever is wanted, as the kernel may."""

    def start(self, wanted):
        """It wants everything."""


def test_poll_looks_behind_what_does_not_match():
    """Who polls until nothing comes gets all that has come."""
    source = Unfiltered([make("exec", pid=pid) for pid in (1, 2, 7, 8)], batch=1)
    with Monitor(where="pid == 7", source=source) as monitor:
        assert [[event.pid for event in monitor.poll(0)] for _ in range(2)] == [[7], []]


def test_another_expression_from_now_on():
    source = FakeSource([make("open", path=f"/{name}/x") for name in "abab"], batch=1)
    with Monitor(where="file under '/a'", source=source) as monitor:
        first = monitor.poll(None)
        monitor.refine(path=["/b"])
        monitor.stop()
        rest = list(monitor)
    assert [event.path for event in (*first, *rest)] == ["/a/x", "/b/x", "/b/x"]
    assert str(monitor.filter.where).startswith("file under '/b'")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"where": "uid =="}, "expected a value"),
        ({"where": "parent.comm == 'sh'"}, "tests of parents and ancestors can't be changed while it runs"),
        ({"where": "signal exists"}, "none of the chosen events has the field signal"),
        ({"where": "event == 'open' and event == 'exec'"}, "no event can match: event == 'open' and event == 'exec'"),
        ({"hide": ["everything"]}, "unknown set to hide 'everything'"),
    ],
)
def test_what_can_not_be_asked_from_now_on(asked, message):
    """All stays as it was."""
    source = FakeSource([make("open", path="/a/x"), make("open", path="/b/x")], batch=1)
    with Monitor(events=["open", "exec"], where="file under '/a'", source=source) as monitor:
        with pytest.raises(UsageError, match="^" + re.escape(message)):
            monitor.refine(**asked)
        monitor.stop()
        assert [event.path for event in monitor] == ["/a/x"]


def test_what_no_event_can_match():
    """Parts of an expression that exclude each other, and options that do."""
    for asked in ({"where": "event == 'open' and signal exists"}, {"where": "fd > 3", "exclude": "event == 'open'"}):
        with pytest.raises(UsageError, match=r"^no event can match: "):
            Monitor(**asked)
