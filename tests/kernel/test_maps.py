"""How much of the kernel's memory the probe takes: what is computed is what the kernel says."""

import os
from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.filters import Filter
from onlooker.probe import _libbpf, kernel
from onlooker.probe.live import LiveSource
from onlooker.probe.maps import memory, needed
from onlooker.probe.setup import DEFAULT_RING_BYTES, Setup


@pytest.mark.skipif(kernel.version(kernel.release()) < (6, 4), reason="before, the kernel only guesses it")
def test_it_is_what_the_kernel_says() -> None:
    with Monitor(pid=[os.getpid()]) as monitor:
        assert isinstance(monitor._source, LiveSource)
        assert monitor._source._probe
        maps = monitor._source._probe.maps
        said = {name: _memlock(monitor._source._probe.map_descriptor(name)) for name, *_ in maps}
    for each in maps:
        found = memory([each], _libbpf.possible_cpus())
        # beside it, the kernel counts the map itself and the lists of its pages
        assert 0.98 * found.always <= said[each[0]] <= found.most + 0.02 * found.most + 32768, each
    whole = memory(maps, _libbpf.possible_cpus())
    assert whole.always == pytest.approx(sum(said.values()), rel=0.05)


def test_it_is_known_without_a_kernel() -> None:
    found, cpus = needed(Setup(Filter(), DEFAULT_RING_BYTES, resolve=True))
    assert cpus >= (os.cpu_count() or 1)
    assert DEFAULT_RING_BYTES < found.always < found.most


def _memlock(descriptor: int) -> int:
    lines = dict(line.split(":") for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines())
    return int(lines["memlock"])
