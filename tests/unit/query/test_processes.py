"""The table of processes: who began whom, what each executed, and how it ended."""

import os
import time

import pytest
from msgspec.structs import replace

from onlooker.recordings import writer
from onlooker.recordings.processes import Processes, processes
from onlooker.recordings.recording import Recording
from onlooker.recordings.segments import log_path, numbers
from onlooker.testing import make

from ..recordings.ended import lives, recorded
from ..recordings.lives import BILLION, OFFSET, at, batches, build, end, event, execute, fork, life
from .made import asked, record


@pytest.fixture
def ask(tmp_path):
    """`ask(events, columns)`: of the processes of these events, by the time of their start."""

    def ask(events, columns, **form):
        path = record(
            tmp_path / str(len(list(tmp_path.iterdir()))), sorted(events, key=lambda each: each.boot_ns), **form
        )
        with asked(path) as run:
            return run(f"SELECT {columns} FROM processes ORDER BY start_ns, pid")

    return ask


@pytest.mark.parametrize("form", [{"sealed": False}, {}, {"each": True}])
def test_a_build(ask, form):
    rows = ask(build(), "pid, ppid, parent_start_ns, cmdline, exit_code, depth, [x.pid for x in ancestors]", **form)
    assert rows[0] == (100, 99, None, "sh build.sh", 2, 0, [])
    assert rows[1:3] == [
        (200, 100, at(10), "gcc -c src/f0.c", 0, 1, [100]),
        (300, 200, at(11), "cc1 src/f0.c", 0, 2, [200, 100]),
    ]
    assert [row[4] for row in rows if row[3].startswith("gcc")] == [0, 0, 0, 1, 0]
    assert len(rows) == 11


def test_all_of_one_process(ask):
    who = {"ppid": 100, "uid": 1000, "gid": 5, "comm": "cc"}
    events = [
        execute(10, 100, 9, "make", ppid=1),
        fork(11, 100, 9, 200, comm="make"),
        execute(12, 200, 11, "cc", "a b", **who),
        event("open", 13, 200, 11, path="/a", flags=("O_RDONLY",), **who),
        event("open", 13, 200, 11, path="/b", flags=("O_WRONLY", "O_CREAT"), **who),
        event("open", 13, 200, 11, path="/c", flags=("O_RDWR",), **who),
        event("open", 13, 200, 11, path="/d", flags=("O_WRONLY",), errno="EACCES", **who),
        event("open", 13, 200, 11, path="/e", flags=("O_RDWR", "O_PATH"), **who),
        execute(13.5, 200, 11, "no", errno="ENOENT", **{**who, "exe": None, "path": "/no"}),
        event("stat", 14, 200, 11, path="/f", **who),
        end(
            15, 200, 11, signal="SIGKILL", duration_ns=at(4), cpu_user_ns=5, cpu_system_ns=6, **{**who, "comm": "late"}
        ),
    ]
    [_, row] = ask(
        events,
        "ppid, parent_start_ns, comm, path, exe, argv, cmdline, uid, gid, cgroup_id, epoch_ns(start_time), "
        "epoch_ns(end_time), duration_ns, exit_code, signal, cpu_user_ns, cpu_system_ns, "
        "execs, opens, writes, failures, events, depth, ancestors",
    )
    assert row == (
        *(100, at(9), "late", "/usr/bin/cc", "/usr/bin/cc", ["cc", "a b"], "cc 'a b'", 1000, 5, 1),
        *(OFFSET + at(11), OFFSET + at(15), at(4), None, "SIGKILL", 5, 6, 1, 4, 2, 2, 9, 1),
        [{"pid": 100, "start_ns": at(9), "comm": "make"}],
    )


