"""The object file for a kernel that lacks functions which the probe calls where it finds them."""

import pytest

from onlooker.probe._libbpf import Probe
from onlooker.probe.image import CALL, NOTHING, without_missing_calls
from onlooker.probe.setup import OBJECT

IMAGE = OBJECT.read_bytes()
CALLED = {"bpf_rdonly_cast"}


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
    casting = without_missing_calls(IMAGE, lambda name: name not in CALLED)
    assert set(replaced(casting)) == set(replaced(without)) != set()
    assert without_missing_calls(without, lambda name: False) == without


def test_only_those_of_what_is_missing():
    assert without_missing_calls(IMAGE, lambda name: name != "bpf_something_else") == IMAGE


@pytest.mark.parametrize("length", [0, 4, 16, 63, 64, 1000, len(IMAGE) // 2, len(IMAGE) - 1])
def test_what_is_no_object_is_left_to_libbpf(length):
    assert without_missing_calls(IMAGE[:length], lambda name: False) == IMAGE[:length]
    assert without_missing_calls(b"x" * length, lambda name: False) == b"x" * length


@pytest.mark.parametrize("at", [40, 58, 60, 62])  # where the table of sections is, how many there are, and their names
@pytest.mark.parametrize("byte", [b"\x01", b"\x7f", b"\xff"])
def test_a_table_that_is_elsewhere_is_left_to_libbpf(at, byte):
    damaged = IMAGE[:at] + byte * min(8, 64 - at) + IMAGE[at + min(8, 64 - at) :]
    assert len(without_missing_calls(damaged, lambda name: True)) == len(IMAGE)
