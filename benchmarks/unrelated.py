"""What a system call costs that nobody asked to see."""

from .added import compare
from .monitors import empty_program, onlooker, open_watchers, strace
from .results import Column, Table
from .running import Bench

CALLS = 1_000_000


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "An unrelated call",
        "A program calls getppid in a tight loop while opens are watched.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    only = ("--events", "open", "--filter", bench.comm)
    ours = [onlooker(*only), onlooker(*only, "--attach", "tracepoint", name="onlooker, JSON, --attach tracepoint")]
    peers = [*open_watchers(bench.comm), *strace("open,openat")]
    compare(bench, table, [*ours, *peers, empty_program()], CALLS, "getppid")
    return table
