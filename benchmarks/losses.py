"""What is lost, and what the monitor takes, by how many opens there are a second."""

from .monitors import onlooker, open_watchers
from .results import Column, Table
from .running import Bench, watched

SECONDS = 1
RATES = (5_000, 50_000, 1_000_000)  # the last: as many as it can


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "Losses by rate",
        "A program opens a file so many times a second (the highest rate: as often as it can). "
        "fatrace merges equal events, and is left out.",
        {"lost": Column("lost, %", 2), "cpu": Column("% of a core", 1), "rate": Column("opens a second")},
    )
    only = ("--events", "open", "--filter", bench.comm)
    peers = [each for each in open_watchers(bench.comm) if each.name != "fatrace"]
    for _ in range(bench.rounds):
        for rate in RATES:
            count = bench.some(min(rate, 200_000) * SECONDS)
            for monitor in (onlooker(*only), *peers):
                with watched(bench, monitor) as running:
                    used = running.cpu_seconds()
                    each = bench.work("paced", bench.target, rate, count)
                    running.settle()
                    used = running.cpu_seconds() - used
                lost = 100 * (count - running.written(str(bench.target))) / count
                row = f"{monitor.name}, {f'{rate:,} a second' if rate != RATES[-1] else 'no pause'}"
                table.add(row, lost=lost, cpu=100 * used / (each * count / 1e9), rate=1e9 / each)
    return table
