"""The offset from boot time to wall time."""

import time

import pytest

from onlooker.probe import clock
from onlooker.probe.clock import WallClock

REAL = 1_769_860_800 * 10**9


class Clocks:
    """Made-up clocks: each reading of one takes `cost` nanoseconds, the next of `costs` while there are any."""

    def __init__(self) -> None:
        self.boot = 10**12
        self.offset = REAL
        self.cost = 100
        self.costs: list[int] = []
        self.readings = 0

    def read(self, clock: int) -> int:
        self.readings += 1
        self.boot += self.costs.pop(0) if self.costs else self.cost
        return self.boot + (self.offset if clock == time.CLOCK_REALTIME else 0)


@pytest.fixture
def clocks(monkeypatch):
    made = Clocks()
    monkeypatch.setattr(time, "clock_gettime_ns", made.read)
    return made


def test_the_offset(clocks):
    assert WallClock().offset_ns() == REAL
    assert clocks.readings == 3


def test_the_reading_lies_between_two_of_the_boot_clock(clocks):
    clocks.costs = [0, 1000, 3000]
    assert WallClock().offset_ns() == REAL - 1000


def test_a_disturbed_reading_is_taken_again(clocks):
    clocks.costs = [0, 0, 90_000, 0, 100, 100]
    assert WallClock().offset_ns() == REAL
    assert clocks.readings == 6


def test_it_gives_up_after_four_readings(clocks):
    clocks.cost = 50_000
    assert WallClock().offset_ns() == REAL
    assert clocks.readings == 12


@pytest.mark.parametrize("step", [-20_000, 20_000, 1])
def test_the_measurement_s_own_noise_does_not_show(clocks, step):
    made = WallClock()
    made.offset_ns()
    clocks.offset += step
    assert made.offset_ns() == REAL


@pytest.mark.parametrize("step", [-3600 * 10**9, -20_001, 20_001, 10**9])
def test_a_step_of_the_clock_shows(clocks, step):
    made = WallClock()
    made.offset_ns()
    clocks.offset += step
    assert made.offset_ns() == REAL + step


def test_a_slow_drift_shows_in_the_end(clocks):
    made = WallClock()
    made.offset_ns()
    for _ in range(100):
        clocks.offset += 1000
        assert abs(made.offset_ns() - clocks.offset) <= 20_000


@pytest.fixture
def proc(monkeypatch, tmp_path):
    """A process in the initial time namespace, and its children too."""
    (tmp_path / "ns").mkdir()
    (tmp_path / "ns/time").symlink_to("time:[4026531834]")
    (tmp_path / "ns/time_for_children").symlink_to("time:[4026531834]")
    (tmp_path / "timens_offsets").write_text("monotonic           0         0\nboottime            0         0\n")
    monkeypatch.setattr(clock, "_PROC", tmp_path)
    return tmp_path


OFFSETS = "monotonic          12         0\nboottime      {}\n"


@pytest.mark.parametrize(
    ("text", "ahead"), [("0  0", 0), ("-10  500000000", -95 * 10**8), ("86400  7", 86400 * 10**9 + 7)]
)
def test_a_time_namespace(proc, clocks, text, ahead):
    (proc / "timens_offsets").write_text(OFFSETS.format(text))
    made = WallClock()
    assert made.offset_ns() == REAL + ahead
    assert made.boot_ns() == clocks.boot - ahead


def test_a_time_namespace_that_only_children_will_be_in(proc):
    (proc / "timens_offsets").write_text(OFFSETS.format("86400  7"))
    (proc / "ns/time_for_children").unlink()
    (proc / "ns/time_for_children").symlink_to("time:[4026532223]")
    assert clock.namespace_ns() == 0


@pytest.mark.parametrize("missing", ["ns/time", "ns/time_for_children", "timens_offsets"])
def test_a_kernel_without_time_namespaces(proc, missing):
    (proc / missing).unlink()
    assert clock.namespace_ns() == 0


def test_the_real_clocks():
    wall = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + WallClock().offset_ns()
    assert abs(wall - time.time_ns()) < 10**9
