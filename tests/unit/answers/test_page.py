"""Lines that fit the terminal."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from onlooker.answers.page import Page, listed, shortened

TEXT = st.text("ab/é漢…", max_size=60)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["1", "123456"]), TEXT), min_size=1, max_size=9), st.integers(20, 90))
def test_columns_fit(rows, width):
    lines = list(Page(width, 24).columns(("TIMES", "FILE"), rows, right=[0]))
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= width for line in lines)


def test_columns_are_as_wide_as_they_need():
    assert list(Page().columns(("TIMES", "HOW", "FILE"), [("1", "read", "/a" * 99)], right=[0])) == [
        "TIMES  HOW   FILE",
        f"    1  read  {'/a' * 99}",
    ]


def test_spare_columns_are_left_out_for_the_last_one():
    rows = [("0.100", "12345", "exit 1", "a" * 20)]
    shown = {
        width: next(Page(width, 24).columns(("START", "PID", "END", "NAME"), rows, [0, 1], 2, [0, 1]))
        for width in (50, 40, 28)
    }
    assert shown == {50: "START    PID  END     NAME", 40: "  PID  END     NAME", 28: "END     NAME"}


@settings(deadline=None)
@given(TEXT, st.integers(8, 40))
def test_of_a_long_text_the_middle_goes(text, width):
    made = shortened(text, width)
    assert cell_len(made) <= width
    assert made == text if cell_len(text) <= width else "…" in made


@settings(deadline=None)
@given(st.lists(st.text("ab/", min_size=1, max_size=20), min_size=1, max_size=20), st.integers(40, 90))
def test_a_list_says_how_many_there_are_more(items, width):
    made = listed(items, width)
    shown, _, more = made.partition(" and ")
    assert cell_len(made) <= width
    assert len(shown.split(", ")) + int(more.split()[0] if more else 0) == len(items)


def test_a_screenful():
    assert (Page().most_rows, Page(80, 24).most_rows, Page(80, 3).most_rows) == (0, 18, 10)
