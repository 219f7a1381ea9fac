"""Messages and lakes that are made by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onlooker import Batch, Event
from onlooker.lake.parts import Held
from onlooker.lake.store import store_of
from onlooker.lake.writer import LakeWriter
from onlooker.sinks.message import Head
from onlooker.testing import make

BOOT = "7b650f8e-3b8d-46ce-a9ee-579a9f260dec"
SECOND = 1_000_000_000
BEGAN = 1_700_000_000 * SECOND


def held(seq: int, events: Sequence[Event], **how: Any) -> Held:
    """A message that covers the second of its number."""
    return of_batches(seq, Batch.of(events), **how)


def of_batches(
    seq: int,
    batches: list[Batch],
    *,
    first: int = 0,
    host: str = "web1",
    run: int = BEGAN,
    last: bool = False,
    boot: str = BOOT,
) -> Held:
    """The same of batches."""
    head = Head(
        host=host,
        boot_id=boot,
        run=run,
        seq=seq,
        first=first,
        records=sum(map(len, batches)),
        lost=sum(loss.count for batch in batches for loss in batch.lost()),
        began_ns=run + (seq - 1) * SECOND,
        ended_ns=run + seq * SECOND,
        is_last=last,
    )
    return Held(head, batches)


def time_of(ns: int) -> str:
    """RFC 3339 with nanoseconds."""
    return f"{datetime.fromtimestamp(ns // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{ns % SECOND:09}Z"


def opens(count: int, start: int = 0) -> list[Event]:
    """Of files of their own."""
    return [make("open", path=f"/srv/{number}") for number in range(start, start + count)]


def messages(count: int, of: int = 3, **how: Any) -> list[Held]:
    """So many of a run, with so many opens each."""
    return [
        held(seq, opens(of, (seq - 1) * of), first=(seq - 1) * of, last=seq == count, **how)
        for seq in range(1, count + 1)
    ]


def writer(path: Path) -> LakeWriter:
    """Of a lake in that directory."""
    return LakeWriter(store_of(str(path), is_new=True))
