"""A record that makes no sense is reported as one corrupt record, never read, and never stops the others."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch, Event, Lost, UsageError
from onlooker.events import EVENTS
from onlooker.records import PLAN
from onlooker.testing import make

from ..made_records import KIND_AT, LAYOUTS, NUMBERS, batch, members, plain, record, with_span
from .raw_values import raws
from .reference import check

U32 = 2**32 - 1
SPANS = [(event, name) for event in LAYOUTS for name, f in members(event).items() if f.type.ctype == "struct span"]
CHOICES = [(event, f.name, len(f.type.values.names)) for event, made in LAYOUTS.items() for f in made.fields
           if f.type.is_enum]  # fmt: skip


def corrupt(kind: int) -> Lost:
    """The report for a record that makes no sense; `kind` 0 is unknown."""
    return Lost("1970-01-01T00:00:00.000000007Z", 7, 1, ("unknown", *LAYOUTS)[kind], "corrupt")


def decode(*records: bytes) -> list[Event]:
    return check(batch(*records), boot_ns=7)


def whole(event: str) -> bytes:
    return record(event, plain(event))


@pytest.mark.parametrize("data", [b"x", bytes(8), b"\xff" * 64, batch(whole("open"))[:-8], batch(whole("open")[:-8])])
def test_a_batch_is_not_made_of_what_makes_no_sense(data):
    with pytest.raises(UsageError, match="makes no sense"):
        Batch(bytes(data), 0)


def test_a_batch_of_whole_records():
    data = bytes(batch(whole("open"), whole("exec")))
    assert (len(Batch(data, 0)), Batch(data, 0).data) == (2, data)


@pytest.mark.parametrize("event", LAYOUTS)
def test_truncated_records(event):
    fixed = LAYOUTS[event].size
    for length in range(fixed):
        kind = NUMBERS[event] if length >= KIND_AT + 2 else 0
        assert decode(whole(event)[:length]) == [corrupt(kind)], length


@pytest.mark.parametrize(("event", "name"), SPANS)
def test_texts_outside_the_tail(event, name):
    record_ = whole(event)
    fixed, end = LAYOUTS[event].size, len(record_)
    outside = [
        (fixed, end - fixed + 1),  # one byte too many
        (end, 1),  # after the end
        (0, 8),  # in the header
        (fixed - 1, 2),  # begins in the fixed part
        (U32, 1),  # the end overflows 32 bits
        (U32, U32),
        (fixed, U32),
        (2**31, 2**31),  # the sum is 0 in 32 bits
    ]
    for offset, length in outside:
        assert decode(with_span(record_, event, name, offset, length)) == [corrupt(NUMBERS[event])], (offset, length)


@pytest.mark.parametrize(("event", "name"), SPANS)
def test_texts_that_just_fit(event, name):
    record_ = whole(event)
    fixed, end = LAYOUTS[event].size, len(record_)
    for offset, length in [(fixed, end - fixed), (end - 1, 1), (end, 0)]:
        [found] = decode(with_span(record_, event, name, offset, length))
        assert found.event == event, (offset, length)


@pytest.mark.parametrize("kind", [0, len(EVENTS) + 1, 63, 64, 255, 2**16 - 1])
def test_unknown_kinds(kind):
    record_ = bytearray(whole("exit"))
    struct.pack_into("=H", record_, KIND_AT, kind)
    assert decode(bytes(record_)) == [corrupt(0)]


@pytest.mark.parametrize(("event", "name", "count"), CHOICES)
def test_choices_that_are_none_of_the_names(event, name, count):
    for number in (count + 1, 255):
        bad = record(event, {**plain(event), name: number})
        assert decode(bad, bad) == [corrupt(NUMBERS[event])] * 2, number  # what one gave is not kept for the next


def test_a_choice_that_must_be_made():
    assert decode(record("open", {**plain("open"), "syscall": 0})) == [corrupt(NUMBERS["open"])]


@pytest.mark.parametrize("length", [1, 8, 2**31, 2**32, 2**63, 2**64 - 8, 2**64 - 7, 2**64 - 1])
def test_a_length_beyond_the_buffer_ends_the_batch(length):
    good = whole("exit")
    buffer = batch(good) + struct.pack("=Q", length)
    assert check(buffer, boot_ns=7) == [*decode(good), corrupt(0)]


def test_a_length_that_would_fit_in_32_bits():
    good = whole("exit")
    assert check(struct.pack("=Q", 2**32 + len(good)) + good, boot_ns=7) == [corrupt(0)]


def test_a_corrupt_record_does_not_hide_its_neighbours():
    good = decode(whole("exit"))
    assert decode(whole("exit"), b"", b"\xff" * 200, whole("exit")) == [*good, corrupt(0), corrupt(0), *good]


@settings(deadline=None, max_examples=100)
@given(records=st.lists(st.binary(max_size=300), max_size=6))
def test_random_records_give_one_event_each(records):
    found = decode(*records)
    assert len(found) == len(records)
    assert all(isinstance(event, Event) for event in found)


@settings(deadline=None, max_examples=100)
@given(buffer=st.binary(max_size=600), offset_ns=st.integers(-(2**63), 2**63 - 1))
def test_random_buffers_give_events(buffer, offset_ns):
    assert all(isinstance(event, Event) for event in check(buffer, offset_ns))


@pytest.mark.parametrize("event", LAYOUTS)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_damaged_records_give_their_event_or_a_loss(event, data):
    raw = data.draw(raws(event))
    damaged = bytearray(record(event, raw))
    for at in data.draw(st.lists(st.integers(0, LAYOUTS[event].size - 1), max_size=4)):
        if at not in (KIND_AT, KIND_AT + 1):
            damaged[at] = data.draw(st.integers(0, 255))
    before, found, after = decode(record(event, raw), bytes(damaged), record(event, raw))
    assert before == after
    assert before.event == event
    assert found == corrupt(NUMBERS[event]) if isinstance(found, Lost) else found.event == event


@pytest.mark.parametrize("field", ["of", "reason"])
def test_a_report_of_a_loss_may_make_no_sense_either(field):
    [made] = Batch.of([make("lost")])
    plan = next(event for event in PLAN.events if event.name == "lost")
    damaged = bytearray(made.data)
    damaged[8 + next(step.at for step in plan.steps if step.name == field)] = 255
    with pytest.raises(UsageError, match="makes no sense"):
        Batch(bytes(damaged), 0)


def test_the_probe_reports_no_losses():
    [lost] = Batch.of([make("lost", count=10**9, of="open")])
    good = batch(whole("exit"))
    assert check(good + lost.data + good, boot_ns=7) == [*decode(whole("exit")), corrupt(0), *decode(whole("exit"))]


def test_what_stands_behind_the_last_record():
    good = batch(whole("exit"))
    for more in range(1, 8):
        assert check(good + b"\xff" * more, boot_ns=7)[1:] == [corrupt(0)]


def test_a_last_record_without_its_padding():
    one = record("open", {**plain("open"), "path": b"/a", "real_path": b""})
    assert len(one) % 8
    for given_ in (batch(one)[: 8 + len(one)], batch(b"", one)[: 16 + len(one)]):
        assert check(given_)[-1:] == check(batch(one))


def test_a_batch_without_a_corrupt_record_is_as_it_was():
    good = batch(whole("exit"), whole("open"))
    assert Batch.checked(good, 0, 0).data == good
