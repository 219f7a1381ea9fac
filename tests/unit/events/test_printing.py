"""An event can be printed, whatever its names hold: it is the line that the command writes."""

import json

import pytest
from hypothesis import given, settings

from onlooker.events import PROCESS_EVENTS, TASK_EVENTS
from onlooker.output.json import JsonFormatter
from onlooker.output.text import TextFormatter
from onlooker.testing import make

from ..batches import formatted
from ..escaping.oracle import json_line
from ..hostile import events
from .phrases import line


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_it_is_what_the_command_writes(event):
    assert f"{event}\n".encode() == formatted(TextFormatter(), [event])
    assert f"{event.to_json()}\n".encode() == formatted(JsonFormatter(), [event])


@settings(deadline=None, max_examples=300)
@given(event=events)
def test_it_is_what_python_would_write(event):
    assert str(event) == line(event)
    assert f"{event.to_json()}\n".encode() == json_line(event)


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_it_is_one_printable_line_in_utf8(event):
    for text in (str(event), event.to_json(), repr(event)):
        assert text.isprintable()
        text.encode()


@pytest.mark.parametrize("text", ["\ud800", "a\udcff\ud800\udfff\n"])
def test_texts_that_no_kernel_gives_can_be_printed(text):
    event = make("exec", path=text, argv=(text, "x"), comm=text[:4])
    assert str(event).isprintable()
    assert json.loads(event.to_json())["argv"][1] == "x"


def test_numbers_of_64_bits():
    event = make("open", path="\udcff", boot_ns=2**64 - 1, start_ns=2**63, fd=-2)
    found = json.loads(event.to_json())
    assert (found["boot_ns"], found["start_ns"], found["fd"]) == (2**64 - 1, 2**63, -2)


def test_truths_and_lists_beside_a_bad_text():
    found = json.loads(make("fork", comm="\udcff", thread=True, clone_flags=()).to_json())
    assert (found["thread"], found["kernel"], "clone_flags" in found) == (True, False, False)
    assert json.loads(make("exec", comm="\udcff", argv=()).to_json())["argv"] == []


def test_process_events_name_the_parent():
    assert {name for name, cls in TASK_EVENTS.items() if "{ppid}" in cls.who} == set(PROCESS_EVENTS)


def test_every_kind_has_its_words():
    assert len({cls.phrase for cls in TASK_EVENTS.values()}) == len(TASK_EVENTS)
