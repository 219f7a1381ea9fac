"""The object file for a kernel that lacks functions which the probe calls where it finds them."""

import pytest

from onlooker.probe._libbpf import Probe
from onlooker.probe.image import CALL, NOTHING, without_missing_calls
from onlooker.probe.setup import OBJECT

IMAGE = OBJECT.read_bytes()
CALLED = {"bpf_preempt_disable", "bpf_preempt_enable"}


def programs(image):
    probe = Probe(image)
    try:
        return probe.programs
    finally:
        probe.close()


def replaced(image):
    """Where an instruction became a result of 0; programs are aligned to their instructions."""
    words = range(0, len(IMAGE) & ~7, 8)
    return [at for at in words if image[at : at + 8] == NOTHING != IMAGE[at : at + 8]]


def test_where_nothing_is_missing_nothing_is_changed():
    asked = set()
    assert without_missing_calls(IMAGE, lambda name: asked.add(name) or True) == IMAGE
    assert asked >= CALLED
    assert all(name.startswith("bpf_") for name in asked)


def test_calls_of_what_is_missing_become_a_result():
    without = without_missing_calls(IMAGE, lambda name: False)
    assert len(without) == len(IMAGE)
    assert programs(without) == programs(IMAGE)
    assert {IMAGE[at] for at in replaced(without)} == {CALL}
    preempting = without_missing_calls(IMAGE, lambda name: name not in CALLED)
    assert len(replaced(preempting)) == 2 * sum(name.endswith("_still") for name in programs(IMAGE))
    assert set(replaced(preempting)) <= set(replaced(without))
    assert without_missing_calls(without, lambda name: False) == without


def test_only_those_of_what_is_missing():
    both, one, other = (
        set(replaced(without_missing_calls(IMAGE, lambda name, missing=missing: name not in missing)))
        for missing in (CALLED, {"bpf_preempt_disable"}, {"bpf_preempt_enable"})
    )
    assert one | other == both
    assert not one & other
    assert len(one) == len(other) > 0


@pytest.mark.parametrize("length", [0, 4, 16, 63, 64, 1000, len(IMAGE) // 2, len(IMAGE) - 1])
def test_what_is_no_object_is_left_to_libbpf(length):
    assert without_missing_calls(IMAGE[:length], lambda name: False) == IMAGE[:length]
    assert without_missing_calls(b"x" * length, lambda name: False) == b"x" * length
