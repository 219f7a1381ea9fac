"""Other names of a place, by the links that a machine has at its usual places."""

import os

import pytest

from onlooker import Monitor, UsageError
from onlooker.filters import links
from onlooker.filters.links import absolute, places_of
from onlooker.testing import make

from .test_sugar import passing


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A machine with /bin, /var/run and /var/lock as links."""
    for directory in ("usr/bin", "run/lock", "var", "etc"):
        (tmp_path / directory).mkdir(parents=True)
    for link, target in {"bin": "usr/bin", "var/run": "run", "var/lock": "var/run/lock", "gone": "nowhere"}.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    (tmp_path / "usr/bin/sh").touch()
    (tmp_path / "sh").symlink_to(tmp_path / "usr/bin/sh")
    monkeypatch.setattr(links, "PLACES", (str(tmp_path), f"{tmp_path}/var", f"{tmp_path}/none"))
    return str(tmp_path)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("run", {"run", "var/run", "var/lock"}),
        ("var/run", {"run", "var/run", "var/lock"}),
        ("run/lock", {"run/lock", "var/run/lock", "var/lock"}),
        ("run/app.pid", {"run/app.pid", "var/run/app.pid"}),  # that is not there
        ("usr", {"usr", "bin"}),
        ("usr/bin", {"usr/bin", "bin"}),
        ("usr/bin/sh", {"usr/bin/sh", "bin/sh"}),
        ("usr/./bin/../bin/sh", {"usr/bin/sh", "bin/sh"}),
        ("etc", {"etc"}),
        ("nowhere", {"nowhere"}),
    ],
)
def test_names(root, path, names):
    assert set(places_of(f"{root}/{path}")) == {f"{root}/{name}" for name in names}


def test_what_is_below_all_of_it_needs_no_other_name(root):
    assert places_of(root) == [root]


def test_a_change_by_such_a_name_is_one_of_the_path(root):
    changes = [make("unlink", path="x", joined_path=f"{root}/{name}") for name in ("run/x", "var/run/x", "bin/x")]
    assert passing(changes, path=[f"{root}/run"]) == [0, 1]
    assert passing(changes, path=[f"{root}/usr/bin"]) == [2]


def test_two_slashes_are_one():
    assert absolute("//etc") == "/etc"


@pytest.fixture
def removed(tmp_path, monkeypatch):
    """The working directory is gone."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()


@pytest.mark.usefixtures("removed")
@pytest.mark.parametrize("wanted", [{"path": ["x"]}, {"path": ["."]}, {"exe": ["./x"]}])
def test_a_relative_path_in_a_directory_that_is_gone(wanted):
    with pytest.raises(UsageError, match="starts from the working directory, which is not there: No such file"):
        Monitor(**wanted)
    Monitor(**{name: [os.sep + values[0].lstrip("./")] for name, values in wanted.items() if values != ["."]})
