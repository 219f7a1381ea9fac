"""What a monitor adds, from times that are made up here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from benchmarks import added
from benchmarks.monitors import Monitor
from benchmarks.results import Column, Table
from benchmarks.running import Bench


class Times:
    """A bench whose work takes what it is told: alone, watched, alone, and so on."""

    quick = False
    rounds = 1

    def __init__(self, *times: float) -> None:
        self.times = iter(times)
        self.asked: list[tuple[object, ...]] = []

    def work(self, *arguments: object, before: tuple[str, ...] = ()) -> float:
        self.asked.append((*before, *arguments))
        return next(self.times)

    def some(self, count: int) -> int:
        return count


@pytest.fixture(autouse=True)
def _nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def watched(*_: object) -> Iterator[None]:
        yield

    monkeypatch.setattr(added, "watched", watched)
    monkeypatch.setattr(added, "UNDISTURBED", ("alone",))


def test_a_turn() -> None:
    times = Times(90, 160, 110)
    assert added.beside_bare(cast("Bench", times), Monitor("a", ()), 100, "open") == (0.2, 100, 60)
    assert times.asked == [("alone", "open", 100)] * 3


def test_one_that_starts_what_it_watches() -> None:
    times = Times(100, 900, 100)
    monitor = Monitor("a", ("trace", "-f"), wraps=True)
    assert added.beside_bare(cast("Bench", times), monitor, 100, "open") == (0, 100, 800)
    assert times.asked == [("alone", "open", 100), ("alone", "trace", "-f", "open", 5), ("alone", "open", 100)]


def test_of_the_turns_of_a_round_the_steadiest_counts() -> None:
    """Monitors take turns, so that a bad time of the machine does not fall on all turns of one."""
    table = Table("", "", {"bare": Column("alone"), "added": Column("added")})
    steady, drifting = (100, 140, 102), (100, 400, 180)
    other, worse = (200, 260, 200), (200, 230, 240)
    turns = [drifting, other, steady, worse, drifting, worse]
    times = Times(*(each for turn in turns for each in turn))
    added.compare(cast("Bench", times), table, [Monitor("a", ()), Monitor("b", ())], 100, "open", unit=2)
    assert table.rows == {"a": {"bare": [50.5], "added": [19.5]}, "b": {"bare": [100], "added": [30]}}
    assert not list(times.times)
