"""How many events there were at which time."""

from hypothesis import given
from hypothesis import strategies as st

from onlooker.report.activity import MOST_STEPS, Activity

MS = 1_000_000


def learnt(*times):
    made = Activity()
    for time in times:
        made.add(time, time % 2 == 1)
    return made


def test_steps():
    made = learnt(5 * MS, 5 * MS + 1, 7 * MS)
    assert (made.first_ns, made.step_ns, made.events, made.failures) == (5 * MS, MS, [2, 0, 1], [1, 0, 0])


def test_two_steps_become_one_where_they_are_too_many():
    made = learnt(0, MS, 2 * MS, (MOST_STEPS + 1) * MS)
    assert made.step_ns == 2 * MS and made.events[:2] == [2, 1] and len(made.events) == MOST_STEPS // 2 + 1


def test_what_is_older_than_the_first_counts_with_it():
    assert learnt(5 * MS, MS).events == [2]


@given(st.lists(st.integers(0, 10**18), min_size=1))
def test_none_is_forgotten(times):
    made = learnt(*times)
    assert sum(made.events) == len(times) and len(made.events) == len(made.failures) <= MOST_STEPS
    assert sum(made.failures) == sum(time % 2 for time in times)
