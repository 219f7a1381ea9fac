"""Floods, bombs, full disks, and a lake that takes its time: nothing is lost, little is said, and all is held."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from onlooker import Batch
from onlooker.collect.collector import Collector
from onlooker.collect.source import Delivery
from onlooker.lake.aside import aside_in
from onlooker.lake.parts import Held
from onlooker.lake.store import LakeError, store_of
from onlooker.lake.writer import LakeWriter
from onlooker.sinks.message import Message, digest_of
from onlooker.sinks.packer import Packer
from onlooker.testing import make

from .test_collector import Topic, messages

Failing = Callable[[Sequence[Held]], None]


class Lake(LakeWriter):
    """`before` is called with what is to be committed."""

    def __init__(self, path: Path, before: Failing = lambda held: None) -> None:
        super().__init__(store_of(str(path), is_new=True))
        self.before = before

    def commit(self, held: Sequence[Held]) -> list[Held]:
        self.before(held)
        return super().commit(held)


class Strays(Topic):
    """Messages that make no sense come first."""

    def __init__(self, made: Sequence[Message], strays: int) -> None:
        super().__init__(made)
        self.strays = [Delivery(f"EVENTS-{at}", {"x": "y"}, b"", None) for at in range(strays)]

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        found, self.strays = self.strays[:most], self.strays[most:]
        return found or super().fetch(most, seconds)


class Later(Topic):
    """The second message comes after some time."""

    def __init__(self, seconds: float) -> None:
        first, self.second = messages(2)
        super().__init__([first])
        self.at = time.monotonic() + seconds

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        if time.monotonic() >= self.at:
            self.at = float("inf")
            self.left.append(self.second)
        time.sleep(0.01)
        return super().fetch(most, seconds)


def collected(source: Topic, lake: Lake, seconds: float = 0.6, **how: Any) -> tuple[Collector, list[str]]:
    told: list[str] = []
    collector = Collector(source, lake, told.append, every=0.05, **how)
    collector.run(seconds)
    lake.close()
    return collector, told


def test_a_flood_without_sense_is_few_objects_and_few_lines(tmp_path: Path) -> None:
    source = Strays(messages(3), 700)
    collector, told = collected(source, Lake(tmp_path))
    assert collector.counts["poison"] == 700
    assert collector.counts["messages"] == 3
    assert len(source.finished) == 703
    kept = [each.name for each in (tmp_path / "_onlooker/poison").iterdir()]
    assert len(kept) <= 4
    assert sum(map(aside_in, kept)) == 700
    assert len(told) == 6
    assert told[-1] == "695 more messages were put aside"


def test_each_outage_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    outages = iter(["first", "", "second", "second", ""])

    def fail(_: Sequence[Held]) -> None:
        if why := next(outages):
            raise LakeError(why)

    collector, told = collected(Later(0.7), Lake(tmp_path, fail), 1.6)
    assert told == [
        f"the lake: {each}" for each in ("first; it tries again", "it goes on", "second; it tries again", "it goes on")
    ]
    assert not collector.failure
    assert collector.counts["messages"] == 2


@pytest.mark.parametrize("error", [duckdb.IOException("No space left"), OSError(28, "No space left"), KeyError("x")])
def test_what_nobody_thought_of_is_told_and_tried_again(tmp_path: Path, error: Exception) -> None:
    errors = [error]

    def fail(_: Sequence[Held]) -> None:
        if errors:
            raise errors.pop()

    collector, told = collected(Topic(messages(2)), Lake(tmp_path, fail))
    assert collector.counts["messages"] == 2
    assert told[0].startswith(f"the lake: {type(error).__name__}: ")
    assert told[1:] == ["the lake: it goes on"]


def test_at_the_end_an_error_of_the_lake_is_one_of_ours(tmp_path: Path) -> None:
    def fail(_: Sequence[Held]) -> None:
        raise OSError(28, "No space left")

    with pytest.raises(LakeError, match="No space left"):
        collected(Topic(messages(2)), Lake(tmp_path, fail), 0.2)


def test_a_value_that_the_lake_has_no_place_for_is_put_aside_alone(tmp_path: Path) -> None:
    def fail(held: Sequence[Held]) -> None:
        if any(each.head.seq == 3 for each in held):
            raise LakeError("can't write") from duckdb.ConversionException("out of range")

    source = Topic(messages(5))
    collector, told = collected(source, Lake(tmp_path, fail))
    assert (collector.counts["messages"], collector.counts["poison"]) == (4, 1)
    assert len(source.finished) == 5
    assert "can't be written" in told[0]


def test_what_fails_in_merging_fails_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)

    def fail() -> None:
        raise duckdb.IOException("a file is damaged")

    monkeypatch.setattr(lake, "tidy", fail)
    collector, told = collected(Later(0.3), lake, 0.8)
    assert collector.counts["messages"] == 2
    assert told == ["merging files: IOException: a file is damaged; it tries again"]
    assert not collector.failure


def test_all_is_held_while_a_commit_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.collect.collector.HOLD_SECONDS", 0.1)
    source, held = Topic(messages(3)), list[int]()

    def wait(_: Sequence[Held]) -> None:
        before = len(source.held)
        time.sleep(1.0)
        held.append(sum(len(each) == 3 for each in source.held[before:]))

    collected(source, Lake(tmp_path, wait), 0.3)
    assert held[0] >= 4


def test_no_more_is_unpacked_than_has_room(tmp_path: Path) -> None:
    packer = Packer(1_769_860_800_000_000_000)
    one = Batch.of([make("open", path="/srv/x")])[0]
    many = Batch(one.data * (1_000_000 // len(one.data)), one.offset_ns)
    made = []
    for _ in range(12):
        made.append(packer.message([many]))
        packer.kept(made[-1])
    sizes: list[int] = []
    lake = Lake(tmp_path, lambda held: sizes.append(len(held)))
    collector, _ = collected(Topic(made), lake, 2.5, most_bytes=3_000_000)
    assert collector.counts["messages"] == 12
    assert max(sizes) <= 4


def test_messages_of_a_plan_that_never_comes_are_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.collect.collector.UNKNOWN_SECONDS", 0.3)
    strange = [Message(msgspec.structs.replace(each.head, plan=digest_of(b"?")), each.payload) for each in messages(20)]
    source = Topic(strange)
    collector, _ = collected(source, Lake(tmp_path), 1.0)
    assert collector.counts["poison"] == len(source.finished) == 20
    few = Topic(strange)
    monkeypatch.setattr("onlooker.collect.collector.UNKNOWN_SECONDS", 100.0)
    collector, _ = collected(few, Lake(tmp_path / "few"), 0.5, most_bytes=20_000)
    assert 0 < 20 - len(few.finished) <= 5  # they have the half of the room
