"""What an open costs the process that opens."""

from .monitors import Monitor, onlooker, open_watchers, strace
from .results import Column, Table
from .running import Bench, beside_bare

OPENS = 200_000
STRACED = 20  # strace is slower by more than this


def monitors(comm: str) -> list[Monitor]:
    """The ways of onlooker, and the peers."""
    only = ("--events", "open", "--filter", comm)
    return [
        onlooker(*only),
        onlooker(*only, "--no-resolve", name="onlooker, JSON, --no-resolve"),
        onlooker(*only, name="onlooker, text", output="text"),
        onlooker("--events", "open", "--filter", "nobody-has-it", name="onlooker, rejected by the filter"),
        *open_watchers(comm),
        *strace("open,openat"),
    ]


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "An open",
        "A program opens and closes a file in a tight loop; the monitor writes to a file.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    for _ in range(bench.rounds):
        for monitor in monitors(bench.comm):
            count = bench.some(OPENS) // (STRACED if monitor.wraps else 1)
            bare, added = beside_bare(bench, monitor, "open", bench.target, count)
            table.add(monitor.name, bare=bare, added=added)
    return table
