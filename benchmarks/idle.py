"""What a monitor takes while nothing happens that it is to show, and how long it takes to start."""

import time

from .monitors import exec_watchers, onlooker, open_watchers
from .results import Column, Table
from .running import Bench, watched

SECONDS = 3.0


def measure(bench: Bench) -> Table:
    """In turns."""
    table = Table(
        "Idle, and start",
        "A monitor whose filter lets nothing through. Start: from the command until it says that it watches, "
        "or until a peer shows its first event.",
        {
            "start": Column("start, ms", ratio=True),
            "cpu": Column("% of a core", 3, ratio=True),
            "wakeups": Column("wake-ups a second", 1),
            "pss": Column("PSS, MiB", 1),
        },
    )
    peers = {each.name: each for each in (*exec_watchers(bench.comm), *open_watchers(bench.comm))}
    seconds = 0.5 if bench.quick else SECONDS
    for _ in range(bench.rounds):
        for monitor in (onlooker("--filter", bench.comm), *peers.values()):
            with watched(bench, monitor) as running:
                running.settle()
                began, used, woken = time.monotonic(), running.cpu_seconds(), running.wakeups()
                time.sleep(seconds)
                past = time.monotonic() - began
                cpu, wakeups = running.cpu_seconds() - used, running.wakeups() - woken
                table.add(
                    monitor.name,
                    start=running.start_ms,
                    cpu=100 * cpu / past,
                    wakeups=wakeups / past,
                    pss=running.pss_mib(),
                )
    return table
