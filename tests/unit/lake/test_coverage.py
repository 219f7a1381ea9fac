"""For which hosts and times a lake is whole."""

import subprocess
import sys
from pathlib import Path

from onlooker.lake.coverage import BROKEN_OFF, LOST, MISSING, NO_RUN, periods, shared_names
from onlooker.lake.state import Run, Span, State, run_key
from onlooker.lake.tables import LakeTables
from onlooker.testing import make

from .made import BEGAN, SECOND, held, messages, opens, writer


def test_messages_in_any_order_are_one_period(tmp_path: Path) -> None:
    own = writer(tmp_path)
    some = messages(9)
    for place in (4, 0, 8, 2, 1, 3, 7, 5, 6):
        own.commit([some[place]])
    [period] = periods(own.log.state)
    assert (period.began_ns, period.ended_ns, period.whole, period.why) == (BEGAN, BEGAN + 9 * SECOND, True, None)


def test_what_is_missing_is_counted_to_the_last_record(tmp_path: Path) -> None:
    own = writer(tmp_path)
    some = messages(9, of=5)
    own.commit([some[at] for at in (2, 3, 7)])
    found = [(each.whole, each.missing, each.why) for each in periods(own.log.state)]
    assert found == [(False, 10, MISSING), (True, 0, None), (False, 15, MISSING), (True, 0, None)]
    with LakeTables(str(tmp_path)) as tables:
        assert tables.losses() == {("unknown", "not in the lake"): 25}


def test_a_loss_is_in_its_period_only(tmp_path: Path) -> None:
    own = writer(tmp_path)
    lost = make("lost", of="open", reason="ring full", count=41)
    own.commit([held(1, opens(1)), held(2, [lost], first=1), held(3, opens(2), first=2)])
    assert [(each.whole, each.lost, each.why) for each in periods(own.log.state)] == [
        (True, 0, None),
        (False, 41, LOST),
        (True, 0, None),
    ]


def test_between_two_runs_nobody_knows_or_nothing_ran(tmp_path: Path) -> None:
    own = writer(tmp_path)
    own.commit(messages(2))
    own.commit([held(1, opens(1), run=BEGAN + 60 * SECOND)])
    own.commit([held(1, opens(1), run=BEGAN + 120 * SECOND)])
    assert [each.why for each in periods(own.log.state)] == [None, NO_RUN, None, BROKEN_OFF, None]


def test_spans_that_follow_each_other_are_one() -> None:
    run = Run("a", "b", 1, [])
    for seq in (5, 1, 3, 2, 4):
        run.add(Span(seq, seq, seq - 1, seq, 10, 0))
    assert run.spans == [Span(1, 5, 0, 5, 50, 0)]
    assert run.has(4)
    assert not run.has(6)


def of_runs(*runs: tuple[str, str, int, int, int, bool]) -> State:
    """Runs by host, boot, when they began and what was heard of them, in seconds, and whether they told their end."""
    state = State(number=1)
    for host, boot, run, began, ended, is_end in runs:
        own = BEGAN + run * SECOND
        span = Span(1, 9, BEGAN + began * SECOND, BEGAN + ended * SECOND, 5, 0, is_end)
        state.runs[run_key(boot, own)] = Run(host, boot, own, [span])
    return state


def reasons(state: State, now: int = 9000) -> list[tuple[str, int, int, str | None]]:
    """What is not as it should be: the boot, and from when to when."""
    found = periods(state, BEGAN + now * SECOND)
    return [
        (each.boot_id, (each.began_ns - BEGAN) // SECOND, (each.ended_ns - BEGAN) // SECOND, each.why)
        for each in found
        if each.why
    ]


def test_a_killed_agent_is_seen_where_another_run_ended_meanwhile() -> None:
    state = of_runs(
        ("h", "b", 0, 0, 300, False), ("h", "b", 100, 100, 200, True), ("h", "b", 1000, 1000, 1100, True)
    )  # fmt: skip
    assert reasons(state) == [("b", 300, 1000, BROKEN_OFF)]
    longer = of_runs(("h", "b", 0, 0, 300, False), ("h", "b", 100, 100, 2000, True))
    assert reasons(longer) == [("b", 300, 2000, BROKEN_OFF)]


def test_a_host_that_fell_silent_is_seen_by_what_others_send() -> None:
    assert reasons(of_runs(("a", "a1", 0, 0, 300, False), ("b", "b1", 0, 0, 590, False))) == []
    state = of_runs(("a", "a1", 0, 0, 300, False), ("b", "b1", 0, 0, 650, False), ("c", "c1", 0, 0, 200, True))
    assert reasons(state) == [("a1", 300, 650, BROKEN_OFF)]
    ahead = of_runs(("a", "a1", 0, 0, 300, False), ("b", "b1", 0, 0, 4000, False))  # its clock is
    assert reasons(ahead, now=310) == []


def test_two_machines_of_one_name_are_told_apart(tmp_path: Path) -> None:
    state = of_runs(("h", "b1", 0, 0, 300, True), ("h", "b2", 10, 10, 900, True), ("h", "b3", 400, 400, 950, True))
    assert reasons(state) == [("b1", 300, 400, NO_RUN)]
    assert shared_names(state) == [("h", 2)]
    again = of_runs(("h", "b1", 0, 0, 300, True), ("h", "b2", 280, 280, 900, True))  # its clock was set
    assert shared_names(again) == []
    own = writer(tmp_path)
    own.commit(messages(90, of=1) + messages(90, of=1, boot="b2", run=BEGAN + 1))
    with LakeTables(str(tmp_path), names=set()) as tables:
        assert "2 machines are called 'web1': boot_id says which is which" in tables.notes


def test_messages_without_records_that_are_not_here_leave_no_hole() -> None:
    run = Run("a", "b", BEGAN, [Span(1, 4, BEGAN, BEGAN + 4, 9, 0), Span(6, 7, BEGAN + 5, BEGAN + 7, 1, 0, True, 9)])
    assert all(each.whole for each in periods(State(number=1, runs={run_key("b", BEGAN): run})))


def test_only_what_is_missing_makes_the_exit_code_of_a_query(tmp_path: Path) -> None:
    own = writer(tmp_path)
    own.commit(messages(2) + messages(2, run=BEGAN + 60 * SECOND))
    program = [sys.executable, "-m", "onlooker", "query", str(tmp_path)]
    asked = subprocess.run([*program, "--complete"], capture_output=True, text=True, check=False)
    assert (asked.returncode, NO_RUN in asked.stdout) == (0, True), asked.stderr
    own.commit(messages(3, run=BEGAN + 120 * SECOND)[:2] + messages(2, run=BEGAN + 180 * SECOND))
    asked = subprocess.run([*program, "SELECT 1"], capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "incomplete: 1 sender broke off" in asked.stderr
