"""Records that another version wrote."""

import pytest
from msgspec.structs import replace

from onlooker import Batch, UsageError
from onlooker.records import PLAN
from onlooker.records.batch import framed
from onlooker.records.encode import offset_ns, record
from onlooker.records.translate import Translator
from onlooker.testing import make

OPEN = make("open", path="/etc/hostname", flags=("O_RDONLY", "O_CLOEXEC"), inode=7, device=3)
EVENTS = [make("exec", argv=("a", "b c", "")), OPEN, make("exit", exit_code=3), make("lost", of="open", count=5)]


def translated(plan, events):
    data = b"".join(framed(record(plan, event)) for event in events)
    return [event for batch in Translator(plan).batches(data, offset_ns(events[0])) for event in batch]


def changed(event, **changes):
    return replace(PLAN, events=tuple(replace(e, **changes) if e.name == event else e for e in PLAN.events))


def steps(name):
    return next(each.steps for each in PLAN.events if each.name == name)


def test_the_same_plan_gives_the_same():
    assert translated(PLAN, EVENTS) == EVENTS


def test_a_field_that_it_had_not_does_not_apply():
    plan = changed("open", steps=tuple(step for step in steps("open") if step.name not in ("inode", "unproven", "uid")))
    assert translated(plan, EVENTS)[1] == replace(OPEN, inode=None, uid=0)


def test_other_places_and_numbers_are_as_good():
    numbers = {"exec": 3, "exit": 2}
    events = tuple(
        replace(each, number=numbers.get(each.name, each.number), bytes=each.bytes + 64) for each in PLAN.events
    )
    assert translated(replace(PLAN, events=events), EVENTS) == EVENTS


def test_a_field_that_is_not_known_here_is_left_out():
    renamed = tuple(replace(step, name="later") if step.name == "inode" else step for step in steps("open"))
    plan = changed("open", steps=renamed)

    class Later:
        """An event as that version knew it."""

        event = "open"
        later = 9

        def __getattr__(self, name):
            return getattr(OPEN, name)

    assert translated(plan, [Later()]) == [replace(OPEN, inode=None)]


def test_an_event_that_is_not_known_here_is_a_loss():
    plan = changed("open", name="later")

    class Later:
        event = "later"

        def __getattr__(self, name):
            return getattr(OPEN, name)

    found = translated(plan, [EVENTS[0], Later(), Later(), EVENTS[2]])
    assert found[:2] == [EVENTS[0], EVENTS[2]]
    assert (found[2].count, found[2].reason) == (2, "corrupt")


def test_what_is_no_record_is_refused():
    with pytest.raises(UsageError):
        Translator(changed("open", bytes=999)).batches(Batch.of([OPEN])[0].data, 0)


@pytest.mark.parametrize("field", ["pid", "path", "inode"])
def test_a_second_field_of_a_name_is_refused(field):
    """The first would have the value of the second."""
    twice = tuple(replace(step, name="time") if step.name == field else step for step in steps("stat"))
    with pytest.raises(ValueError, match="twice"):
        Translator(changed("stat", steps=(*twice, steps("stat")[0])))


def test_a_field_of_another_type_is_a_loss():
    swapped = {"time": "start_ns", "start_ns": "time"}
    plan = changed("exit", steps=tuple(replace(s, name=swapped.get(s.name, s.name)) for s in steps("exit")))
    data = Batch.of([EVENTS[2]])[0].data
    assert [event.event for batch in Translator(plan).batches(data, 0) for event in batch] == ["lost"]


def test_a_place_before_the_record_is_refused():
    negative = tuple(replace(step, at=-1) if step.name == "pid" else step for step in steps("open"))
    with pytest.raises(ValueError, match="negative"):
        Translator(changed("open", steps=negative))
