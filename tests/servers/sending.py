"""Known events through a sink, and what a lake has of them."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from onlooker import Batch
from onlooker.collect.collector import Collector
from onlooker.collect.source import source_of
from onlooker.lake.store import store_of
from onlooker.lake.writer import LakeWriter
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import Target, target_of
from onlooker.testing import make


def batches(count: int, of: int = 100, start: int = 0) -> list[Batch]:
    """So many batches of so many opens, each of a file of its own."""
    numbers = range(start, start + count * of)
    events = [make("open", path=f"/srv/{number}", pid=number % 1000 + 1) for number in numbers]
    return [batch for at in range(0, len(events), of) for batch in Batch.of(events[at : at + of])]


@contextmanager
def sink_to(target: Target | str, *, seconds: float = 20.0, host: str | None = None) -> Iterator[Sink]:
    """A sink that has begun; at the end it delivers what there is."""
    made = Sink(target_of(target) if isinstance(target, str) else target, lambda _: None, host=host)
    made.start(time.time_ns())
    try:
        yield made
    finally:
        made.close(seconds=seconds)


class Collecting:
    """A collector in a thread."""

    def __init__(self, url: str, lake: str, every: float = 0.3) -> None:
        self.told: list[str] = []
        self.writer = LakeWriter(store_of(lake, is_new=True))
        self.collector = Collector(source_of(target_of(url)), self.writer, self.told.append, every=every)
        self._thread = threading.Thread(target=self.collector.run)

    def __enter__(self) -> Collector:
        self._thread.start()
        return self.collector

    def __exit__(self, *error: object) -> None:
        self.collector.stop()
        self._thread.join()
        self.writer.close()


def rows(
    lake: Path | str, select: str = "count(*), count(DISTINCT (run, seq)), count(DISTINCT path)"
) -> Sequence[tuple]:
    """Of all files of a lake in a directory, as any other program reads them."""
    return duckdb.sql(f"SELECT {select} FROM read_parquet('{lake}/events/*/*/*.parquet')").fetchall()