def test_one_that_was_there_before(ask):
    events = [event("open", 50, 7, 3, ppid=1, comm="cron"), event("open", 51, 7, 3, ppid=1, comm="cron")]
    [row] = ask(events, "ppid, comm, path, argv, epoch_ns(start_time), end_time, duration_ns, events, depth, ancestors")
    assert row == (1, "cron", None, None, OFFSET + at(3), None, at(48), 2, 0, [])


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"until": None},
        {"until": 3.0},
        {"until": 59.0, "seconds": 6.0},
        {"losses": [(6, 3, "exit", "rate")]},
        {"losses": [(6, 3, "unknown", "recursion")]},
        {"losses": [(6, 3, "open", "ring full")]},
        {"losses": [(6, 1, "fork", "unfollowed")]},
        {"settings": {"events": ["exec", "fork"]}},
        {"settings": {"events": ["all"], "failed": True}},
        {"unwritten": 3},
    ],
)
def test_how_long_without_an_end(tmp_path, how):
    found = recorded(tmp_path / "r", **how)
    with asked(found.path) as run:
        rows = run("SELECT pid, duration_ns / 1e9, running FROM processes WHERE end_time IS NULL")
    assert {pid: (seconds, running) for pid, seconds, running in rows} == {
        pid: (seconds, True) if running else (None, None)
        for pid, (seconds, running) in lives(found).items()
        if pid != 9
    }


@pytest.mark.parametrize("until", [None, 9.0])
@pytest.mark.parametrize("number", [4, 5])
def test_what_a_torn_batch_hides(tmp_path, monkeypatch, until, number):
    """The last one of a recorder that was killed hides nothing: it would have been later. Any other may be of ends."""
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 1)
    found = recorded(tmp_path / "r", until=until)
    assert numbers(tmp_path / "r") == [1, 2, 3, 4, 5]
    log = log_path(tmp_path / "r", number)
    os.truncate(log, log.stat().st_size - 1)
    model = lives(Recording(tmp_path / "r"))
    with asked(found.path) as run:
        rows = run("SELECT pid, running FROM processes WHERE end_time IS NULL")
    assert dict(rows) == {pid: running or None for pid, (_, running) in model.items() if pid in dict(rows)}
    assert (True in dict(rows).values()) == (until is None and number == 5)


def test_an_id_that_was_used_again_is_of_one_that_ended(ask):
    events = [execute(1, 7, 0.5, "sh"), execute(5, 7, 4, "sh")]
    assert ask(events, "start_ns, running, end_time") == [(at(0.5), False, None), (at(4), True, None)]


def test_one_that_did_nothing_is_known_by_its_fork(ask):
    rows = ask([fork(5, 7, 3, 8, comm="sh", uid=23)], "pid, ppid, parent_start_ns, comm, uid, events, depth")
    assert rows == [(7, 1000, None, "sh", 23, 1, 0), (8, 7, at(3), "sh", 23, 0, 1)]


def test_ids_that_are_used_again(ask):
    events = [
        execute(1, 50, 1, "sh", ppid=1),
        *life(50, 1, 60, 10, "one", until=11, ppid=50),
        *life(50, 1, 60, 20, "two", until=40, ppid=50),
        *life(60, 20, 70, 30, "child", until=31, ppid=60),
        *life(50, 1, 60, 50, "three", until=60, ppid=50),
        # their forks were not seen: the parent is the one that was there
        execute(35, 80, 34, "under two", ppid=60),
        execute(55, 81, 54, "under three", ppid=60),
        execute(45, 82, 44, "under nobody", ppid=60),
    ]
    rows = ask(events, "cmdline, parent_start_ns")
    assert dict(rows) == {
        "sh": None,
        "one": at(1),
        "two": at(1),
        "child": at(20),
        "'under two'": at(20),
        "'under nobody'": None,
        "three": at(1),
        "'under three'": at(50),
    }


def test_a_child_of_the_creators_parent(ask):
    events = [
        execute(1, 50, 1, "top", ppid=1),
        fork(2, 50, 1, 60),
        fork(3, 60, 2, 70, child_ppid=50, ppid=50),
    ]
    assert ask(events, "pid, ppid, parent_start_ns, depth") == [
        (50, 1, None, 0),
        (60, 50, at(1), 1),
        (70, 50, at(1), 1),
    ]


