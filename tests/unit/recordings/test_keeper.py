"""When a finished log is tidied: at once, or where much happens, when it is calm, when too many wait, or at the end."""

import time

import pytest

from onlooker.recordings import keeper
from onlooker.recordings.keeper import Keeper


class Log:
    """Nothing."""

    def sync(self):
        pass

    def close(self):
        pass


@pytest.fixture
def kept(monkeypatch):
    """Begins a keeper that tells what it tidied."""
    monkeypatch.setattr(keeper, "SYNC_SECONDS", 0.02)
    begun = []

    def begin(most_waiting, calm=60.0, takes=0.0):
        monkeypatch.setattr(keeper, "CALM_SECONDS", calm)
        tidied = []
        tidy = lambda number: (time.sleep(takes), tidied.append(number))  # noqa: E731
        made = Keeper(Log(), lambda: None, lambda: None, tidy, most_waiting)
        made.start()
        begun.append(made)
        return made, tidied

    yield begin
    for made in begun:
        made.stop()


def turn(made, numbers):
    for number in numbers:
        made.turned(number, Log(), Log())


def comes(tidied, wanted, seconds=10):
    until = time.monotonic() + seconds
    while tidied != wanted and time.monotonic() < until:
        time.sleep(0.01)
    assert tidied == wanted


def test_at_once(kept):
    made, tidied = kept(most_waiting=0)
    turn(made, [1, 2, 3])
    comes(tidied, [1, 2, 3])


def test_some_wait(kept):
    made, tidied = kept(most_waiting=3)
    turn(made, [1, 2, 3])
    time.sleep(0.3)
    assert tidied == []
    turn(made, [4])
    comes(tidied, [1])
    turn(made, [5, 6])
    comes(tidied, [1, 2, 3])
    time.sleep(0.3)
    assert tidied == [1, 2, 3]
    made.stop()
    assert tidied == [1, 2, 3, 4, 5, 6]


def test_all_are_tidied_when_it_is_calm(kept):
    made, tidied = kept(most_waiting=3, calm=0.5)
    turn(made, [1, 2])
    began = time.monotonic()
    comes(tidied, [1, 2])
    assert time.monotonic() - began > 0.4


def test_those_that_wait_may_be_left(kept):
    made, tidied = kept(most_waiting=9, takes=0.3)
    turn(made, [1, 2])
    time.sleep(0.2)
    made.stop(lambda left: False)
    assert tidied == [1]


def test_what_is_over_stays_over(kept):
    looks = []
    made = Keeper(Log(), lambda: None, lambda: looks.append(1), lambda number: None)
    made.stop()
    before = len(looks)
    made.stop()
    assert len(looks) == before == 1
