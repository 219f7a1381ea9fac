"""Fewer variants of a test, where the machine is so slow that all would take too long; which ones, depends on a part
that is to be run: all parts together have all variants.
"""

import os
from collections.abc import Sequence

import pytest

MOST = 3  # of a test, by whatever monitor
ONCE = {  # one of each test: they start monitors and commands of their own, which takes seconds there
    *("test_doctor.py", "test_exe.py", "test_filters.py", "test_flavours.py", "test_fork.py", "test_lifecycle.py"),
    *("test_lost.py", "test_no_resolve.py", "test_open_hard.py", "test_privileges.py"),
}
SHARED = {"test_watch.py", "test_watch_ending.py"}  # and of these, which are more of Python than of the kernel, some
PARTS = 4  # share them
PART = os.environ.get("ONLOOKER_TESTS_PART")  # a number

Family = tuple[str, str]  # file and function


def family(item: pytest.Item) -> Family:
    """The test that this is a variant of."""
    return item.path.name, getattr(item, "originalname", item.name)


def thinned(families: Sequence[Family], part: int) -> list[bool]:
    """Which items stay: few of each family, evenly spread over all its variants and monitors."""
    members: dict[Family, list[int]] = {}
    for at, key in enumerate(families):
        members.setdefault(key, []).append(at)
    stays = [False] * len(families)
    for number, ((file, _), places) in enumerate(members.items()):
        if file in SHARED and (part + number) % PARTS:
            continue
        step = -(-len(places) // (1 if file in ONCE | SHARED else MOST))
        for at in places[(part + number) % step :: step]:  # not the first monitor's variant of every test
            stays[at] = True
    return stays
