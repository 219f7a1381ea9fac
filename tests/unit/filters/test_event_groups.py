"""Choosing events: by name, and by the names of groups."""

import pytest

from onlooker import Monitor
from onlooker.errors import UsageError
from onlooker.events import DEFAULT_EVENTS, TASK_EVENTS
from onlooker.filters import Filter, has_failed
from onlooker.testing import FakeSource, make


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (None, DEFAULT_EVENTS),
        (["default"], DEFAULT_EVENTS),
        (["all"], tuple(TASK_EVENTS)),
        (["default", "rename", "open"], (*DEFAULT_EVENTS, "rename")),
        (["rename", "default"], ("rename", *DEFAULT_EVENTS)),
        (["chown", "all"], ("chown", *(event for event in TASK_EVENTS if event != "chown"))),
    ],
)
def test_groups(given, chosen):
    assert Filter.of(events=given).events == chosen


@pytest.mark.parametrize(("name", "hint"), [("al", "did you mean 'all'?"), ("renam", "did you mean 'rename'?")])
def test_a_typing_error(name, hint):
    with pytest.raises(UsageError) as caught:
        Filter.of(events=[name])
    assert caught.value.hint == hint


def test_an_event_that_is_not_asked_for_is_not_reported():
    events = [make("rename"), make("open"), make("chmod")]
    with Monitor(source=FakeSource(events)) as monitor:
        assert [event.event for event in monitor] == ["open"]
    with Monitor(events=["all"], source=FakeSource(events)) as monitor:
        assert list(monitor) == events


def test_what_failed():
    assert [has_failed(event) for event in (make("rename"), make("rename", errno="ENOENT"), make("exit"))] == [
        False, True, False,
    ]  # fmt: skip
    with Monitor(
        events=["all"], failed=True, source=FakeSource([make("chmod"), make("chmod", errno="EPERM")])
    ) as monitor:
        assert [event.errno for event in monitor] == ["EPERM"]
