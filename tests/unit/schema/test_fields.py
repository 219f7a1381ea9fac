"""The vocabulary of declarations."""

import pytest

from onlooker.schema import fields
from onlooker.schema.fields import Op
from onlooker.schema.values import Flags, Names

ONE, SEVERAL = Names.counted("a"), Flags(bits=((1, "a"),))


@pytest.mark.parametrize(
    ("field", "ctype", "op", "size", "alignment"),
    [
        (fields.unsigned(16), "__u16", Op.UNSIGNED, 2, 2),
        (fields.unsigned(64), "__u64", Op.UNSIGNED, 8, 8),
        (fields.signed(32), "__s32", Op.SIGNED, 4, 4),
        (fields.signed(64), "__s64", Op.SIGNED, 8, 8),
        (fields.boolean(), "__u8", Op.BOOLEAN, 1, 1),
        (fields.wall_time(), "", Op.TIME, 0, 1),
        (fields.name(), "char", Op.NAME, 16, 8),
        (fields.text(), "struct span", Op.TEXT, 8, 4),
        (fields.texts(), "struct span", Op.TEXTS, 8, 4),
        (fields.walked(), "struct span", Op.PATH, 8, 4),
        (fields.joined("path"), "struct span", Op.JOINED, 8, 4),
        (fields.one_of(16, ONE), "__u16", Op.ONE_OF, 2, 2),
        (fields.flag_names(64, SEVERAL), "__u64", Op.FLAGS, 8, 8),
        (fields.choice("a"), "__u8", Op.ONE_OF, 1, 1),
        (fields.cut_mask(), "", Op.FLAGS, 0, 1),
    ],
)
def test_a_field_on_the_wire(field, ctype, op, size, alignment):
    assert (field.ctype, field.op, field.size, field.alignment) == (ctype, op, size, alignment)


def test_only_texts_and_what_says_so_can_be_cut():
    assert fields.text().cuttable
    assert fields.texts().cuttable
    assert fields.walked().cuttable
    assert fields.joined("path").cuttable
    assert fields.flag_names(64, SEVERAL, cuttable=True).cuttable
    assert not any(field.cuttable for field in (fields.flag_names(64, SEVERAL), fields.name(), fields.unsigned(32)))


def test_a_choice_counts_from_one():
    values = fields.choice("a", "b").values
    assert [values.name_of(1), values.name_of(2)] == ["a", "b"]


@pytest.mark.parametrize("number", [0, 3, 255])
def test_a_number_beyond_the_choice_is_no_name(number):
    with pytest.raises(LookupError):
        fields.choice("a", "b").values.name_of(number)
