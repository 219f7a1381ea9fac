"""What an open costs the process that opens."""

from .added import compare
from .monitors import Monitor, empty_program, onlooker, open_watchers, strace
from .results import Column, Table
from .running import Bench

OPENS = 200_000


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
        empty_program(),
    ]


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "An open",
        "A program opens and closes a file in a tight loop; the monitor writes to a file.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    compare(bench, table, monitors(bench.comm), OPENS, "open", bench.target)
    return table
