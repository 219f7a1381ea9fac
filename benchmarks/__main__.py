"""Measure, print Markdown. Exit codes: 0 measured, 1 something did not run, 2 usage, 3 it can't be run here."""

import argparse
import datetime
import importlib
import os
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import msgspec

from . import monitors, report
from .results import Machine, Results, Table
from .running import CORES, BenchmarkError, workbench

PROCESSES = ("open", "rejected", "sparse", "spawn", "unrelated")  # what it costs those that are watched
NAMES = (*PROCESSES, "consumer", "idle", "memory", "losses", "growth", "recording", "rules", "sinks", "lake", "build")
ROUNDS = 3


def machine() -> Machine:
    """This one."""
    words = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    processor = next((value.strip() for key, _, value in words if key.strip() == "model name"), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.datetime.now().astimezone().date().isoformat()
    version = metadata.version("onlooker")
    return Machine(processor, len(CORES), round(memory, 1), platform.release(), today, version, monitors.missing())


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="What watching costs, beside other tools."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"measure each N times (default: {ROUNDS})")
    parser.add_argument(
        "--quick", action="store_true", help="one round of tiny counts: whether it runs, not what it costs"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to this file, too")
    chosen = parser.parse_args()
    if unknown := [name for name in chosen.names if name not in NAMES]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error("--rounds is at least 1")
    return chosen


def measure(names: list[str], rounds: int, *, quick: bool) -> dict[str, Table]:
    """One after the other; each in a directory of its own."""
    tables = {}
    for name in names:
        print(f"benchmarks: {name}", file=sys.stderr)
        with (
            tempfile.TemporaryDirectory(prefix="onlooker-") as made,
            workbench(Path(made), rounds, quick=quick) as bench,
        ):
            tables[name] = importlib.import_module(f"benchmarks.{name}").measure(bench)
    return tables


def main() -> int:
    """Measure and print."""
    chosen = options()
    if os.geteuid():
        print("observing the kernel needs root\n\nhint: sudo make bench", file=sys.stderr)
        return 3
    here = machine()
    if here.missing:
        print(f"benchmarks: not installed, so left out: {', '.join(here.missing)}", file=sys.stderr)
    rounds = chosen.rounds or (1 if chosen.quick else ROUNDS)
    try:
        tables = measure(chosen.names or list(NAMES), rounds, quick=chosen.quick)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    results = Results(here, rounds, chosen.quick, tables)
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    print(report.page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
