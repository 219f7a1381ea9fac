"""What the monitor itself takes for each event, in each format."""

from .monitors import onlooker, open_watchers
from .results import Column, Table
from .running import Bench, watched

OPENS = 200_000


def measure(bench: Bench) -> Table:
    """In turns. The time of what a peer lost is spread over what was opened, which is in its favour."""
    table = Table(
        "The monitor's own time",
        f"Processor time of the monitor for {bench.some(OPENS):,} opens in a tight loop, until it has written them.",
        {"us": Column("us for each open", 2, ratio=True), "lost": Column("lost, %", 2)},
    )
    only = ("--events", "open", "--filter", bench.comm)
    ours = [onlooker(*only, name=f"onlooker, {name}", output=name) for name in ("json", "text", "table")]
    ours.append(onlooker(*only, "--no-resolve", name="onlooker, json, --no-resolve"))
    count = bench.some(OPENS)
    for _ in range(bench.rounds):
        for monitor in (*ours, *open_watchers(bench.comm)):
            with watched(bench, monitor) as running:
                before = running.cpu_seconds()
                bench.work("open", bench.target, count)
                running.settle()
                used = running.cpu_seconds() - before
            lost = count - running.written(str(bench.target))
            table.add(monitor.name, us=1e6 * used / count, lost=100 * lost / count)
    return table
