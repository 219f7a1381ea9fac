"""The choice among a test's variants, for slow machines."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("thinning", Path(__file__).parents[1] / "kernel/thinning.py")
assert _SPEC
assert _SPEC.loader
thinning = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(thinning)


LONG, SHARED = min(thinning.ONCE), min(thinning.SHARED)


@pytest.mark.parametrize("count", [0, 1, thinning.MOST - 1, thinning.MOST])
def test_few_variants_all_stay(count: int) -> None:
    assert list(thinning.variants("test_open.py", "test_a", count, 3)) == list(range(count))


@pytest.mark.parametrize("count", [thinning.MOST + 1, 16, 17, 44, 108])
def test_all_parts_together_have_all_variants(count: int) -> None:
    parts = -(-count // thinning.MOST)
    found = [thinning.variants("test_open.py", "test_a", count, part) for part in range(parts)]
    assert all(0 < len(part) <= thinning.MOST for part in found)
    assert sorted(i for part in found for i in part) == list(range(count))


def test_those_that_stay_are_spread() -> None:
    """Variants by the same monitor follow each other: each monitor is to keep some."""
    assert {i // 36 for i in thinning.variants("test_open.py", "test_a", 108, 1)} == {0, 1, 2}


def test_tests_do_not_keep_the_same() -> None:
    assert len({thinning.variants(LONG, f"test_{i}", 5, 1)[0] for i in range(50)}) == 5


def test_one_of_those_that_take_long() -> None:
    found = [thinning.variants(LONG, "test_a", 5, part) for part in range(5)]
    assert all(len(each) == 1 for each in found)
    assert sorted(each[0] for each in found) == [0, 1, 2, 3, 4]


def test_the_parts_share_the_tests_of_the_command() -> None:
    for i in range(23):
        assert sum(not thinning.is_left_out(SHARED, f"test_{i}", part) for part in range(thinning.PARTS)) == 1
        assert not any(thinning.is_left_out(LONG, f"test_{i}", part) for part in range(thinning.PARTS))


def test_the_files_have_these_names() -> None:
    assert all(Path(_SPEC.origin or "").with_name(file).exists() for file in thinning.ONCE | thinning.SHARED)
