"""Print the accuracy table. Exit codes: 0 all is true, 1 something is not, 2 usage, 3 it can't be run here."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from onlooker import OnlookerError
from onlooker.probe.attach import METHODS

from .compare import Comparison, compare
from .run import run
from .table import table
from .workloads import WORKLOADS, Workload

SHOWN = 10  # differences of each sort; the rest is counted
BY_NAME = {workload.name: workload for workload in WORKLOADS}


class WorkloadError(Exception):
    """A workload did not do what it is for."""


def obstacle() -> tuple[str, str] | None:
    """What is in the way, and how to remove it."""
    if os.geteuid():
        return "observing the kernel needs root", "sudo make truth"
    if not shutil.which("strace"):
        return "strace is not installed", f"{Path('tools/system-packages.sh')} --for-tests"
    return None


def compare_often(workload: Workload, rounds: int, attach: str | None, *, follow: bool, record: bool) -> Comparison:
    """Run it `rounds` times and sum up."""
    total = Comparison()
    for _ in range(rounds):
        done = run(workload, attach, follow=follow, record=record)
        if done.code != workload.code:
            raise WorkloadError(f"{workload.name} ended with {done.code}, not {workload.code}\n\n{done.said}")
        total.add(compare(done))
    return total


def show_differences(name: str, result: Comparison) -> None:
    """On standard error, to find the mistake."""
    for sort, facts in (("missing", result.missing), ("extra", result.extra)):
        for each in facts[:SHOWN]:
            print(f"{name}: {sort}: {each}", file=sys.stderr)
        if len(facts) > SHOWN:
            print(f"{name}: {sort}: {len(facts) - SHOWN} more", file=sys.stderr)
    for tid in result.out_of_order[:SHOWN]:
        print(f"{name}: task {tid} did the same in another order", file=sys.stderr)


def main() -> int:
    """Run the workloads, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("workload", nargs="*", help=f"some of: {', '.join(BY_NAME)} (default: all)")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="run each N times (default: 1)")
    parser.add_argument("--attach", choices=METHODS, help="how onlooker is to observe system calls")
    parser.add_argument("--follow", action="store_true", help="let onlooker start each workload and follow it")
    parser.add_argument("--record", action="store_true", help="follow it, and compare what a sealed recording has")
    options = parser.parse_args()
    if unknown := [name for name in options.workload if name not in BY_NAME]:
        parser.error(f"no such workload: {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
    if problem := obstacle():
        print("{}\n\nhint: {}".format(*problem), file=sys.stderr)
        return 3
    results = {}
    try:
        for name in options.workload or BY_NAME:
            how = {"follow": options.follow, "record": options.record}
            results[name] = compare_often(BY_NAME[name], options.rounds, options.attach, **how)
            show_differences(name, results[name])
    except OnlookerError as error:
        print(f"{error}\n\nhint: {error.hint}", file=sys.stderr)
        return 3
    except WorkloadError as error:
        print(error, file=sys.stderr)
        return 1
    print(table(results))
    return 0 if all(result.is_true for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
