"""What the probe writes into the ring, byte for byte."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onlooker import Exec, Exit, Fork, Monitor, Open
from onlooker.probe.live import LiveSource

from .conftest import Workloads
from .flavours import flavours
from .running import Process, drain, run_workload

SMALL = 1 << 20
FILLING = "A" * 16


class Listener:
    """Keeps what a source takes out of the ring."""

    def __init__(self, source: LiveSource) -> None:
        self._take = source._take
        self.heard = b""

    def __call__(self, probe: Any, now: bool) -> memoryview:
        records = self._take(probe, now)
        self.heard += bytes(records)
        return records


@pytest.fixture(scope="module", params=flavours())
def program(request: pytest.FixtureRequest, workloads: Workloads) -> Iterator[tuple[Path, Monitor, Listener]]:
    """A copy of exec, a monitor of it whose ring was filled with other things before, and what comes out of that."""
    program, filler = workloads.renamed("exec"), workloads.renamed("open")
    source = LiveSource(ring_bytes=SMALL, method=request.param)
    with Monitor(comm=[program.name, filler.name, f"{workloads.prefix}*"], source=source) as monitor:
        listener = Listener(source)
        source._take = listener  # type: ignore[method-assign]
        # more than the ring, and in parts, so that none is refused
        for _ in range(16):
            Process(filler, "openat", "plain", -100, FILLING * 255, 0, 0, 0, 23).wait()
            drain(monitor)
        opened = listener.heard.count(FILLING.encode() * 255)
        assert opened >= 16 * 23
        assert len(listener.heard) > SMALL
        yield program, monitor, listener


@pytest.mark.parametrize("kib", [0, 1, 7, 9, 31, 65])
@pytest.mark.parametrize("target", ["nothing", "missing"])
def test_a_record_holds_nothing_else(
    program: tuple[Path, Monitor, Listener], workloads: Workloads, kib: int, target: str
) -> None:
    """What stood in that memory before is the kernel's, or another user's: none of it goes out."""
    executor, monitor, listener = program
    path = workloads[target] if target == "nothing" else target
    assert drain(monitor) == []
    listener.heard = b""
    run = run_workload(monitor, executor, "child", 0, 0, path, "zero", *["b" * 1023] * kib)
    assert {type(event) for event in run.events} == {Fork, Exec, Exit, Open}
    assert len(run.execs()) == 1
    assert listener.heard.count(b"zero") >= 1
    found = listener.heard.find(FILLING.encode()[:8])
    assert found < 0, listener.heard[found - 8 :][:64]
