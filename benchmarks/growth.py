"""How the cost of an open grows with filters, processes, the depth of the path, and busy CPUs."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from .added import beside_bare
from .monitors import onlooker
from .results import Column, Table
from .running import CORES, Bench, watched

OPENS = 100_000
FILTERS = (1, 16, 64)
PROCESSES = (1, 100, 1000)
DEPTHS = (1, 8, 32)


def measure(bench: Bench) -> Table:
    """Each way by itself, in turns."""
    table = Table(
        "Growth",
        "An open under onlooker (JSON to a file), as above, while one thing grows.",
        {"bare": Column("alone, ns"), "added": Column("added, ns")},
    )
    for _ in range(bench.rounds):
        for count in FILTERS:
            names = ",".join([bench.comm, *(f"nobody-{each}" for each in range(count - 1))])
            _open(table, bench, f"{count} names in the filter", bench.target, names)
        for count in PROCESSES:
            _beside_processes(table, bench, bench.some(count))
        for depth in DEPTHS:
            _open(table, bench, f"{depth} directories deeper", _deep(bench, depth), bench.comm)
        for count in range(1, len(CORES) + 1):
            _on_cpus(table, bench, count)
    return table


def _open(table: Table, bench: Bench, row: str, target: Path, names: str) -> None:
    monitor = onlooker("--events", "open", "--filter", names)
    turn = beside_bare(bench, monitor, bench.some(OPENS), "open", target)
    table.add(row, bare=turn.bare, added=turn.added)


def _deep(bench: Bench, depth: int) -> Path:
    directory = bench.directory.joinpath(*[f"d{depth}"] * depth)
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / "target"
    target.touch()
    return target


def _beside_processes(table: Table, bench: Bench, count: int) -> None:
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen(["sleep", "infinity"]))
            stack.callback(process.kill)
        _open(table, bench, f"{count} more processes", bench.target, bench.comm)


def _on_cpus(table: Table, bench: Bench, count: int) -> None:
    """The last CPUs; where all are taken, the monitor shares one."""

    def everywhere() -> float:
        arguments = ("open", bench.target, bench.some(OPENS))
        with ThreadPoolExecutor(count) as pool:
            each = list(pool.map(lambda core: bench.work(*arguments, core=core), CORES[-count:]))
        return sum(each) / count

    before = everywhere()
    with watched(bench, onlooker("--events", "open", "--filter", bench.comm)):
        each = everywhere()
    bare = (before + everywhere()) / 2
    table.add(f"{count} busy CPUs", bare=bare, added=each - bare)
