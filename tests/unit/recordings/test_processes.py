"""Processes as a recording knows them."""

import pytest

from onlooker import Batch
from onlooker.recordings.processes import MOST_ARGV_BYTES, MOST_EXECS, Processes, processes
from onlooker.testing import make

from .lives import at, batches, build, end, event, execute, fork, life


def known(*events):
    return {each.pid: each for each in processes(batches(*events))}


def test_who_began_whom():
    found = known(*build())
    assert [each.pid for each in found[203].ancestors()] == [100]
    assert [each.pid for each in found[303].ancestors()] == [203, 100]
    assert (found[303].has_begun, found[100].has_begun, found[100].ppid, found[100].parent) == (True, False, 99, None)


def test_how_it_ended():
    found = known(*build())
    assert (found[203].exit_code, found[203].has_failed, found[204].has_failed) == (1, True, False)
    assert (found[200].end_ns, found[200].duration_ns) == (at(11.9), at(0.9))
    killed = known(*life(1, 0, 5, 1, "a", signal="SIGSEGV", core_dumped=True, cpu_user_ns=7, cpu_system_ns=8))[5]
    assert (killed.signal, killed.core_dumped, killed.exit_code, killed.has_failed) == ("SIGSEGV", True, None, True)
    assert (killed.cpu_user_ns, killed.cpu_system_ns) == (7, 8)


def test_what_goes_on_has_no_end():
    found = known(execute(10, 7, 5, "a"), event("open", 30, 7, 5))
    assert (found[7].end_ns, found[7].is_over, found[7].has_failed) == (None, False, False)


def test_every_execution_that_succeeded():
    found = known(
        fork(1, 1, 0, 7),
        execute(2, 7, 1, "sh", "run"),
        execute(3, 7, 1, "none", errno="ENOENT", exe=None),
        execute(4, 7, 1, "cat", "f"),
    )[7]
    assert [each.argv for each in found.execs] == [("sh", "run"), ("cat", "f")]
    assert (found.program.name, found.program.exe, found.comm) == ("cat", "/usr/bin/cat", "cat")


def test_who_only_forks_has_the_program_of_its_creator():
    found = known(execute(1, 7, 0.5, "sh", "run"), fork(2, 7, 0.5, 8), fork(3, 8, 2, 9), execute(4, 7, 0.5, "cat"))
    assert [found[pid].execs for pid in (8, 9)] == [[], []]
    assert [found[pid].program.argv for pid in (8, 9)] == [("sh", "run")] * 2


def test_an_id_that_is_used_again():
    """The first one's end was lost."""
    made = processes(batches(fork(1, 1, 0, 7), execute(2, 7, 1, "a"), fork(3, 1, 0, 7), execute(4, 7, 3, "b")))
    assert [(each.pid, each.start_ns, each.is_over) for each in made[1:]] == [(7, at(1), True), (7, at(3), False)]
    assert [each.program.argv for each in made[1:]] == [("a",), ("b",)]


def test_threads_and_kernel_threads_are_no_processes():
    found = known(
        fork(1, 7, 0.5, 7, thread=True),
        fork(2, 2, 0, 50, kernel=True, ppid=0),
        end(3, 50, 2, ppid=2),
        end(4, 51, 0.1, ppid=2),
    )
    assert [*found] == [7]


def test_a_program_that_the_kernel_starts_is_one():
    found = known(fork(1, 20, 0.1, 60, ppid=2, child_ppid=2), execute(2, 60, 1, "modprobe", ppid=2))
    assert [*found] == [60] and found[60].parent is None


def test_the_parent_where_the_creator_gave_its_own():
    found = known(execute(1, 7, 0.5, "sh"), fork(2, 7, 0.5, 8, ppid=1), fork(3, 8, 2, 9, child_ppid=7, ppid=7))
    assert found[9].parent is found[7]


def test_without_forks_the_events_name_the_parent():
    found = known(execute(2, 8, 1.5, "cat", ppid=7), execute(3, 7, 1, "sh", ppid=6), execute(4, 9, 0.5, "old", ppid=7))
    assert found[8].parent is found[7]
    assert found[9].parent is None  # it is older than what has that id now
    assert not found[8].has_begun


def test_nobody_is_an_ancestor_of_their_own():
    """Whatever the records say."""
    found = processes(batches(fork(1, 7, 5, 8), make("fork", pid=8, start_ns=at(1), child_pid=7, child_start_ns=at(5))))
    assert all(len([*each.ancestors()]) < 3 for each in found)


def test_counts_of_events_on_request():
    some = [execute(1, 7, 0.5, "a"), event("open", 2, 7, 0.5), event("open", 3, 7, 0.5), event("open", 4, 8, 0.5)]
    assert [each.events for each in processes(batches(*some), counts=True)] == [{"exec": 1, "open": 2}, {"open": 1}]
    assert [each.events for each in processes(batches(*some))] == [{}]


def test_much_is_cut():
    [found] = processes(batches(*(execute(n, 7, 0.5, f"p{n}", "x" * 9999) for n in range(1, 50))))
    assert (len(found.execs), found.execs_left_out) == (MOST_EXECS, 49 - MOST_EXECS)
    assert (found.execs[0].name, found.execs[-2].name, found.execs[-1].name) == ("p1", "p31", "p49")
    assert sum(map(len, found.program.argv)) <= MOST_ARGV_BYTES and found.program.argv_cut


def test_the_oldest_that_succeeded_are_left_out():
    table = Processes(most=10)
    events = [execute(0.2, 1, 0.1, "sh")]
    for number in range(50):
        events += life(1, 0.1, 100 + number, 1 + number, "a", exit_code=number == 3)
    for batch in batches(*events):
        table.take(batch)
    found = {each.pid: each for each in table.records()}
    assert len(found) == 10 and table.left_out == 41
    assert {1, 103, 149} <= {*found} and found[1].left_out == 41


def test_what_is_left_out_of_a_subtree():
    table = Processes(most=3)
    events = [execute(0.2, 1, 0.1, "sh"), fork(1, 1, 0.1, 12), fork(2, 12, 1, 13), end(3, 13, 2), end(4, 12, 1)]
    for batch in batches(*events, fork(5, 1, 0.1, 4), fork(6, 1, 0.1, 5)):
        table.take(batch)
    found = {each.pid: each for each in table.records()}
    assert [*found] == [1, 4, 5] and found[1].left_out == 2 == table.left_out


def test_the_times_of_the_recording():
    table = Processes()
    for batch in batches(event("open", 3, 7, 1), execute(5, 7, 1, "a"), event("open", 9, 7, 1)):
        table.take(batch)
    assert (table.first_ns, table.last_ns) == (at(3), at(9))
    assert (Processes().first_ns, Processes().last_ns) == (0, 0)


@pytest.mark.parametrize("reason", ["damaged", "ring full"])
def test_losses_are_no_processes(reason):
    table = Processes(counts=True)
    table.take(Batch.of_losses([(3, "unknown", reason)], 0, 0))
    assert table.records() == [] and table.first_ns == 0


def test_what_other_events_say_of_before_is_no_news():
    table = Processes()
    for batch in batches(execute(2, 7, 0.5, "cat")):
        table.take(batch)
    for batch in batches(event("open", 1, 7, 0.5, comm="sh"), event("open", 1, 8, 0.5, comm="old")):
        table.take_others(batch)
    assert [(each.pid, each.comm) for each in table.records()] == [(7, "cat"), (8, "old")]
