"""Whether memory stays flat, and nothing is lost, over millions of events."""

from .monitors import onlooker
from .results import Column, Table
from .running import Bench, watched

BATCHES = 10
OPENS = 1_000_000


def measure(bench: Bench) -> Table:
    """One run: after each batch the monitor has written it, its output is counted and the file emptied."""
    table = Table(
        "Memory over many events",
        f"{BATCHES} times {bench.some(OPENS):,} opens in a tight loop, seen by one onlooker: JSON to a file.",
        {"pss": Column("PSS, MiB", 1), "lost": Column("lost")},
    )
    count = bench.some(OPENS)
    with watched(bench, onlooker("--events", "open", "--filter", bench.comm)) as running:
        table.add("before", pss=running.pss_mib(), lost=0)
        for batch in range(1, BATCHES + 1):
            bench.work("open", bench.target, count)
            lost = count - running.settle_with(str(bench.target), count)
            with running.output.open("wb"):  # empties it; the monitor appends
                pass
            table.add(f"after {batch * count:,}", pss=running.pss_mib(), lost=lost)
    return table
