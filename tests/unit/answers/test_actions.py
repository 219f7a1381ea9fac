"""What was wanted of a file, and done to it."""

import pytest

from onlooker.answers.actions import CHANGES, done, is_change
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
    assert (list(done(event)), is_change(event)) == ([("/real", past)], changes)
    failed = make("open", flags=flags, errno="EACCES", joined_path="/joined", path="joined")
    assert list(done(failed)) == [("/joined", infinitive)]


def test_every_event_on_files_has_words():
    for name in TASK_EVENTS:
        files = list(done(make(name)))
        assert bool(files) == (name not in ("fork", "exit"))
        assert is_change(make(name)) == (name in CHANGES and name != "open")


def test_two_files():
    rename = make("rename", path="a", joined_path="/d/a", new_path="/b")
    assert list(done(rename)) == [("/d/a", "renamed"), ("/b", "renamed to")]
    exchange = make("rename", path="/a", new_path="b", flags=("RENAME_EXCHANGE",), errno="EPERM")
    assert list(done(exchange)) == [("/a", "exchange"), ("b", "exchange")]
    assert list(done(make("link", path="a", new_path="b"))) == [("b", "linked")]


def test_what_is_asked_and_what_is_no_file():
    asked = make("access", path="/a", access_mode=("R_OK", "W_OK"), errno="EACCES")
    assert list(done(asked)) == [("/a", "ask to read, write")]
    assert list(done(make("access", path="/a", access_mode=()))) == [("/a", "ask")]
    assert list(done(make("bind", path=None, abstract="x"))) == []
