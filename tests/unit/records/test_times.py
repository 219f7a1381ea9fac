"""Times are RFC 3339 in UTC with nine digits, and the part that is kept for a second is never stale."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..made_records import batch, plain, record
from .reference import check

SECOND = 10**9


def exits(*boot_ns):
    return batch(*(record("exit", {**plain("exit"), "boot_ns": each}) for each in boot_ns))


def time_of(wall_ns):
    """Of a record at boot, by a clock of that time."""
    [event] = check(exits(0), wall_ns)
    return event.time


@pytest.mark.parametrize(
    ("wall_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (123_456_789, "1970-01-01T00:00:00.123456789Z"),
        (951_782_400 * SECOND, "2000-02-29T00:00:00.000000000Z"),
        (1_769_860_800 * SECOND + 5, "2026-01-31T12:00:00.000000005Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_known_times(wall_ns, text):
    assert time_of(wall_ns) == text


@settings(deadline=None, max_examples=150)
@given(times=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5))
def test_any_times_in_any_order(times):
    check(exits(*times))


@settings(deadline=None, max_examples=100)
@given(second=st.integers(1, 2**33), steps=st.lists(st.integers(-3, 3), max_size=20))
def test_around_the_turn_of_a_second(second, steps):
    check(exits(*(second * SECOND + step for step in steps)))


def test_the_offset_moves_the_time_and_not_boot_ns():
    [event] = check(exits(SECOND - 1), 1)
    assert (event.time, event.boot_ns) == ("1970-01-01T00:00:01.000000000Z", SECOND - 1)


@pytest.mark.parametrize("wall_ns", [-1, -SECOND, -SECOND - 1, -(2**63)])
def test_a_time_that_can_not_be_has_the_shape_of_one(wall_ns):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time_of(wall_ns))


@pytest.mark.parametrize(("boot_ns", "offset_ns"), [(5, 2**63 - 1), (2**64 - 1, 2**63 - 1), (2**63, -(2**63)), (0, -1)])
def test_a_sum_that_can_not_be_has_the_shape_of_one(boot_ns, offset_ns):
    [event] = check(exits(boot_ns), offset_ns)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", event.time)
    assert event.boot_ns == boot_ns


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "<+0330>-3:30"])
def test_local_time_has_microseconds(zone, monkeypatch):
    """Of a thread that begins in that zone; the turns of summer time, and around a second."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    turns = (1_774_746_000, 1_792_890_000)  # in Europe, 2026
    given_ = exits(*(turn * SECOND + step for turn in turns for step in (-1, 0, 999, 1000, 3600 * SECOND)))
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(check, given_).result()
    finally:
        monkeypatch.undo()
        time.tzset()
