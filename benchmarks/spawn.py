"""What it costs to start a program and wait for its end."""

from .added import compare
from .monitors import exec_watchers, onlooker, strace
from .results import Column, Table
from .running import Bench

SPAWNS = 600


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "A spawn",
        "A program starts a small static program and waits for it, again and again.",
        {"bare": Column("alone, us", 1), "added": Column("added, us", 1, ratio=True)},
        reference="execsnoop",
    )
    ours = onlooker("--filter", bench.comm, name="onlooker, JSON, all default events")
    compare(bench, table, [ours, *exec_watchers(bench.comm), *strace("process")], SPAWNS, "spawn", unit=1e3)
    return table
