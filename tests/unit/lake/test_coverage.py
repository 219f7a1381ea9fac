"""For which hosts and times a lake is whole."""

from pathlib import Path

from onlooker.lake.coverage import BROKEN_OFF, LOST, MISSING, NO_RUN, periods
from onlooker.lake.state import Run, Span
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
