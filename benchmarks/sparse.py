"""What an open costs that comes now and then: the monitor may sleep, and then somebody has to wake it."""

from .added import compare
from .monitors import onlooker, open_watchers
from .results import Column, Table
from .running import Bench

OPENS = 5_000


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "An open now and then",
        "A program opens and closes a file every 50 us, and computes in between. "
        "In a tight loop, monitors that are woken for every event are so busy that most events need not wake them.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    ours = onlooker("--events", "open", "--filter", bench.comm)
    compare(bench, table, [ours, *open_watchers(bench.comm)], OPENS, "sparse", bench.target)
    return table
