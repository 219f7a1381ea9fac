"""The decoder's table."""

import pytest

from onlooker.events import TASK_EVENTS, layouts
from onlooker.schema.kinds import Op
from onlooker.schema.plan import plan

LAYOUTS = layouts()


@pytest.mark.parametrize("event", LAYOUTS)
def test_one_step_for_each_argument_of_the_constructor(event):
    number, cls, size, steps = plan(7, LAYOUTS[event])
    assert (number, cls, size) == (7, TASK_EVENTS[event], LAYOUTS[event].size)
    assert len(steps) == len(cls.__struct_fields__)


@pytest.mark.parametrize("event", LAYOUTS)
def test_every_step_reads_inside_the_fixed_part(event):
    for operation, offset, width, _, describe, other in plan(1, LAYOUTS[event])[3]:
        assert 0 <= offset <= LAYOUTS[event].size - width
        assert (describe is not None) == (operation == Op.LABEL)
        assert 0 <= other <= LAYOUTS[event].size - 8


def test_the_cut_mask_names_the_cuttable_fields_and_ignores_other_bits():
    made = LAYOUTS["exec"]
    *_, (operation, _, width, absent, describe, _) = plan(2, made)[3]
    assert (operation, width, absent) == (Op.LABEL, 2, None)
    assert [describe(mask) for mask in (0, 1, 6, 0xFF80)] == [(), ("path",), ("argv", "interpreter"), ()]


def test_the_time_is_read_from_boot_ns():
    time, boot_ns = plan(3, LAYOUTS["exit"])[3][:2]
    assert time == (Op.TIME, boot_ns[1], 8, None, None, 0)


@pytest.mark.parametrize("event", ["exec", "open"])
def test_a_joined_path_is_made_with_the_path(event):
    made = LAYOUTS[event]
    steps = dict(zip(made.event.__struct_fields__, plan(1, made)[3], strict=True))
    joined, path = steps["joined_path"], steps["path"]
    assert (joined[0], joined[5], path[0]) == (Op.JOINED, path[1], Op.TEXT)
    assert {name for name, step in steps.items() if step[5]} == {"joined_path"}
