"""What there is to know of records, as data."""

from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.events import EVENTS, layouts
from onlooker.events import plan as plan_of_events
from onlooker.events.base import TaskEvent
from onlooker.schema.fields import Op, doc, unsigned
from onlooker.schema.layout import layout
from onlooker.schema.phrase import Choose, Text, Value, Words, fields_of
from onlooker.schema.plan import EventPlan, Plan, StepPlan, plan
from onlooker.schema.values import Flags, Names

LAYOUTS = layouts()
PLAN = plan_of_events()
OF = {event.name: event for event in PLAN.events}

words = st.text(max_size=8)
numbers = st.integers(0, 2**63 - 1)
pairs = st.lists(st.tuples(numbers, words), max_size=3).map(tuple)
names = st.builds(Names, names=pairs, other=words)
flags = st.builds(Flags, bits=pairs, low=st.lists(words, max_size=4).map(tuple), high=st.none() | names)
leaves = st.builds(Text, words) | st.builds(Value, words, st.sampled_from(["", "octal", "seconds", "words"]))
pieces = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Choose, words, words, words, st.lists(inner, max_size=2).map(tuple), st.just(()))
        | st.builds(Words, st.lists(st.lists(inner, max_size=2).map(tuple), max_size=2).map(tuple))
    ),
    max_leaves=6,
)
phrases = st.lists(pieces, max_size=3).map(tuple)
steps = st.builds(
    *(StepPlan, words, st.sampled_from(Op), numbers, numbers),
    *(st.none() | st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none() | names | flags, words),
)
events = st.builds(
    EventPlan, words, numbers, numbers, st.lists(steps, max_size=3).map(tuple), phrases, phrases, phrases
)
plans = st.builds(Plan, numbers, numbers, numbers, st.lists(events, max_size=2).map(tuple))


@pytest.mark.parametrize("name", EVENTS)
def test_one_step_for_each_argument_of_the_constructor(name):
    assert [step.name for step in OF[name].steps] == list(EVENTS[name].__struct_fields__)


@pytest.mark.parametrize("name", EVENTS)
def test_every_step_reads_inside_the_fixed_part(name):
    assert all(0 <= step.at <= OF[name].bytes - step.bytes for step in OF[name].steps)


@pytest.mark.parametrize("name", EVENTS)
def test_a_step_has_the_values_that_its_operation_reads(name):
    for step in OF[name].steps:
        wanted = {Op.ONE_OF: Names, Op.FLAGS: Flags}.get(step.op, type(None))
        assert isinstance(step.values, wanted), step.name


def test_events_are_numbered_as_on_the_wire_and_losses_last():
    assert [(event.number, event.name) for event in PLAN.events] == list(enumerate(EVENTS, 1))
    assert [OF[name].bytes for name in LAYOUTS] == [made.size for made in LAYOUTS.values()]


def test_the_cut_mask_names_the_cuttable_fields():
    [cut] = [step for step in OF["exec"].steps if step.name == "cut"]
    assert (cut.op, cut.at, cut.bytes, cut.absent, cut.omit) == (Op.FLAGS, PLAN.cut_at, 2, None, True)
    assert [cut.values.names_of(mask) for mask in (0, 1, 6)] == [(), ("path",), ("argv", "interpreter")]


def test_the_time_is_read_from_boot_ns():
    time, boot_ns = OF["exit"].steps[:2]
    assert (time.op, time.at, time.bytes, time.absent) == (Op.TIME, boot_ns.at, 8, None)
    assert boot_ns.at == PLAN.boot_at


JOINED = {"joined_path": "path"}
BOTH_JOINED = {**JOINED, "joined_new_path": "new_path"}


@pytest.mark.parametrize(("name", "made"), [("exec", JOINED), ("open", JOINED), ("rename", BOTH_JOINED)])
def test_a_joined_path_is_made_with_the_path(name, made):
    ops = {step.name: step.op for step in OF[name].steps}
    assert {step.name: step.of for step in OF[name].steps if step.op is Op.JOINED} == made
    assert {ops[of] for of in made.values()} == {Op.TEXT}
    assert not any(step.of for step in OF[name].steps if step.op is not Op.JOINED)


def test_it_can_be_written_as_json_and_read_back():
    assert Plan.from_json(PLAN.to_json()) == PLAN


@settings(deadline=None, max_examples=80)
@given(made=plans)
def test_so_can_any_plan(made):
    assert Plan.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    "text", [b"{}", b"[]", b"null", PLAN.to_json().replace(b'"tag', b'"x').replace(b'"at":', b'"at":"')]
)
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(msgspec.DecodeError):
        Plan.from_json(text)


def made_up(**phrases: str) -> type[TaskEvent]:
    """An event that says of itself what is given."""

    class MadeUp(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="made_up"):
        event: ClassVar[str] = "made_up"
        phrase: ClassVar[str] = "did {what}"
        result: ClassVar[str] = "ok"
        details: ClassVar[str] = "{what}"

        what: Annotated[int, unsigned(32), doc("What.")]

    for where, phrase in phrases.items():
        setattr(MadeUp, where, phrase)
    return MadeUp


def planned(**phrases: str) -> EventPlan:
    return plan({**LAYOUTS, "made_up": layout(made_up(**phrases), TaskEvent)}).events[-1]


def test_the_phrases_are_those_of_the_class():
    found = planned()
    assert found.number == len(LAYOUTS) + 1
    assert list(fields_of(found.line))[:3] == ["comm", "pid", "what"]
    assert (found.result, found.details[0]) == ((Text("ok"),), Value("what"))


@pytest.mark.parametrize("where", ["who", "phrase", "result", "details"])
@pytest.mark.parametrize(
    ("phrase", "missing"),
    [
        ("{wat}", "wat"), ("{wat:octal}", "wat"), ("{wat?a|b}", "wat"), ("{wat~X?a}", "wat"), ("{/wat?a}", "wat"),
        ("{what!=wat?a}", "wat"), ("{wat@what?a}", "wat"), ("{what?{wat}|b}", "wat"), ("{what?a|{wat}}", "wat"),
        ("{list:a;{wat}}", "wat"), ("{one} and {two}", "one, two"),
    ],
)  # fmt: skip
def test_a_phrase_of_a_field_of_no_event_is_refused(where, phrase, missing):
    with pytest.raises(ValueError, match=f"the phrase of made_up speaks of {missing}, a field of no event"):
        planned(**{where: phrase})


@pytest.mark.parametrize("phrase", ["{what", "what}", "{what:hex}", "{what?a", "{list:a;b", "{what?a|b|c"])
def test_what_is_no_phrase_is_refused(phrase):
    with pytest.raises(ValueError, match=r"is missing at|a brace too many in|no format"):
        planned(phrase=phrase)
