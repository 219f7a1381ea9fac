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
    assert added.beside_bare(cast("Bench", times), Monitor("a", ()), 100, "open") == (110, 100, 60)
    assert times.asked == [("alone", "open", 100)] * 3


def test_one_that_starts_what_it_watches() -> None:
    times = Times(100, 900, 100)
    monitor = Monitor("a", ("trace", "-f"), wraps=True)
    assert added.beside_bare(cast("Bench", times), monitor, 100, "open") == (100, 100, 800)
    assert times.asked == [("alone", "open", 100), ("alone", "trace", "-f", "open", 5), ("alone", "open", 100)]


def test_of_the_turns_of_a_round_the_least_disturbed_counts() -> None:
    """Monitors take turns, so that a bad time of the machine does not fall on all turns of one."""
    table = Table("", "", {"bare": Column("alone"), "added": Column("added")})
    good, changing, slow = (100, 140, 102), (90, 400, 180), (180, 280, 180)
    turns = [changing, slow, good, changing, slow, good]
    times = Times(*(each for turn in turns for each in turn))
    added.compare(cast("Bench", times), table, [Monitor("a", ()), Monitor("b", ())], 100, "open", unit=2)
    assert table.rows == {"a": {"bare": [50.5], "added": [19.5]}, "b": {"bare": [50.5], "added": [19.5]}}
    assert not list(times.times)
