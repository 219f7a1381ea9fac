"""Parents and ancestors in expressions, with a list in place of the kernel."""

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from onlooker import Batch, ExpressionError, Monitor, UsageError
from onlooker.enrich.kinship import Kinship, with_kin
from onlooker.filters import Filter
from onlooker.filters.compile import matcher
from onlooker.filters.expression import And, Not, Or
from onlooker.filters.fields import plan_of
from onlooker.filters.parse import parse
from onlooker.testing import FakeSource, make

from .filters import reference
from .monitored import LOST


def fork(pid, child, **fields):
    return make("fork", pid=pid, start_ns=pid, child_pid=child, child_start_ns=child, **{"child_ppid": pid, **fields})


def done(event, pid, **fields):
    return make(event, pid=pid, start_ns=pid, **fields)


SSHD, BASH, LS = 10, 11, 12
EVENTS = [
    done("exec", SSHD, comm="sshd", exe="/usr/sbin/sshd", argv=("sshd", "-D"), uid=0),
    fork(SSHD, BASH, comm="sshd", uid=0),
    done("exec", BASH, comm="bash", exe="/bin/bash", argv=("bash", "-l")),
    fork(BASH, LS, comm="bash"),
    LOST,
    done("open", LS, comm="bash", path="/a"),
    done("exec", LS, comm="ls", exe="/bin/ls", argv=("ls",)),
    done("exec", BASH, comm="vim", exe="/bin/vim", argv=("vim",)),
    done("open", LS, comm="ls", path="/b", errno="ENOENT"),
    done("open", 99, comm="x", path="/d"),
    done("exit", BASH, comm="vim"),
    done("exit", LS, comm="ls", exit_code=1),
]
OF_BASH, OF_LS, OF_OTHERS = [2, 3, 7, 10], [5, 6, 8, 11], [0, 1, 9]


def found(**asked):
    with Monitor(source=FakeSource(EVENTS, batch=asked.pop("batch", 1000)), **asked) as monitor:
        numbers = [EVENTS.index(event) for event in monitor]
    assert EVENTS.index(LOST) in numbers
    return [number for number in numbers if EVENTS[number] is not LOST]


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("ancestor.comm == 'sshd'", OF_BASH + OF_LS),
        ("ancestor.comm == 'sshd' and event == 'exec'", [2, 6, 7]),
        ("parent.comm == 'sshd'", OF_BASH),
        ("parent.exe endswith '/bash'", OF_LS),  # what it executes later changes nothing
        ("parent.exe glob '/bin/*' or parent.exe endswith '/vim'", OF_LS),
        ("parent.argv contains '-l'", OF_LS),
        ("parent.cmdline icontains 'SHD -d'", OF_BASH),
        ("parent.uid == 0", OF_BASH),
        ("parent.pid in (10, 99)", OF_BASH),
        ("ancestor.pid == 10 and not parent.pid == 10", OF_LS),
        ("ancestor.comm != 'sshd'", OF_LS),
        ("not ancestor.comm == 'sshd'", OF_OTHERS),
        ("ancestor.comm exists", OF_BASH + OF_LS),
        ("not parent.comm exists", OF_OTHERS),
        ("parent.exe under '/bin' and file under '/a'", [5]),
    ],
)
def test_of_whom(where, numbers, batch):
    assert found(where=where, batch=batch) == sorted(numbers)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"events": ["open"]}, [5, 8]),
        ({"events": ["open"], "comm": ["l*"]}, [8]),
        ({"comm": ["ls", "vim"]}, [6, 7, 8, 10, 11]),
        ({"pid": [BASH]}, OF_BASH),
        ({"uid": [0]}, []),
        ({"failed": True}, [8, 11]),
        ({"exclude": "parent.comm == 'sshd'"}, OF_LS),
        ({"first": True, "events": ["open"]}, [5, 8]),
    ],
)
def test_the_rest_of_the_filter_holds_too(asked, numbers):
    """Although the table needs what it leaves out."""
    assert found(where="ancestor.comm == 'sshd'", **asked) == numbers


def test_what_is_no_expression_is_asked_of_the_source():
    given = Filter.of(events=["open"], where="parent.pid == 1", exe=["sh"], cgroup=["/x"], threads=True, comm=["a"])
    source = with_kin(replace(given, follow=True), has_proc=False)
    kept = {name: getattr(source, name) for name in ("exe", "cgroup", "threads", "follow")}
    assert kept == {"exe": given.exe, "cgroup": ("/x",), "threads": True, "follow": True}
    assert (source.events, source.comm) == (("fork", "exec", "exit", "open"), ())


def test_what_nobody_got_is_counted_without_what_only_the_table_needs():
    with Monitor(where="ancestor.comm == 'sshd'", events=["open"], source=FakeSource(EVENTS, batch=6)) as monitor:
        assert next(iter(monitor)) == LOST
        assert next(iter(monitor)) == EVENTS[5]
    stats = monitor.stats()
    assert (stats.events, stats.unread) == ({"open": 1, "lost": 1}, 1)


def test_a_signal_that_breaks_it_off_takes_nothing_along(monkeypatch):
    """The same batch is matched again, and says the same."""
    learn, broken = Kinship.learn, [7]

    def sometimes(kinship, record, offset_ns):
        broken[0] -= 1
        if not broken[0]:
            raise KeyboardInterrupt
        return learn(kinship, record, offset_ns)

    monkeypatch.setattr(Kinship, "learn", sometimes)
    events = [event for event in EVENTS if event is not LOST]
    with Monitor(where="parent.exe endswith '/bash'", source=FakeSource(events)) as monitor:
        with pytest.raises(KeyboardInterrupt):
            monitor.poll()
        assert [EVENTS.index(event) for event in monitor] == OF_LS


