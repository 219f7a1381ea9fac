"""The choice among a test's variants, for slow machines."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("thinning", Path(__file__).parents[1] / "kernel/thinning.py")
assert _SPEC
assert _SPEC.loader
thinning = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(thinning)


def chosen(count: int, part: int) -> list[int]:
    """Which of a test's variants stay."""
    stays = thinning.thinned([("file", "test")] * count, part)
    return [i for i in range(count) if stays[i]]


@pytest.mark.parametrize("count", [1, thinning.MOST - 1, thinning.MOST])
def test_few_variants_all_stay(count: int) -> None:
    assert chosen(count, 3) == list(range(count))


@pytest.mark.parametrize("count", [thinning.MOST + 1, 16, 17, 44, 108])
def test_all_parts_together_have_all_variants(count: int) -> None:
    parts = -(-count // thinning.MOST)
    found = [chosen(count, part) for part in range(parts)]
    assert all(0 < len(part) <= thinning.MOST for part in found)
    assert sorted(i for part in found for i in part) == list(range(count))


def test_those_that_stay_are_spread() -> None:
    """Variants by the same monitor follow each other: each monitor is to keep some."""
    assert {i // 36 for i in chosen(108, 1)} == {0, 1, 2}


def test_tests_do_not_count_together() -> None:
    assert all(thinning.thinned([("file", f"test_{i}") for i in range(50)], 1))


def test_one_of_those_that_take_long() -> None:
    family = min(thinning.ONCE), "test"
    found = [thinning.thinned([family] * 5, part).index(True) for part in range(5)]
    assert found == [0, 1, 2, 3, 4]
    assert sum(thinning.thinned([family] * 5, 7)) == 1


def test_the_parts_share_the_tests_of_the_command() -> None:
    families = [(min(thinning.SHARED), f"test_{i}") for i in range(23)]
    parts = [thinning.thinned(families, part) for part in range(thinning.PARTS)]
    assert [sum(stays) for stays in zip(*parts, strict=True)] == [1] * 23
    assert {sum(part) for part in parts} == {5, 6}


def test_the_files_have_these_names() -> None:
    assert all(Path(_SPEC.origin or "").with_name(file).exists() for file in thinning.ONCE | thinning.SHARED)
