"""What was wanted of a file, and done to it."""

import pytest

from onlooker.answers.actions import CHANGES, WORDS, done, is_change
from onlooker.events import TASK_EVENTS
from onlooker.testing import make


@pytest.mark.parametrize(
    ("flags", "created", "past", "infinitive", "changes"),
    [
        (("O_RDONLY",), False, "read", "read", False),
        (("O_RDONLY", "O_DIRECTORY"), False, "listed", "list", False),
        (("O_RDONLY", "O_CREAT"), True, "created, read", "create, read", True),
        (("O_RDONLY", "O_CREAT"), False, "read", "create, read", False),
        (("O_RDONLY", "O_TRUNC"), False, "truncated, read", "truncate, read", True),
        (("O_WRONLY",), False, "written", "write", True),
        (("O_WRONLY", "O_CREAT", "O_TRUNC"), False, "truncated, written", "create, write", True),
        (("O_WRONLY", "O_CREAT", "O_TRUNC"), True, "created, written", "create, write", True),
        (("O_WRONLY", "O_APPEND"), False, "appended", "append", True),
        (("O_RDWR",), False, "read, written", "read, write", True),
        (("O_RDWR", "O_DIRECTORY", "O_TMPFILE"), False, "created, read, written", "create, read, write", True),
        (("O_WRONLY", "O_CREAT", "O_PATH"), False, "found", "find", False),
    ],
)
def test_opens(flags, created, past, infinitive, changes):
    event = make("open", flags=flags, created=created, real_path="/real")
    assert (list(done(event)), is_change(event)) == ([("/real", tuple(past.split(", ")))], changes)
    failed = make("open", flags=flags, errno="EACCES", joined_path="/joined", path="joined")
    assert list(done(failed)) == [("/joined", tuple(infinitive.split(", ")))]


def test_every_event_on_files_has_words():
    for name in TASK_EVENTS:
        files = list(done(make(name)))
        assert bool(files) == (name not in ("fork", "exit"))
        assert {word for _, words in files for word in words} <= {*WORDS.values()}
        tried = done(make(name, errno="EPERM")) if name not in ("fork", "exit") else ()
        assert {word for _, words in tried for word in words} <= {*WORDS}
        assert is_change(make(name)) == (name in CHANGES and name != "open")


def test_two_files():
    rename = make("rename", path="a", joined_path="/d/a", new_path="/b")
    assert list(done(rename)) == [("/d/a", ("renamed",)), ("/b", ("renamed to",))]
    exchange = make("rename", path="/a", new_path="b", flags=("RENAME_EXCHANGE",), errno="EPERM")
    assert list(done(exchange)) == [("/a", ("exchange",)), ("b", ("exchange",))]
    assert list(done(make("link", path="a", new_path="b"))) == [("b", ("linked",))]


def test_what_is_asked_and_what_is_no_file():
    asked = make("access", path="/a", access_mode=("R_OK", "W_OK"), errno="EACCES")
    assert list(done(asked)) == [("/a", ("ask to read", "ask to write"))]
    assert list(done(make("access", path="/a", access_mode=()))) == [("/a", ("ask",))]
    assert list(done(make("bind", path=None, abstract="x"))) == []


def test_an_attribute_is_set_or_removed():
    events = [make("xattr", path="/a", size=3), make("xattr", path="/a"), make("xattr", path="/a", errno="EPERM")]
    assert [words for event in events for _, words in done(event)] == [
        ("set xattr",), ("removed xattr",), ("remove xattr",),
    ]  # fmt: skip


@pytest.mark.parametrize("spelt", ["/d/f", "/d//f", "/d/./f", "/d/e/../f", "/d/f/", "/d/f/."])
def test_a_file_has_one_name(spelt):
    events = [
        make("unlink", path=spelt),
        make("open", path=spelt[1:], joined_path=spelt, errno="EACCES"),
        make("rename", path="/d/a", new_path=spelt),
        make("link", path="/d/a", new_path=spelt),
    ]
    assert {[*done(event)][-1][0] for event in events} == {"/d/f"}


@pytest.mark.parametrize("path", ["/.git/config", "/a..b", "/..", "..", ".", "/", "//", "a b\udcff"])
def test_a_clean_name_stays(path):
    expected = {"/..": "/", "//": "/"}.get(path, path)
    assert [file for file, _ in done(make("unlink", path=path))] == [expected]
