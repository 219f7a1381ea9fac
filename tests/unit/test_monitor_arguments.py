"""What a monitor takes as arguments, and what it says of what it does not take."""

import pytest

from onlooker import FakeSource, Monitor, UsageError
from onlooker.events import EVENT_GROUPS, TASK_EVENTS

ONE_OF = f"one of {', '.join((*TASK_EVENTS, *EVENT_GROUPS))}"
A_SOURCE = 'onlooker.testing.FakeSource([onlooker.testing.make("open")])'
ALL_OF_IT = "start, poll, stop, exhausted, attached, close"
PID_HINT = "process ids are numbers from 1 to 2147483647: pid=[1234]"
RING = "a power of two from 1 << 20 to 1 << 30: buffer_bytes=16 << 20"
ARGS = "a number of bytes from 0 to 262144: max_args_bytes=16 << 10"
RATE = "events of a process in a second, up to 4294967295, or 0 for all: rate=100"
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
        ({"first": 1}, "first is True or False, not 1", "first=True"),
        ({"rate": -1}, "not a rate: -1", RATE),
        ({"rate": True}, "not a rate: True", RATE),
        ({"rate": 2**32}, "not a rate: 4294967296", RATE),
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
        (
            {"source": FakeSource([]), "exe": ["a"]},
            "only the kernel knows what a process has executed",
            "leave out source",
        ),
        (
            {"source": FakeSource([]), "cgroup": ["/"]},
            "only the kernel knows which cgroups are below another",
            "leave out source",
        ),
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
