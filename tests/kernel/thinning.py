"""Fewer variants of a test, where the machine is so slow that all would take too long; which ones, depends on a part
that is to be run: all parts together have all variants.
"""

import os
from collections.abc import Sequence

import pytest

MOST = 3  # of a test, by whatever monitor
PART = os.environ.get("ONLOOKER_TESTS_PART")  # a number

Family = tuple[str, str]


def family(item: pytest.Item) -> Family:
    """The test that this is a variant of."""
    return str(item.path), getattr(item, "originalname", item.name)


def thinned(families: Sequence[Family], part: int) -> list[bool]:
    """Which items stay: at most MOST of each family, evenly spread over all its variants and monitors."""
    members: dict[Family, list[int]] = {}
    for at, key in enumerate(families):
        members.setdefault(key, []).append(at)
    stays = [False] * len(families)
    for places in members.values():
        step = -(-len(places) // MOST)
        for at in places[part % step :: step]:
            stays[at] = True
    return stays
