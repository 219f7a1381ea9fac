"""Where fields lie in a record."""

from typing import Annotated, ClassVar

import msgspec
import pytest

from onlooker.events import TaskEvent, layouts
from onlooker.schema.fields import choice, cut_mask, doc, name, signed, text, unsigned, wall_time
from onlooker.schema.layout import ALIGNMENT, declared, layout

LAYOUTS = layouts()


class Shared(msgspec.Struct):
    time: Annotated[str, wall_time(), doc("When.")]
    small: Annotated[int, unsigned(16), doc("Two bytes.")]
    boot_ns: Annotated[int, unsigned(64), doc("Eight bytes.")]
    comm: Annotated[str, name(), doc("Sixteen bytes.")]


class Sample(Shared):
    event: ClassVar[str] = "sample"
    which: Annotated[str, choice("a", "b"), doc("One byte.")]
    path: Annotated[str, text(), doc("A span.")]
    code: Annotated[int, signed(32), doc("Four bytes.")]
    cut: Annotated[tuple[str, ...], cut_mask(), doc("What is cut.")] = ()


def test_header_and_body_are_laid_out_widest_first_and_padded():
    made = layout(Sample, Shared)
    header = {f.name: f.offset for f in made.header.members}
    body = {f.name: f.offset for f in made.body.members}
    assert header == {"boot_ns": 0, "comm": 8, "small": 24, "kind": 26, "cut": 28}
    assert (made.header.pad, made.header.size) == (2, 32)
    assert body == {"path": 32, "code": 40, "which": 44}
    assert (made.body.pad, made.body.size) == (3, 16)
    assert made.size == 48


def test_fields_stand_in_the_order_of_the_constructor():
    made = layout(Sample, Shared)
    offsets = {f.name: f.offset for f in made.fields}
    assert tuple(offsets) == Sample.__struct_fields__
    assert offsets["time"] == offsets["boot_ns"] == 0
    assert offsets["cut"] == 28
    assert made.cuttable == ("path",)


@pytest.mark.parametrize("event", LAYOUTS)
def test_members_are_aligned_and_leave_no_gap(event):
    made = LAYOUTS[event]
    at = 0
    for block in (made.header, made.body):
        for f in block.members:
            assert f.offset == at and f.offset % f.type.alignment == 0, f.name
            at += f.type.size
        at += block.pad
        assert at % ALIGNMENT == 0 and block.pad < ALIGNMENT
    assert at == made.size


@pytest.mark.parametrize("event", LAYOUTS)
def test_all_records_begin_alike(event):
    assert LAYOUTS[event].header == LAYOUTS["fork"].header


@pytest.mark.parametrize("event", LAYOUTS)
def test_the_cut_mask_has_room(event):
    assert len(LAYOUTS[event].cuttable) <= 16


def test_a_field_needs_one_kind_and_one_description():
    class NoKind(msgspec.Struct):
        pid: Annotated[int, doc("A pid.")]

    class NoDescription(msgspec.Struct):
        pid: Annotated[int, unsigned(32)]

    class TwoKinds(msgspec.Struct):
        pid: Annotated[int, unsigned(32), signed(32), doc("A pid.")]

    class Bare(msgspec.Struct):
        pid: int

    for bad in (NoKind, NoDescription, TwoKinds, Bare):
        with pytest.raises(TypeError, match=rf"^{bad.__name__}\.pid needs one field type and one doc\(\)$"):
            declared(bad)


def test_declared_gives_kinds_and_descriptions_in_order():
    found = [(f.name, f.type.ctype, f.description) for f in declared(Shared)]
    assert found == [
        ("time", "", "When."),
        ("small", "__u16", "Two bytes."),
        ("boot_ns", "__u64", "Eight bytes."),
        ("comm", "char", "Sixteen bytes."),
    ]


def test_task_events_only():
    assert all(issubclass(made.event, TaskEvent) for made in LAYOUTS.values())
    assert list(LAYOUTS)[:5] == ["fork", "exec", "exit", "open", "rename"]
