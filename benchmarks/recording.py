"""What a recording costs, beside JSON to a file: the recorder's time, and the room."""

import resource
import shutil

from onlooker.recordings.recording import Recording

from .monitors import Monitor, onlooker
from .results import Column, Table
from .running import Bench, watched

OPENS = 1_000_000


def recorder(bench: Bench, *options: str, name: str = "onlooker record") -> Monitor:
    """`onlooker record`, into a new directory each time."""
    program, _, *rest = onlooker(*options).command
    rest = rest[2:]  # without the output format
    file = str(bench.directory / "made.onlook")
    script = f'rm -rf "{file}"; exec "$0" "$@"'
    return Monitor(name, ("sh", "-c", script, program, "record", "-o", file, *rest), "onlooker: recording")


def measure(bench: Bench) -> Table:
    """In turns."""
    count = bench.some(OPENS)
    table = Table(
        "A recording",
        f"Processor time of the monitor for {count:,} opens in a tight loop: until they are written, and until it has "
        "ended, which is when all is sealed; and the room that an event takes then.",
        {
            "us": Column("until written, us for each open", 2, ratio=True),
            "whole": Column("until the end", 2, ratio=True),
            "bytes": Column("bytes for each", 1),
            "lost": Column("lost, %", 2),
        },
        reference="onlooker watch, JSON to a file",
    )
    only = ("--events", "open", "--filter", bench.comm)
    ways = [
        recorder(bench, *only),
        recorder(bench, *only, "--no-seal", name="onlooker record --no-seal"),
        onlooker(*only, name="onlooker watch, JSON to a file"),
    ]
    for _ in range(bench.rounds):
        for monitor in ways:
            table.add(monitor.name, **_one(bench, monitor, count))
    return table


def _one(bench: Bench, monitor: Monitor, count: int) -> dict[str, float]:
    with watched(bench, monitor) as running:
        before = running.cpu_seconds()
        bench.work("open", bench.target, count)
        running.settle()
        used = running.cpu_seconds() - before
        others = _children_seconds()
    whole = _children_seconds() - others - before
    made = bench.directory / "made.onlook"
    if made.exists():
        size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
        found = sum(1 for batch in Recording(made).batches() for event in batch if event.event == "open")
        shutil.rmtree(made)
    else:
        size, found = running.output.stat().st_size, running.written(str(bench.target))
    lost = 100 - 100 * found / count
    return {"us": 1e6 * used / count, "whole": 1e6 * whole / count, "bytes": size / count, "lost": lost}


def _children_seconds() -> float:
    """Processor time of all that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
