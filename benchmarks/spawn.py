"""What it costs to start a program and wait for its end."""

from .monitors import exec_watchers, onlooker, strace
from .results import Column, Table
from .running import Bench, beside_bare

SPAWNS = 2_000
STRACED = 4


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "A spawn",
        "A program starts a small static program and waits for it, again and again.",
        {"bare": Column("alone, us", 1), "added": Column("added, us", 1, ratio=True)},
        reference="execsnoop",
    )
    ours = onlooker("--filter", bench.comm, name="onlooker, JSON, all default events")
    for _ in range(bench.rounds):
        for monitor in (ours, *exec_watchers(bench.comm), *strace("process")):
            count = bench.some(SPAWNS) // (STRACED if monitor.wraps else 1)
            bare, added = beside_bare(bench, monitor, "spawn", count)
            table.add(monitor.name, bare=bare / 1e3, added=added / 1e3)
    return table
