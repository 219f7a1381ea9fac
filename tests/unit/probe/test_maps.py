"""How much of the kernel's memory the probe takes."""

import pytest

from onlooker.filters import Filter
from onlooker.probe.maps import memory
from onlooker.probe.setup import DEFAULT_RING_BYTES, Setup

MIB = 1 << 20


@pytest.fixture(scope="module")
def maps():
    probe = Setup(Filter(), DEFAULT_RING_BYTES, resolve=True).open((), ())
    yield probe.maps
    probe.close()


def test_it_is_bounded_on_a_large_machine(maps):
    """Twice the buffer as a rule, and not more than six times the buffer whatever somebody does."""
    found = memory(maps, 128)
    assert 16 * MIB < found.always < 36 * MIB
    assert found.always < found.most < 96 * MIB


def test_it_is_little_more_than_the_buffer_on_a_small_one(maps):
    assert 16 * MIB < memory(maps, 2).always < 22 * MIB


@pytest.mark.parametrize(
    ("each", "always", "most"),
    [
        (("ring", 27, 0, 0, 4096, 0), 4096, 4096),
        (("array", 2, 4, 9, 10, 0), 160, 160),
        (("each cpu", 6, 4, 8, 3, 0), 8 * 3 * 4, 8 * 3 * 4),
        (("hash", 1, 4, 1, 5, 0), 16 * 8 + 64 * (5 + 4), 16 * 8 + 64 * (5 + 4)),
        (("as needed", 1, 8, 4300, 5, 1), 16 * 8, 16 * 8 + 8192 * (5 + 5 * 4)),
        (("cgroups", 8, 4, 4, 3, 0), 24, 24),
        (("trie", 11, 20, 1, 5, 1), 0, 80 * 5),
    ],
)
def test_each_kind_of_map(each, always, most):
    found = memory([each], 4)
    assert (found.always, found.most) == (always, most)


def test_a_kind_that_is_not_known():
    with pytest.raises(ValueError, match="maps of type 9"):
        memory([("lru", 9, 4, 4, 1, 0)], 1)