@pytest.mark.parametrize(
    ("where", "message", "marked"),
    [
        ("uid == 0 and parent.fd == 3", "parent.fd: of a process's parent that is not known", "parent.fd"),
        ("ancestor.comm < 3", "comm is a text: it has no <", "ancestor.comm < 3"),
        ("parent.uid == 'root'", "uid is a number, not 'root'", "'root'"),
        ("parent.com == 'x'", "unknown field 'com'", "parent.com"),
        ("child.comm == 'x'", "unknown prefix of a field: 'child.comm'", "child.comm"),
    ],
)
def test_mistakes(where, message, marked):
    with pytest.raises(ExpressionError) as caught:
        Monitor(where=where, source=FakeSource([]))
    assert str(caught.value) == message
    assert where[caught.value.start : caught.value.end] == marked


def test_there_is_a_bit_for_64_tests():
    tests = " or ".join(f"parent.pid == {number}" for number in range(-53, 11))
    assert found(where=tests) == OF_BASH
    for where in ([tests, "ancestor.pid == 11"], f"{tests} or ancestor.pid == 11"):
        with pytest.raises(UsageError, match="more than 64 tests of processes, parents and ancestors"):
            Monitor(where=where, source=FakeSource([]))


def test_what_is_forgotten_is_asked_again():
    """There is room for 49 152 processes (kin.h)."""
    [one] = Batch.of([done("open", 1)])
    (length,), record = struct.unpack("=Q", one.data[:8]), one.data[8:]
    places = {step.name: step.at for step in plan_of("open").steps}

    def of(pid):
        made = bytearray(struct.pack("=Q", length) + record)
        struct.pack_into("=I", made, 8 + places["pid"], pid)
        return bytes(made)

    asked = []

    def learn(data, offset_ns):
        [event] = Batch(data, offset_ns)
        asked.append(event.pid)
        return event.pid % 7 == 0

    wanted = matcher(parse("parent.pid == 1"), learn)
    pids = [*range(1, 60_001)]
    batch = Batch(b"".join(map(of, pids)), one.offset_ns)
    for _ in range(2):
        found = batch.matching(wanted)
        assert [event.pid for event in found] == [pid for pid in pids if pid % 7 == 0]
    assert len(asked) > len(pids) and {*asked} == {*pids}
    again = Batch(of(60_000) * 2, one.offset_ns)
    before = len(asked)
    again.matching(wanted)
    assert len(asked) == before


@dataclass
class Known:
    """A process as a plain program would remember it."""

    event: object  # an exec that says what it is
    kin: list = field(default_factory=list)  # the same of its parent when it was created, and so on


NAMES = st.sampled_from(["a", "b", "sh"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["fork", "exec", "exit", "open"]), st.integers(0, 9), NAMES, st.integers(0, 1)),
    max_size=40,
)
TESTS = st.builds(
    "{}.{}".format,
    st.sampled_from(["parent", "ancestor"]),
    st.sampled_from(
        ["comm == 'a'", "comm != 'a'", "exe endswith '/sh'", "uid == 1", "argv contains 'b'", "comm exists"]
    ),
)
EXPRESSIONS = st.lists(st.builds("{}{}".format, st.sampled_from(["", "not "]), TESTS), min_size=1, max_size=3).flatmap(
    lambda tests: st.sampled_from([" and ", " or "]).map(lambda word: word.join(tests))
)


def history(steps):
    """Events, and for each what is known of its process's kin."""
    known, events, next_pid = {1: Known(done("exec", 1, comm="init", exe="/init", argv=("init",), uid=0))}, [], 2
    for what, which, name, uid in steps:
        if not known:
            break
        pid = list(known)[which % len(known)]
        process = known[pid]
        now = process.event
        common = {"comm": now.comm, "uid": now.uid}
        if what == "fork":
            events.append((fork(pid, next_pid, **common), process.kin))
            known[next_pid] = Known(replace_pid(now, next_pid, pid), [now, *process.kin])
            next_pid += 1
        elif what == "exec":
            process.event = done("exec", pid, comm=name, exe=f"/bin/{name}", argv=(name,), uid=uid)
            events.append((process.event, process.kin))
        else:
            events.append((done(what, pid, **common), process.kin))
            if what == "exit":
                del known[pid]
    return events


def replace_pid(event, pid, ppid):
    return make(
        "exec", pid=pid, start_ns=pid, ppid=ppid, comm=event.comm, exe=event.exe, argv=event.argv, uid=event.uid
    )


def holds(expression, kin):
    """As docs/expressions.md says it."""
    if isinstance(expression, And | Or):
        return (all if isinstance(expression, And) else any)(holds(term, kin) for term in expression.terms)
    if isinstance(expression, Not):
        return not holds(expression.term, kin)
    whom = kin[:1] if expression.scope == "parent" else kin
    own = replace(expression, field=expression.name)
    return any(reference.matches(own, each) for each in whom)


@settings(deadline=None)
@given(STEPS, EXPRESSIONS, st.sampled_from([1, 3, 1000]))
def test_any_history(steps, text, batch):
    start = [(done("exec", 1, comm="init", exe="/init", argv=("init",), uid=0), [])]
    events = [*start, *history(steps)]
    expression = parse(text)
    wanted = [event for event, kin in events if holds(expression, kin)]
    with Monitor(where=text, source=FakeSource([event for event, _ in events], batch=batch)) as monitor:
        assert list(monitor) == wanted
