"""An event can be printed, whatever its names hold: it is the line that the command writes."""

import json

import msgspec
import pytest
from hypothesis import given, settings

from onlooker import Event, fake_exec, fake_fork, fake_open
from onlooker.events import PROCESS_EVENTS, TASK_EVENTS
from onlooker.lines import harmless_json
from onlooker.lines.json import json_line
from onlooker.output.json import JsonFormatter
from onlooker.output.text import TextFormatter

from ..hostile import events


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_it_is_what_the_command_writes(event):
    assert f"{event}\n".encode() == TextFormatter().format([event])
    assert f"{event.to_json()}\n".encode() == JsonFormatter().format([event])


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_it_is_one_printable_line_in_utf8(event):
    for line in (str(event), event.to_json(), repr(event)):
        assert line.isprintable()
        line.encode()


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_json_that_is_put_together_is_that_of_msgspec(event):
    try:
        encoded = msgspec.json.encode(event)
    except UnicodeEncodeError:
        return
    assert json_line(event) == harmless_json(encoded) + b"\n"


@pytest.mark.parametrize("text", ["\ud800", "a\udcff\ud800\udfff\n"])
def test_texts_that_no_kernel_gives_can_be_printed(text):
    event = fake_exec(path=text, argv=(text, "x"), comm=text)
    assert str(event).isprintable()
    assert json.loads(event.to_json())["argv"][1] == "x"


def test_numbers_of_64_bits():
    event = fake_open(path="\udcff", boot_ns=2**64 - 1, start_ns=2**63, fd=-1)
    found = json.loads(event.to_json())
    assert (found["boot_ns"], found["start_ns"], found["fd"]) == (2**64 - 1, 2**63, -1)


def test_truths_and_lists_beside_a_bad_text():
    found = json.loads(fake_fork(comm="\udcff", thread=True, clone_flags=()).to_json())
    assert (found["thread"], found["kernel"], "clone_flags" in found) == (True, False, False)
    assert json.loads(fake_exec(comm="\udcff", argv=()).to_json())["argv"] == []


def test_process_events_name_the_parent():
    assert {name for name, cls in TASK_EVENTS.items() if cls.shows_parent} == set(PROCESS_EVENTS)


def test_every_kind_has_its_words():
    for cls in TASK_EVENTS.values():
        assert cls._did is not Event._did
