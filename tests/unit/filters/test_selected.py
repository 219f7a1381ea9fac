"""Programs by their names and paths."""

import os

import pytest

from onlooker import UsageError
from onlooker.filters import links
from onlooker.filters.selected import LONGEST_NAME, MOST_EXES, exe, exes


def test_a_name_is_the_last_of_a_path():
    pip = exe("pip")
    assert (pip.name, pip.paths) == (b"pip", ())
    assert pip.is_at(b"/usr/bin/pip") and pip.is_at(b"/pip")
    assert not pip.is_at(b"/usr/bin/pip3") and not pip.is_at(b"/pip/a")
    assert exe("\udcff").name == b"\xff"


def test_a_path_is_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("./run", "a/../run", f"{tmp_path}//run", f"../{tmp_path.name}/run"):
        found = exe(path)
        assert found.paths == (os.fsencode(tmp_path / "run"),)
        assert found.is_at(os.fsencode(f"{tmp_path}/./run")) and not found.is_at(b"/run")


def test_links_to_its_directory_count_and_its_own_do_not(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/one").touch()
    (tmp_path / "real/two").symlink_to("one")
    found = exe(f"{tmp_path}/link/two")
    assert found.paths == tuple(os.fsencode(tmp_path / name) for name in ("link/two", "real/two"))


def test_directories_of_programs_that_are_the_same(tmp_path, monkeypatch):
    """Where /bin is a link, as on most distributions."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    for link in ("bin", "sbin", "usr/sbin"):
        (tmp_path / link).symlink_to(tmp_path / "usr/bin")
    monkeypatch.setattr(links, "PLACES", (str(tmp_path), f"{tmp_path}/usr"))
    wanted = {os.fsencode(tmp_path / name) for name in ("bin/sh", "usr/bin/sh", "sbin/sh", "usr/sbin/sh")}
    assert set(exe(f"{tmp_path}/bin/sh").paths) == wanted
    assert set(exe(f"{tmp_path}/usr/bin/sh").paths) == wanted
    assert exe(f"{tmp_path}/usr/sh").paths == (os.fsencode(tmp_path / "usr/sh"),)


def test_paths_are_not_more_than_the_kernel_takes(monkeypatch):
    monkeypatch.setattr(links, "_links", lambda: [(f"/l{number}", "/") for number in range(7)])
    monkeypatch.setattr(os.path, "isdir", lambda path: True)
    assert len(exes(tuple(f"/{number}" for number in range(16)))) == 16
    with pytest.raises(UsageError, match="17 programs are too many"):
        exes(tuple(f"/{number}" for number in range(17)))


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("", "not a program: ''", "as in nginx or /usr/sbin/nginx"),
        ("a\0b", r"not a program: 'a\x00b'", "as in nginx or /usr/sbin/nginx"),
        (7, "not a text: 7", "a str; os.fsdecode makes one of bytes"),
        ("..", "not a program's name: '..'", "up to 255 bytes, as in nginx"),
        ("n" * (LONGEST_NAME + 1), f"not a program's name: '{'n' * 99}", "up to 255 bytes, as in nginx"),
        ("/", "not a program's path: '/'", "up to 4095 bytes, as in /usr/sbin/nginx"),
        ("/" + "n/" * 2500 + "n", f"not a program's path: '/{'n/' * 49}", "up to 4095 bytes, as in /usr/sbin/nginx"),
    ],
)
def test_what_is_no_program(given, message, hint):
    with pytest.raises(UsageError) as caught:
        exe(given)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_each_once_and_not_too_many():
    assert [each.text for each in exes(("a", "b", "a"))] == ["a", "b"]
    with pytest.raises(UsageError, match="33 programs are too many"):
        exes(tuple(map(str, range(MOST_EXES + 1))))
