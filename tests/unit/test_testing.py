"""Events that are made by hand."""

import pytest

from onlooker import Event, UsageError
from onlooker.events import EVENTS
from onlooker.testing import make


@pytest.mark.parametrize("name", EVENTS)
def test_every_kind_by_name_and_by_class(name):
    event = make(name)
    assert isinstance(event, Event) and type(event) is EVENTS[name] and event == make(EVENTS[name])
    assert str(event) and event.to_json().startswith(f'{{"event":"{name}","time":"2026-01-31T12:00:00.000000000Z"')


def test_success_unless_something_else_is_said():
    assert (make("exit").exit_code, make("exit").signal) == (0, None)
    assert (make("exit", signal="SIGKILL").exit_code, make("exit", signal="SIGKILL").signal) == (None, "SIGKILL")
    assert (make("open").fd, make("open").errno) == (3, None)
    assert (make("open", errno="ENOENT").fd, make("open", errno="ENOENT").errno) == (None, "ENOENT")


def test_an_unknown_event_or_field():
    with pytest.raises(UsageError, match="opn") as caught:
        make("opn")
    assert caught.value.hint == "did you mean 'open'?"
    with pytest.raises(UsageError, match="pth") as caught:
        make("open", pth="/a")
    assert caught.value.hint == "did you mean 'path'?"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pid", -1), ("pid", 2**32), ("pid", "1"), ("pid", None), ("path", None), ("path", b"a"), ("path", "a\0b"),
        ("comm", 17 * "x"), ("errno", "ENOSUCH"), ("flags", ("O_NONE",)), ("flags", 0), ("syscall", "mknod"),
        ("joined_path", "/else/where"), ("cut", ("no_field",)), ("time", "now"), ("time", "2026-01-31T12:00:00"),
        ("time", "2026-01-31T12:00:00.²Z"), ("time", "1969-12-31T23:59:59.9Z"), ("time", "2262-04-12T00:00:00Z"),
        ("time", "0001-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_what_no_record_can_hold(field, value):
    with pytest.raises(UsageError):
        make("open", **{"path": "a", field: value})


@pytest.mark.parametrize("joined", ["//a", "/"])
def test_a_path_joined_to_the_root_is_as_it_was(joined):
    with pytest.raises(UsageError):
        make("open", errno="ENOENT", path="/a", joined_path=joined)


@pytest.mark.parametrize("joined", ["/tmp/a", "/a", "a"])
def test_a_joined_path(joined):
    assert f'"joined_path":"{joined}"' in make("open", errno="ENOENT", path="a", joined_path=joined).to_json()
