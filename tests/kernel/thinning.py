"""Fewer variants of a test, where the machine is so slow that all would take too long; which ones, depends on a part
that is to be run: all parts together have all variants.
"""

import os
from collections.abc import Sequence

import pytest

MOST = 3  # of a test by one monitor
PART = os.environ.get("ONLOOKER_TESTS_PART")  # a number

Family = tuple[str, str, object]


def family(item: pytest.Item) -> Family:
    """Variants of the same test by the same monitor."""
    callspec = getattr(item, "callspec", None)
    return str(item.path), getattr(item, "originalname", item.name), callspec and callspec.params.get("monitor")


def thinned(families: Sequence[Family], part: int) -> list[bool]:
    """Which items stay: at most MOST of each family, evenly spread. Monitors of several kinds get different ones."""
    members: dict[Family, list[int]] = {}
    for at, key in enumerate(families):
        members.setdefault(key, []).append(at)
    stays = [False] * len(families)
    turn: dict[tuple[str, str], int] = {}
    for key, places in members.items():
        step = -(-len(places) // MOST)
        start = part + turn.setdefault(key[:2], 0)
        turn[key[:2]] += 1
        for at in places[start % step :: step]:
            stays[at] = True
    return stays