def test_one_whose_parent_has_ended_keeps_it(ask):
    events = [
        execute(1, 50, 1, "top", ppid=1),
        fork(2, 50, 1, 60),
        end(3, 50, 1, ppid=1),
        event("open", 4, 60, 2, ppid=1),
        execute(0.9, 1, 0.1, "init", ppid=0),
    ]
    assert ask(events, "pid, ppid, parent_start_ns") == [(1, 0, None), (50, 1, at(0.1)), (60, 50, at(1))]


def test_threads_and_kernel_threads_are_none(ask):
    events = [
        event("fork", 2, 50, 1, thread=True, child_pid=50, child_tid=51, child_start_ns=at(2)),
        event("open", 3, 50, 1, path="/by/a/thread"),
        fork(4, 2, 0.1, 60, kernel=True, ppid=0),
        event("open", 5, 60, 4, ppid=2, comm="kworker"),
        fork(6, 2, 0.1, 70, ppid=0),
        execute(7, 70, 6, "modprobe", ppid=2),
        fork(8, 2, 0.1, 80, ppid=0),
    ]
    assert ask(events, "pid, opens") == [(50, 1), (70, 0)]


def test_recordings_are_told_apart(tmp_path):
    one = record(tmp_path / "a", life(50, 1, 60, 10, "one"))
    other = record(tmp_path / "b", life(50, 1, 60, 10, "two"))
    with asked(one, other) as run:
        rows = run("SELECT recording, pid, cmdline, events FROM processes ORDER BY ALL")
    assert rows == [(one, 50, None, 1), (one, 60, "one", 2), (other, 50, None, 1), (other, 60, "two", 2)]


def test_one_that_forks_itself_for_ever(ask):
    events = [fork(n, n, n - 1, n + 1) for n in range(3, 203)]
    rows = ask(events, "pid, depth, len(ancestors)")
    assert rows[:2] == [(3, 0, 0), (4, 1, 1)]
    assert rows[128] == (131, 128, 128)
    assert rows[129:] == [(pid, None, None) for pid in range(132, 204)]


def test_a_process_that_had_begun_before_the_clock_was_set(ask):
    early = make("open", time="1970-01-01T00:00:01.000000000Z", boot_ns=5 * BILLION, pid=7, start_ns=BILLION)
    assert ask([early], "epoch_ns(start_time)") == [(-3 * BILLION,)]


def test_the_parent_is_the_last_that_had_its_id(ask):
    """An earlier one that has no end ended all the same."""
    events = [
        execute(1, 60, 0.5, "old", ppid=1),
        *life(50, 1, 60, 10, "one", until=11, ppid=50),
        execute(20, 70, 19, "child", ppid=60),
    ]
    assert dict(ask(events, "pid, parent_start_ns")[-1:])[70] is None
    assert [each.parent for each in processes(batches(*events)) if each.pid == 70] == [None]


def test_an_id_that_is_used_ten_thousand_times():
    events = [event("open", n, 7, n, ppid=1) for n in range(1, 10_001)]
    events += [event("open", n, 9 + n, n - 0.5, ppid=7) for n in range(1, 10_001)]
    began = time.process_time()
    known = Processes(counts=True)
    for batch in batches(*sorted(events, key=lambda each: each.boot_ns)):
        known.take(batch)
    found = {each.pid: each for each in known.records()}
    assert found[9 + 5000].parent.start_ns == at(4999)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("which", ["start", "end"])
def test_a_time_that_no_clock_has(tmp_path, which, moment):
    said = recorded(tmp_path / "r").manifest
    changed = replace(said, start=moment) if which == "start" else replace(said, end=replace(said.end, time=moment))
    changed.write(tmp_path / "r")
    with asked(tmp_path / "r") as run:
        assert run("SELECT count(*) FROM processes") == [(3,)]
