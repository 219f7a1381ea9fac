"""The columns of events, by their plan."""

import pytest
from msgspec.structs import replace

from onlooker.records import PLAN
from onlooker.schema.columns import Form, Type, columns_of, event_of, table_of, wide_columns, with_seq
from onlooker.schema.fields import Op

WIDE = wide_columns(PLAN)


def test_a_table_has_one_name():
    tables = [table_of(event.name) for event in PLAN.events]
    assert len({*tables, "events"}) == len(tables) + 1
    assert [event_of(table, PLAN) for table in tables] == [event.name for event in PLAN.events]
    assert {"opens", "execs", "forks", "exits", "accesses", "stats", "losses"} <= {*tables}
    with pytest.raises(LookupError):
        event_of("open", PLAN)


@pytest.mark.parametrize("event", PLAN.events, ids=lambda event: event.name)
def test_columns_are_the_fields(event):
    columns = columns_of(event)
    names = [column.name for column in columns]
    assert len({*names}) == len(names)
    values = [column for column in columns if column.form is Form.VALUE]
    assert [column.name for column in values] == [step.name for step in event.steps]
    exact = [column for column in columns if column.form is Form.BYTES]
    texts = (Op.NAME, Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED)
    assert [column.of for column in exact] == [step.name for step in event.steps if step.op in texts]
    assert [column.name for column in exact] == [f"{column.of}_bytes" for column in exact]
    assert columns[len(columns) - len(exact) :] == tuple(exact)
    assert [column.is_optional for column in values] == [step.absent is not None for step in event.steps]


def test_the_command_is_behind_its_arguments():
    [event] = [event for event in PLAN.events if event.name == "exec"]
    names = [column.name for column in columns_of(event)]
    assert names[names.index("argv") + 1] == "cmdline"


def test_the_wide_table_has_each_once():
    names = [column.name for column in WIDE]
    assert len({*names}) == len(names) and names[:2] == ["event", "time"]
    assert {*names} == {"event"} | {column.name for event in PLAN.events for column in columns_of(event)}
    assert [column.name for column in with_seq(WIDE)] == ["seq", *names]
    [mode] = [column for column in WIDE if column.name == "mode"]
    assert mode.type is Type.UINT64 and mode.is_optional
    [time] = [column for column in WIDE if column.name == "time"]
    assert len(time.steps) == len(PLAN.events) and not time.is_optional


def other(op, size):
    """A plan whose first two events have a field of the same name; the second's has another type."""
    step = replace(PLAN.events[0].steps[2], name="same", op=Op.UNSIGNED, bytes=4)
    events = [replace(event, steps=(each,)) for event, each in zip(
        PLAN.events[:2], (step, replace(step, op=op, bytes=size)), strict=True)]  # fmt: skip
    return replace(PLAN, events=tuple(events))


@pytest.mark.parametrize(
    ("op", "size", "wider"),
    [
        (Op.UNSIGNED, 8, Type.UINT64),
        (Op.UNSIGNED, 1, Type.UINT32),
        (Op.SIGNED, 4, Type.INT64),
        (Op.SIGNED, 8, Type.INT64),
    ],
)
def test_the_wider_type(op, size, wider):
    assert wide_columns(other(op, size))[1].type is wider


def test_types_that_do_not_go_together():
    with pytest.raises(ValueError, match="same has types that don't go together: UINT32, TEXT"):
        wide_columns(other(Op.TEXT, 8))
