"""Whole records become the events that they stand for."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.schema.plan import plan

from ..records import KIND_AT, LAYOUTS, batch, record, with_span
from .decoding import Decoder, corrupt, decode, decoder, plain
from .raw_values import OFFSETS, expected, raws


@pytest.mark.parametrize("event", LAYOUTS)
@settings(deadline=None, max_examples=150)
@given(data=st.data(), offset_ns=OFFSETS)
def test_a_record_becomes_its_event(event, data, offset_ns):
    raw = data.draw(raws(event))
    assert decode(record(event, raw), offset_ns=offset_ns) == [expected(event, raw, offset_ns)]


@settings(deadline=None, max_examples=50)
@given(data=st.data(), kinds=st.lists(st.sampled_from(list(LAYOUTS)), max_size=8))
def test_a_batch_keeps_the_order(data, kinds):
    raw = [(event, data.draw(raws(event))) for event in kinds]
    assert decode(*(record(*each) for each in raw), offset_ns=9) == [expected(*each, 9) for each in raw]


@pytest.mark.parametrize("event", LAYOUTS)
def test_ordinary_records(event):
    assert decode(record(event, plain(event))) == [expected(event, {"cut": 0, **plain(event)}, 0)]


def test_nothing_gives_nothing():
    assert decode() == []


def test_a_buffer_may_be_read_only_or_a_view():
    whole = batch(record("exit", plain("exit")))
    views = [whole, bytearray(whole), memoryview(whole)]
    assert [len(decoder().decode(view, 0, KIND_AT)) for view in views] == [1, 1, 1]


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


def test_a_name_of_a_number_is_asked_once_and_the_cache_is_bounded():
    made, asked = LAYOUTS["open"], []

    def describe(number: int) -> str:
        asked.append(number)
        return str(number)

    number, event, size, steps = plan(4, made)
    at = [f.name for f in made.fields].index("errno")
    steps[at] = (*steps[at][:4], describe, 0)
    decoder = Decoder([(number, event, size, steps)], corrupt)

    def errnos(numbers: range) -> list[str]:
        records = [record("open", {**plain("open"), "errno": each}) for each in numbers]
        return [event.errno for event in decoder.decode(batch(*records), 0, KIND_AT)]

    assert errnos(range(1, 5001)) == [str(each) for each in range(1, 5001)]
    assert asked == list(range(1, 5001))
    assert errnos(range(1, 5001)) == [str(each) for each in range(1, 5001)]
    assert asked[5000:] == list(range(4097, 5001))


@pytest.mark.parametrize("number", [0, 64, -1])
def test_a_plan_must_have_a_kind_that_can_be(number):
    with pytest.raises(ValueError, match=f"kind {number}"):
        Decoder([(number, *plan(1, LAYOUTS["fork"])[1:])], corrupt)


def test_a_step_must_lie_inside_the_record():
    number, event, size, steps = plan(3, LAYOUTS["exit"])
    with pytest.raises(ValueError, match="outside the record"):
        Decoder([(number, event, size - 8, steps)], corrupt)
