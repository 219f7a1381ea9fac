"""Files folded into directories."""

from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.answers.folding import folded

PATHS = st.lists(st.from_regex("(/[abc]{1,2}){1,5}|pipe:[ab]|/", fullmatch=True), max_size=40)


def fold(paths, most):
    return [(each.place, len(each.items)) for each in folded([(path, path) for path in paths], most)]


def test_what_fits_stays():
    assert fold(["/a/b", "/c", "pipe:[1]", "/a/b"], 3) == [("/a/b", 2), ("/c", 1), ("pipe:[1]", 1)]
    assert fold([f"/a/{number}" for number in range(100)], 0) == [(f"/a/{number}", 1) for number in range(100)]


def test_the_largest_is_divided_first():
    paths = ["/a/1", "/a/2", "/x/y/1", "/x/y/2", "/x/z/1", "/x/z/2", "/x/z/3"]
    assert fold(paths, 6) == [("/a/1", 1), ("/a/2", 1), ("/x/y/", 2), ("/x/z/1", 1), ("/x/z/2", 1), ("/x/z/3", 1)]
    assert fold(paths, 4) == [("/a/1", 1), ("/a/2", 1), ("/x/y/", 2), ("/x/z/", 3)]
    assert fold(paths, 3) == [("/a/", 2), ("/x/y/", 2), ("/x/z/", 3)]
    assert fold(paths, 2) == [("/a/", 2), ("/x/", 5)]


def test_one_that_is_alone_keeps_its_name():
    """And a fold has the name of the deepest directory that all share."""
    assert fold(["/deep/down/in/1", "/a/1", "/a/2"], 2) == [("/deep/down/in/1", 1), ("/a/", 2)]
    assert fold(["/d/d/d/1", "/d/d/d/2", "/b"], 2) == [("/d/d/d/", 2), ("/b", 1)]


def test_a_directory_of_too_many_shows_its_largest():
    paths = [f"/tmp/{place}/{number}" for place in range(30) for number in range(place + 1)]
    made = folded([(path, path) for path in paths], 4)
    assert [(each.place, len(each.items), each.is_rest) for each in made] == [
        ("/tmp/", sum(range(28)), True), ("/tmp/27/", 28, False), ("/tmp/28/", 29, False), ("/tmp/29/", 30, False),
    ]  # fmt: skip


def test_a_directory_is_below_itself():
    """It was made, too."""
    paths = ["/tmp/x", *(f"/tmp/x/{number}" for number in range(9)), "/etc/a"]
    assert fold(paths, 2) == [("/tmp/x/", 10), ("/etc/a", 1)]


@settings(deadline=None)
@given(PATHS, st.integers(1, 9))
def test_nothing_is_lost_and_it_fits(paths, most):
    made = folded([(path, path) for path in paths], most)
    assert sorted(path for each in made for path in each.items) == sorted(paths)
    assert all(f"{path}/".startswith(each.place) for each in made for path in each.items)
    assert len(made) <= most
