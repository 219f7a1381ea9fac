"""Whole records become their events, and their lines."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch, UsageError
from onlooker.events import TASK_EVENTS
from onlooker.testing import make

from ..made_records import LAYOUTS, batch, plain, record, with_span
from .ordinary import ORDINARY
from .raw_values import OFFSETS, raws
from .reference import REFERENCE, check


def decode(*records: bytes, offset_ns: int = 0):
    return check(batch(*records), offset_ns)


@pytest.mark.parametrize("event", LAYOUTS)
@settings(deadline=None, max_examples=30)
@given(data=st.data(), offset_ns=OFFSETS)
def test_a_record_becomes_its_event(event, data, offset_ns):
    [found] = decode(record(event, data.draw(raws(event))), offset_ns=offset_ns)
    assert found.event == event


@settings(deadline=None, max_examples=50)
@given(data=st.data(), kinds=st.lists(st.sampled_from(list(LAYOUTS)), max_size=8))
def test_a_batch_keeps_the_order(data, kinds):
    found = decode(*(record(event, data.draw(raws(event))) for event in kinds), offset_ns=9)
    assert [event.event for event in found] == kinds


@pytest.mark.parametrize("event", LAYOUTS)
@settings(deadline=None, max_examples=10)
@given(data=st.data(), offset_ns=OFFSETS)
def test_one_member_differs_from_the_record_before(event, data, offset_ns):
    one, other = data.draw(raws(event)), data.draw(raws(event))
    changed = [each for name in one for each in ({**one, name: other[name]}, one)]
    assert len(decode(*(record(event, raw) for raw in (one, one, *changed)), offset_ns=offset_ns)) == 2 + len(changed)


@pytest.mark.parametrize("event", ORDINARY)
def test_ordinary_records(event):
    """Written out by hand: what each member of a record is."""
    [found] = decode(record(event, plain(event)))
    assert {name: getattr(found, name) for name in found.__struct_fields__} == ORDINARY[event]


def test_nothing_gives_nothing():
    assert decode() == []


def test_a_buffer_may_be_read_only_or_a_view():
    whole = batch(record("exit", plain("exit")))
    views = [whole, bytearray(whole), memoryview(whole)]
    assert [len(Batch.checked(view, 0, 0)) for view in views] == [1, 1, 1]


def test_bytes_that_are_not_utf_8_come_back_whole():
    hostile = b"/tmp/\xff\xfe\x80\n\x1b[2J\xed\xa0\x80"
    raw = {**plain("exec"), "comm": b"\xc3(", "path": hostile, "argv": (hostile, b"\xf0")}
    [event] = decode(record("exec", raw))
    texts = (event.path, *event.argv, event.comm)
    assert [os.fsencode(text) for text in texts] == [hostile, hostile, b"\xf0", b"\xc3("]


def test_a_text_may_hold_a_nul():
    [event] = decode(record("open", {**plain("open"), "path": b"a\0b"}))
    assert event.path == "a\0b"


@pytest.mark.parametrize(
    ("tail", "argv"),
    [
        (b"", ()),
        (b"\0", ("",)),
        (b"\0\0", ("", "")),
        (b"cat\0-n\0", ("cat", "-n")),
        (b"cat\0-n", ("cat", "-n")),
        (b"cat\0\0-n\0", ("cat", "", "-n")),
    ],
)
def test_lists_of_texts(tail, argv):
    [event] = decode(record("exec", {**plain("exec"), "argv": tail}))
    assert event.argv == argv


@pytest.mark.parametrize(("comm", "text"), [(bytes(16), ""), (b"c\0garbage", "c"), (b"x" * 16, "x" * 16)])
def test_a_name_ends_at_its_first_nul_or_with_its_room(comm, text):
    [event] = decode(record("exit", {**plain("exit"), "comm": comm}))
    assert event.comm == text


@pytest.mark.parametrize(
    ("event", "member", "absent"),
    [
        ("fork", "syscall", 0),
        ("exec", "interpreter", b""),
        ("exec", "errno", 0),
        ("exec", "exe", b""),
        ("exec", "cwd", b""),
        ("exec", "joined_path", b""),
        ("exec", "file_state", 0),
        ("exec", "device", 0),
        ("exec", "inode", 0),
        ("exit", "exit_code", -1),
        ("exit", "signal", 0),
        ("open", "fd", -1),
        ("open", "errno", 0),
        ("open", "dirfd", -(2**31)),
        ("open", "mode", 2**63 - 2),
        ("open", "real_path", b""),
        ("open", "joined_path", b""),
        ("open", "file_state", 0),
        ("open", "device", 0),
        ("open", "inode", 0),
    ],
)
def test_a_field_that_does_not_apply_is_none(event, member, absent):
    [found] = decode(record(event, {**plain(event), member: absent}))
    assert getattr(found, member) is None


@pytest.mark.parametrize(
    ("event", "mask", "cut"),
    [
        ("fork", 1, ("clone_flags",)),
        ("exec", 0, ()),
        ("exec", 2, ("argv",)),
        ("exec", 7, ("path", "argv", "interpreter")),
        ("exec", 56, ("exe", "cwd", "joined_path")),
        ("open", 1, ("path",)),
        ("open", 3, ("path", "flags")),
        ("open", 100, ("fd", "real_path", "joined_path")),
    ],
)
def test_cut_fields_are_named(event, mask, cut):
    [found] = decode(record(event, {**plain(event), "cut": mask}))
    assert found.cut == cut


def test_an_empty_text_may_point_anywhere():
    whole = record("open", {**plain("open"), "path": b""})
    [event] = decode(with_span(whole, "open", "path", 2**32 - 1, 0))
    assert event.path == ""


def test_more_names_of_numbers_than_are_remembered():
    """Twice: as they were seen first, and as they were remembered or not."""
    made = [record("open", {**plain("open"), "errno": number, "flags": number << 3}) for number in range(1, 5001)]
    found = Batch.checked(batch(*made, *made), 0, 0).events()
    assert found[:5000] == found[5000:]
    assert found == REFERENCE.events(batch(*made, *made))


@pytest.mark.parametrize(("mask", "cut"), [(0x8000, ("0x8000",)), (0xFE01, ("path", "0xfe00"))])
def test_a_cut_bit_of_no_field_is_shown_as_it_is(mask, cut):
    [found] = decode(record("open", {**plain("open"), "cut": mask}))
    assert found.cut == cut


@given(st.lists(st.sampled_from([*TASK_EVENTS, "lost"]), max_size=20), st.sets(st.sampled_from([*TASK_EVENTS, "lost"])))
@settings(deadline=None, max_examples=50)
def test_a_selection(kinds, wanted):
    for each in Batch.of(map(make, kinds)):
        assert each.select(*wanted).events() == [event for event in each if event.event in wanted]


def test_a_selection_of_what_there_is_not():
    [one] = Batch.of([make("open")])
    with pytest.raises(UsageError, match="unknown event 'opn'"):
        one.select("open", "opn")
    assert len(one.select()) == len(one.select("exec")) == 0
