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
    for operation, offset, width, _, describe in plan(1, LAYOUTS[event])[3]:
        assert 0 <= offset <= LAYOUTS[event].size - width
        assert (describe is not None) == (operation == Op.LABEL)


def test_the_cut_mask_names_the_cuttable_fields_and_ignores_other_bits():
    made = LAYOUTS["exec"]
    *_, (operation, _, width, absent, describe) = plan(2, made)[3]
    assert (operation, width, absent) == (Op.LABEL, 2, None)
    assert [describe(mask) for mask in (0, 1, 6, 0xFFF8)] == [(), ("path",), ("argv", "interpreter"), ()]


def test_the_time_is_read_from_boot_ns():
    time, boot_ns = plan(3, LAYOUTS["exit"])[3][:2]
    assert time == (Op.TIME, boot_ns[1], 8, None, None)
