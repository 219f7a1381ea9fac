"""A plan may come from a file: the native part takes none that would have it read where nothing is."""

import msgspec
import pytest

from onlooker.events import EVENTS
from onlooker.records import PLAN
from onlooker.records._records import CompiledPlan, Records
from onlooker.schema.fields import Op
from onlooker.schema.phrase import parse
from onlooker.schema.plan import EventPlan, StepPlan
from onlooker.schema.values import Flags, Names

OPEN = next(event for event in PLAN.events if event.name == "open")
replace = msgspec.structs.replace


def made(event: EventPlan, **plan: int) -> Records:
    return Records(CompiledPlan(replace(PLAN, events=(event,), **plan), EVENTS))


def with_step(name: str, **given: object) -> EventPlan:
    steps = [replace(step, **given) if step.name == name else step for step in OPEN.steps]
    return replace(OPEN, steps=tuple(steps))


def test_the_real_one_is_taken():
    assert made(OPEN).counts(b"") == ([0] * 64, 0)


@pytest.mark.parametrize("number", [0, 64, -1])
def test_a_number_that_can_not_be(number):
    with pytest.raises(ValueError, match=f"event number {number}"):
        made(replace(OPEN, number=number))


def test_a_number_twice():
    with pytest.raises(ValueError, match=f"event number {OPEN.number}"):
        CompiledPlan(replace(PLAN, events=(OPEN, OPEN)), EVENTS)


def test_a_record_too_short_for_its_fields():
    with pytest.raises(ValueError, match="outside of the record"):
        made(replace(OPEN, bytes=OPEN.bytes - 8))


@pytest.mark.parametrize("place", ["kind_at", "cut_at", "boot_at"])
def test_a_record_too_short_for_its_header(place):
    with pytest.raises(ValueError, match="the header of open lies outside of the record"):
        made(OPEN, **{place: OPEN.bytes - 1})


@pytest.mark.parametrize(
    "event",
    [
        with_step("path", bytes=4),  # an offset without a length
        with_step("dirfd", bytes=2),
        with_step("comm", bytes=17),
        with_step("fd", bytes=0),
        with_step("mode", bytes=9),
        with_step("time", bytes=4),
        with_step("flags", values=None),
        with_step("errno", values=None),
        with_step("flags", values=Names(names=((1, "A"),))),
        with_step("syscall", values=Flags(bits=((1, "A"),))),
        with_step("joined_path", of=""),
        with_step("joined_path", of="mode"),  # no text
        with_step("joined_path", of="nothing"),
        with_step("mode", op=Op.FLAGS, values=Flags(bits=(), high=Names(names=((1, "A"),)), high_shift=1)),
        with_step("errno", values=Names(names=(), other="E{}" + 40 * "x")),
        with_step("mode", op=Op.FLAGS, values=Flags(bits=(), high=Names(names=(), other=41 * "x"), high_shift=1)),
    ],
)
def test_a_field_that_can_not_be_read(event):
    with pytest.raises(ValueError, match=r"open\.\w+ is no field of \d+ bytes that can be read"):
        made(event)


@pytest.mark.parametrize("given", [{"at": -8}, {"at": 2**32}, {"bytes": 2**40}])
def test_numbers_that_no_field_has(given):
    with pytest.raises((OverflowError, ValueError)):
        made(with_step("pid", **given))


@pytest.mark.parametrize("phrase", ["{/mode?a}", "{mode!=path?a}", "{path!=mode?a}", "{real_path@fd?a}", "{path~A?a}"])
@pytest.mark.parametrize("where", ["line", "result", "details"])
def test_a_phrase_that_asks_of_a_field_what_it_is_not(where, phrase):
    with pytest.raises(ValueError, match=r"no field for the test"):
        made(replace(OPEN, **{where: parse(phrase)}))


@pytest.mark.parametrize("phrase", ["{time}", "{path?{time}}", "{list:a;{time}}"])
def test_a_phrase_that_tells_the_time(phrase):
    with pytest.raises(ValueError, match="time is before every phrase"):
        made(replace(OPEN, line=parse(phrase)))


@pytest.mark.parametrize("phrase", ["{flags~O_NONE?a}", "{syscall~mknod?a}"])
def test_a_phrase_of_a_name_that_no_number_has(phrase):
    with pytest.raises(LookupError):
        made(replace(OPEN, line=parse(phrase)))


def test_a_plan_that_was_refused_keeps_no_memory_that_is_freed_twice():
    for number in range(20):
        with pytest.raises(ValueError, match="event number 0"):
            CompiledPlan(replace(PLAN, events=(*PLAN.events[: number % 14], replace(OPEN, number=0))), EVENTS)


def test_every_operation_is_known():
    assert {step.op for event in PLAN.events for step in event.steps} == set(Op)
    assert all(isinstance(step, StepPlan) for step in OPEN.steps)
