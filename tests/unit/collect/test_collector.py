"""A lake that fails for a while: what was fetched is not forgotten, also where no server sends it again."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from onlooker import Batch
from onlooker.collect.collector import Collector
from onlooker.collect.source import Delivery
from onlooker.lake.store import LakeError, store_of
from onlooker.lake.writer import LakeWriter
from onlooker.sinks.message import Message
from onlooker.sinks.packer import Packer
from onlooker.testing import make


class Topic:
    """A source that gives each message once, as Kafka does while a consumer lives."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.left = list(messages)
        self.finished: list[str] = []
        self.held: list[set[str]] = []

    def open(self) -> None:
        pass

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        found, self.left = self.left[:most], self.left[most:]
        return [Delivery(each.head.id, each.head.headers(), each.payload, None) for each in found]

    def done(self, deliveries: Sequence[Delivery]) -> None:
        self.finished += [each.name for each in deliveries]

    def hold(self, deliveries: Sequence[Delivery]) -> None:
        self.held.append({each.name for each in deliveries})

    def waiting(self) -> int:
        return len(self.left)

    def close(self) -> None:
        pass


def messages(count: int) -> list[Message]:
    packer = Packer(1_769_860_800_000_000_000)
    found = []
    for number in range(count):
        message = packer.message(Batch.of([make("open", path=f"/srv/{number}")]))
        packer.kept(message)
        found.append(message)
    return found


@pytest.mark.parametrize("fails", ["unpack", "commit"])
def test_what_was_fetched_is_kept_while_the_lake_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    made = messages(5)
    source, told = Topic(made), list[str]()
    writer = LakeWriter(store_of(str(tmp_path / "lake"), is_new=True))
    original, calls = getattr(writer, fails), []

    def failing(given: object) -> object:
        calls.append(given)
        if len(calls) in (1, 3):
            raise LakeError("the lake is away")
        return original(given)

    monkeypatch.setattr(writer, fails, failing)
    monkeypatch.setattr("onlooker.collect.collector.HOLD_SECONDS", 0.0)
    collector = Collector(source, writer, told.append, every=0.05)
    collector.run(1.5)
    writer.close()
    assert sorted(source.finished) == sorted(each.head.id for each in made)
    assert collector.counts["records"] == 5
    assert collector.counts["failures"] >= 1
    assert {each.head.id for each in made} in source.held
    assert "the lake is away" in told[0]
