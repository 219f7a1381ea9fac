"""The vocabulary of declarations."""

import pytest

from onlooker.schema import kinds
from onlooker.schema.kinds import Op
from onlooker.schema.values import Flags, Names

ONE, SEVERAL = Names.counted("a"), Flags(bits=((1, "a"),))


@pytest.mark.parametrize(
    ("kind", "ctype", "op", "size", "alignment"),
    [
        (kinds.unsigned(16), "__u16", Op.UNSIGNED, 2, 2),
        (kinds.unsigned(64), "__u64", Op.UNSIGNED, 8, 8),
        (kinds.signed(32), "__s32", Op.SIGNED, 4, 4),
        (kinds.signed(64), "__s64", Op.SIGNED, 8, 8),
        (kinds.boolean(), "__u8", Op.BOOLEAN, 1, 1),
        (kinds.wall_time(), "", Op.TIME, 0, 1),
        (kinds.name(), "char", Op.NAME, 16, 8),
        (kinds.text(), "struct span", Op.TEXT, 8, 4),
        (kinds.texts(), "struct span", Op.TEXTS, 8, 4),
        (kinds.walked(), "struct span", Op.PATH, 8, 4),
        (kinds.joined("path"), "struct span", Op.JOINED, 8, 4),
        (kinds.one_of(16, ONE), "__u16", Op.ONE_OF, 2, 2),
        (kinds.flag_names(64, SEVERAL), "__u64", Op.FLAGS, 8, 8),
        (kinds.choice("a"), "__u8", Op.ONE_OF, 1, 1),
        (kinds.cut_mask(), "", Op.FLAGS, 0, 1),
    ],
)
def test_a_kind_on_the_wire(kind, ctype, op, size, alignment):
    assert (kind.ctype, kind.op, kind.size, kind.alignment) == (ctype, op, size, alignment)


def test_only_texts_and_what_says_so_can_be_cut():
    assert kinds.text().cuttable
    assert kinds.texts().cuttable
    assert kinds.walked().cuttable
    assert kinds.joined("path").cuttable
    assert kinds.flag_names(64, SEVERAL, cuttable=True).cuttable
    assert not any(kind.cuttable for kind in (kinds.flag_names(64, SEVERAL), kinds.name(), kinds.unsigned(32)))


def test_a_choice_counts_from_one():
    values = kinds.choice("a", "b").values
    assert [values.name_of(1), values.name_of(2)] == ["a", "b"]


@pytest.mark.parametrize("number", [0, 3, 255])
def test_a_number_beyond_the_choice_is_no_name(number):
    with pytest.raises(LookupError):
        kinds.choice("a", "b").values.name_of(number)
