"""Files folded into directories."""

from hypothesis import given
from hypothesis import strategies as st

from onlooker.answers.folding import folded

PATHS = st.lists(st.from_regex("(/[abc]{1,2}){1,5}", fullmatch=True), max_size=40)


def fold(paths, most):
    return [(path, len(items)) for path, items in folded([(path, path) for path in paths], most)]


def test_what_fits_stays():
    assert fold(["/a/b", "/c", "pipe:[1]", "/a/b"], 3) == [("/a/b", 2), ("/c", 1), ("pipe:[1]", 1)]
    assert fold([f"/a/{number}" for number in range(100)], 0) == [(f"/a/{number}", 1) for number in range(100)]


def test_the_deepest_and_fullest_first():
    paths = ["/a/1", "/a/2", "/x/y/1", "/x/y/2", "/x/z/1", "/x/z/2", "/x/z/3"]
    assert fold(paths, 6) == [*((path, 1) for path in paths[:4]), ("/x/z/", 3)]
    assert fold(paths, 4) == [("/a/1", 1), ("/a/2", 1), ("/x/y/", 2), ("/x/z/", 3)]
    assert fold(paths, 3) == [("/a/", 2), ("/x/y/", 2), ("/x/z/", 3)]
    assert fold(paths, 2) == [("/a/", 2), ("/x/", 5)]


def test_one_that_is_alone_keeps_its_name():
    """Also where others are folded around it, and a fold has the name of the deepest directory that all share."""
    assert fold(["/deep/down/in/1", "/a/1", "/a/2"], 2) == [("/deep/down/in/1", 1), ("/a/", 2)]
    assert fold(["/d/d/d/1", "/d/d/d/2", "/b"], 2) == [("/d/d/d/", 2), ("/b", 1)]


def test_the_root_stays_open():
    assert fold(["/a", "/b", "/c", "x", "y"], 1) == [(path, 1) for path in ("/a", "/b", "/c", "x", "y")]


@given(PATHS, st.integers(1, 9))
def test_nothing_is_lost(paths, most):
    made = folded([(path, path) for path in paths], most)
    assert sorted(path for _, items in made for path in items) == sorted(paths)
    assert all(path.startswith(name) for name, items in made for path in items)
    roots = {path.split("/")[1] for path in paths}
    assert len(made) <= max(most, 2 * len(roots))  # each a file and a directory
