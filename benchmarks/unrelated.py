"""What a system call costs that nobody asked to see."""

from .monitors import onlooker, open_watchers, strace
from .results import Column, Table
from .running import Bench, beside_bare

CALLS = 1_000_000
STRACED = 100


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "An unrelated call",
        "A program calls getppid in a tight loop while opens are watched.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    only = ("--events", "open", "--filter", bench.comm)
    ours = [onlooker(*only), onlooker(*only, "--attach", "tracepoint", name="onlooker, JSON, --attach tracepoint")]
    for _ in range(bench.rounds):
        for monitor in (*ours, *open_watchers(bench.comm), *strace("open,openat")):
            count = bench.some(CALLS) // (STRACED if monitor.wraps else 1)
            bare, added = beside_bare(bench, monitor, "getppid", count)
            table.add(monitor.name, bare=bare, added=added)
    return table
