"""Rows for processes on a timeline."""

from hypothesis import given
from hypothesis import strategies as st

from onlooker.report.lanes import lanes


def test_children_are_below_their_parent():
    assert lanes([0, 1, 2], [9, 8, 7], [-1, 0, 1]) == [0, 1, 2]


def test_those_that_live_at_once_have_rows_of_their_own():
    assert lanes([0, 1, 1, 1], [9, 3, 3, 3], [-1, 0, 0, 0]) == [0, 1, 2, 3]
    assert lanes([0, 1, 4, 7], [9, 3, 6, 8], [-1, 0, 0, 0]) == [0, 1, 1, 1]


def test_a_row_that_gets_free_is_used_again():
    #        make, two shells with a compiler each, and a third shell once the first has ended
    assert lanes([0, 1, 2, 3, 4, 6], [20, 5, 9, 4, 8, 7], [-1, 0, 0, 1, 2, 0]) == [0, 1, 3, 2, 4, 1]


def test_a_child_that_outlives_its_parent_keeps_its_row():
    assert lanes([0, 1, 2, 5], [9, 3, 8, 6], [-1, 0, 1, 0]) == [0, 1, 2, 3]


def test_there_may_be_none():
    assert lanes([], [], []) == []


@st.composite
def trees(draw):
    starts, ends, parents = [], [], []
    for each in range(draw(st.integers(0, 25))):
        parents.append(draw(st.integers(-1, each - 1)))
        starts.append((starts[-1] if starts else 0) + draw(st.integers(0, 5)))
        ends.append(starts[-1] + draw(st.integers(0, 20)))
    return starts, ends, parents


@given(trees())
def test_no_two_share_a_row_at_the_same_time(tree):
    starts, ends, parents = tree
    rows = lanes(*tree)
    for one in range(len(rows)):
        assert parents[one] < 0 or rows[one] > rows[parents[one]]
        for other in range(one):
            meet = starts[one] < ends[other] and starts[other] < ends[one]
            assert not (meet and rows[one] == rows[other]), (one, other)
