"""Filter: what is checked, and what matches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Lost
from onlooker.errors import UsageError
from onlooker.events import DEFAULT_EVENTS, REASONS, TASK_EVENTS
from onlooker.filters import Filter, has_failed
from onlooker.filters.filter import HIGHEST_UID
from onlooker.testing import make

LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 3, "open", "ring full")
THREAD = make("fork", thread=True, child_pid=1234, child_tid=1236)
FAILED_HINT = "failed=True goes with every other event"
PIDS = "process ids are numbers from 1 to 2147483647: pid=[1234]"
USERS = "a user's name, or a number from 0 to 4294967294"
NO_USER = "no process has user id 4294967295: it is (uid_t)-1, which means no user"
ALL = ", ".join(TASK_EVENTS)
ONE_OF_EACH = (make("fork"), make("exec"), make("exit"), make("open"))
FAILED = (
    make("exec", errno="ENOENT"),
    make("exit", exit_code=1),
    make("exit", signal="SIGKILL"),
    make("open", errno="EACCES"),
)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"events": ["opne"]}, "unknown event 'opne'", "did you mean 'open'?"),
        ({"events": ["exec", "Fork"]}, "unknown event 'Fork'", "did you mean 'fork'?"),
        ({"events": ["zzz"]}, "unknown event 'zzz'", f"one of {ALL}, default, all"),
        ({"events": ["lost"]}, "unknown event 'lost'", f"one of {ALL}, default, all"),
        ({"events": []}, "no event is chosen", f"default, all, or some of {ALL}"),
        ({"events": ["fork"], "failed": True}, "a fork that failed is not reported", FAILED_HINT),
        ({"comm": ["a", ""]}, "a process name can't be empty", None),
        ({"comm": ["a*b"]}, "not a process name: 'a*b'", None),
        ({"pid": [-1]}, "not a process id: -1", PIDS),
        ({"pid": [0]}, "not a process id: 0", PIDS),
        ({"pid": [1, 2**31]}, "not a process id: 2147483648", PIDS),
        ({"uid": [-2]}, "not a user id: -2", USERS),
        ({"uid": ["rooot"]}, "unknown user 'rooot'", "did you mean 'root'?"),
        ({"uid": ["-1"]}, "unknown user '-1'", USERS),
        ({"uid": ["4294967296"]}, "not a user id: 4294967296", USERS),
        ({"uid": ["4294967295"]}, NO_USER, USERS),
        ({"uid": [0, 2**32 - 1]}, NO_USER, USERS),
        ({"uid": ["9" * 5000]}, f"unknown user '{'9' * 5000}'", USERS),
        ({"cgroup": [""]}, "not a cgroup: ''", "as in /system.slice/nginx.service"),
        ({"cgroup": "/a"}, "cgroup is a list, not '/a'", "cgroup=['/a']"),
        ({"cgroup": [f"/{at}" for at in range(33)]}, "33 cgroups are too many", None),
        ({"uid": ["\0\x1b"]}, r"unknown user '\x00\x1b'", USERS),
    ],
)  # fmt: skip
def test_errors_say_what_and_what_to_type(given, message, hint):
    with pytest.raises(UsageError) as caught:
        Filter.of(**given)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint == hint or (hint is None and caught.value.hint)


def test_what_is_not_given_restricts_nothing():
    assert Filter.of() == Filter()
    assert Filter().events == ("fork", "exec", "exit", "open")


def test_repetitions_are_dropped_and_the_order_kept():
    wanted = Filter.of(events=["open", "exec", "open"], pid=[3, 1, 3], uid=iter([0, HIGHEST_UID, 0]))
    assert (wanted.events, wanted.pid, wanted.uid) == (("open", "exec"), (3, 1), (0, HIGHEST_UID))


def test_users_by_name_or_number():
    assert Filter.of(uid=["root", "daemon", 7, "65534", "0"]).uid == (0, 1, 7, 65534)


def test_a_filter_can_not_be_changed():
    with pytest.raises(AttributeError):
        Filter().failed = True


def test_a_long_name_is_noted():
    wanted = Filter.of(comm=["systemd-journald", "cat", "nginx*"])
    assert wanted.notes() == ["process names have at most 15 bytes: comparing with 'systemd-journal'"]
    assert Filter.of(comm=["é" * 8]).notes()[0].endswith("comparing with 'ééééééé\ufffd'")
    assert Filter.of(comm=["cat"]).notes() == []


@pytest.mark.parametrize(
    ("given", "event", "reported"),
    [
        ({"events": ["exec"]}, make("exec"), True),
        ({"events": ["exec"]}, make("open"), False),
        ({"comm": ["fake"]}, make("open"), True),
        ({"comm": ["fak"]}, make("open"), False),
        ({"comm": ["cat", "fa*"]}, make("open"), True),
        ({"comm": ["\udcff"]}, make("open", comm="\udcff"), True),
        ({"pid": [1, 1234]}, make("open"), True),
        ({"pid": [1]}, make("open"), False),
        ({"pid": [7]}, make("open", tid=7), False),
        ({"pid": [1235]}, make("fork", child_pid=1235), False),  # the creator counts
        ({"uid": [0, 1000]}, make("open"), True),
        ({"uid": [0]}, make("open"), False),
        ({"uid": [0]}, make("open", uid=0), True),
        ({"comm": ["fake"], "uid": [0]}, make("open"), False),
        ({"comm": ["fake"], "uid": [1000], "pid": [1234]}, make("open"), True),
        ({}, THREAD, False),
        ({"threads": True}, THREAD, True),
        ({"threads": True}, make("fork"), True),
        ({"failed": True}, make("fork"), False),
    ],
)
def test_matches(given, event, reported):
    assert Filter.of(**given).matches(event) is reported


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=DEFAULT_EVENTS)
def test_failed_leaves_out_what_succeeded(event):
    assert not has_failed(event)
    assert Filter().matches(event)
    assert not Filter.of(failed=True).matches(event)


@pytest.mark.parametrize("event", FAILED, ids=["exec", "exit", "signal", "open"])
def test_failed_keeps_what_failed(event):
    assert has_failed(event)
    assert Filter.of(failed=True).matches(event)


names = st.sampled_from(["a", "b", "ab", "abc"])
FILTERS = st.fixed_dictionaries(
    {
        "events": st.none() | st.lists(st.sampled_from(["exec", "exit", "open", "fork"]), min_size=2, unique=True),
        "comm": st.lists(st.one_of(names, names.map(lambda name: f"{name}*")), max_size=3),
        "pid": st.lists(st.integers(1, 4), max_size=3),
        "uid": st.lists(st.integers(1, 4), max_size=3),
        "failed": st.booleans(),
        "threads": st.booleans(),
    }
)
EVENTS = st.builds(
    lambda event, comm, pid, uid: make(event[0], comm=comm, pid=pid, uid=uid, **event[1]),
    st.sampled_from([("fork", {}), ("exec", {}), ("exit", {}), ("open", {}), ("open", {"errno": "ENOENT"})]),
    names,
    st.integers(1, 4),
    st.integers(1, 4),
)


@settings(deadline=None, max_examples=50)
@given(given_=FILTERS, reason=st.sampled_from(REASONS))
def test_a_loss_is_always_reported(given_, reason):
    assert Filter.of(**given_).matches(Lost("", 1, 1, "unknown", reason))


@settings(deadline=None, max_examples=300)
@given(given_=FILTERS, event=EVENTS)
def test_each_further_restriction_lets_less_through(given_, event):
    if Filter.of(**given_).matches(event):
        for name in ("events", "comm", "pid", "uid", "failed"):
            less = {key: value for key, value in given_.items() if key != name}
            assert Filter.of(**less).matches(event), name


@settings(deadline=None, max_examples=300)
@given(given_=FILTERS, event=EVENTS)
def test_fields_are_all_needed_and_alternatives_are_not(given_, event):
    each = [{name: value} for name, value in given_.items() if name not in ("events", "failed")]
    each += [{"events": given_["events"], "failed": given_["failed"]}]
    assert Filter.of(**given_).matches(event) == all(Filter.of(**one).matches(event) for one in each)
    for name in ("comm", "pid", "uid"):
        if given_[name]:
            alone = [Filter.of(**{name: [value]}).matches(event) for value in given_[name]]
            assert Filter.of(**{name: given_[name]}).matches(event) == any(alone)


@pytest.mark.parametrize(
    ("arguments", "notes"),
    [
        ({"events": ["exec"], "threads": True}, ["threads adds only fork events, and fork is not among the events"]),
        ({"failed": True, "threads": True}, ["threads adds only fork events, and a fork that failed is not reported"]),
        ({"threads": True}, []),
        ({"events": ["exec"]}, []),
    ],
)
def test_threads_without_forks_are_noted(arguments, notes):
    assert Filter.of(**arguments).notes() == notes
