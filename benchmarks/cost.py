"""What watching costs: `python benchmarks/cost.py [--opens N] [--rounds N]`, as root.

A program opens and closes a file in a tight loop on the last core while a monitor watches it from the first: onlooker
(JSON to a file), with and without looking up which file it was, and libbpf-tools' opensnoop where it is installed; in
turns, and each with runs of the program alone just before and after it, so that all meet the same machine.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ONLOOKER = [str(Path(sys.executable).with_name("onlooker")), "watch", "--output-format", "json", "--events", "open"]
NAME = "olk-opener"
READY_SECONDS = 20
SETTLE_SECONDS = 1.5  # for a monitor that is behind
# opensnoop needs tracefs; it gets one in a mount namespace of its own
MOUNT_TRACEFS = '[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing; exec "$0" "$@"'
OPENSNOOP_READY_SECONDS = 2  # it says nothing when it is ready


def opensnoop() -> str | None:
    """libbpf-tools' opensnoop (BCC's Python one has another name in Debian)."""
    return shutil.which("opensnoop", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


# what to run, and what it prints on standard error when it is ready
COMMANDS = {
    "onlooker": ([*ONLOOKER, "--filter", NAME], "onlooker: watching"),
    "onlooker --no-resolve": ([*ONLOOKER, "--no-resolve", "--filter", NAME], "onlooker: watching"),
    "opensnoop": (["unshare", "--mount", "sh", "-c", MOUNT_TRACEFS, opensnoop() or "", "-n", NAME], ""),
}


@contextmanager
def watched(command: list[str], output: Path, ready: str) -> Iterator[Callable[[], float]]:
    """Run the monitor on the first core, writing to `output`, until the block ends; tells its processor time so far."""
    errors = output.with_suffix(".err")
    with output.open("wb") as out, errors.open("wb") as err:
        monitor = subprocess.Popen(["taskset", "-c", "0", *command], stdout=out, stderr=err)
        try:
            deadline = time.monotonic() + READY_SECONDS
            while ready and ready not in errors.read_text(errors="replace"):
                if monitor.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command[0]} did not start:\n{errors.read_text(errors='replace')}")
                time.sleep(0.02)
            time.sleep(0 if ready else OPENSNOOP_READY_SECONDS)
            yield lambda: processor_seconds(monitor.pid)
        finally:
            monitor.send_signal(signal.SIGINT)
            monitor.wait(30)


def processor_seconds(pid: int) -> float:
    """What the process has used; its first value in /proc/PID/schedstat is in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def written(output: Path, path: Path) -> int:
    """How many opens of `path` the monitor wrote."""
    if not output.exists():
        return 0
    needle = str(path).encode()
    with output.open("rb") as lines:
        return sum(needle in line for line in lines)


def open_and_close(opener: Path, target: Path, opens: int) -> float:
    """Run the program on the last core: nanoseconds for each open and close."""
    core = str((os.cpu_count() or 1) - 1)
    command = ["taskset", "-c", core, str(opener), str(target), str(opens)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(name: str, opener: Path, directory: Path, opens: int) -> dict[str, float]:
    """One run beside one monitor, and runs without one just before and after it."""
    target = directory / "target"
    output = directory / f"{name}.out"
    output.unlink(missing_ok=True)
    command, ready = COMMANDS[name]
    bare = [open_and_close(opener, target, opens // 4)]
    with watched(command, output, ready) as used:
        before = used()
        each = open_and_close(opener, target, opens)
        time.sleep(SETTLE_SECONDS)
        spent = used() - before
    bare.append(open_and_close(opener, target, opens // 4))
    return {
        "bare_ns": min(bare),
        "watched_ns": each,
        "added_ns": each - min(bare),
        "lost": opens - written(output, target),
        "tracer_us": 1e6 * spent / opens,
    }


def compile_opener(directory: Path) -> Path:
    """The program, under a name of its own."""
    opener = directory / NAME
    source = Path(__file__).with_name("opener.c")
    subprocess.run(["cc", "-O2", "-o", str(opener), str(source)], check=True)
    return opener


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--opens", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the runs as JSON")
    arguments = parser.parse_args()
    names = [name for name in COMMANDS if name != "opensnoop" or opensnoop()]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        opener = compile_opener(directory)
        (directory / "target").touch()
        for _ in range(arguments.rounds):
            for name in names:
                runs[name].append(measure(name, opener, directory, arguments.opens))
    if arguments.json:
        print(json.dumps(runs, indent=1))
    else:
        report(runs, arguments.opens)


def spread(values: list[float], digits: int = 0) -> str:
    """Median and range."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def report(runs: dict[str, list[dict[str, float]]], opens: int) -> None:
    """A table, and the ratio of what the two monitors add."""
    print(f"{opens} opens, {len(runs['onlooker'])} rounds; median (range); ns for each open and close")
    print(f"{'monitor':<21} {'alone':>18} {'watched':>18} {'added':>18} {'events lost':>22} {'monitor us/event':>18}")
    for name, rounds in runs.items():
        column = {key: [run[key] for run in rounds] for key in rounds[0]}
        cells = [f"{spread(column[key]):>18}" for key in ("bare_ns", "watched_ns", "added_ns")]
        print(f"{name:<21} {' '.join(cells)} {spread(column['lost']):>22} {spread(column['tracer_us'], 2):>18}")
    if "opensnoop" in runs:
        theirs, ours = (statistics.median(run["added_ns"] for run in runs[name]) for name in ("opensnoop", "onlooker"))
        print(f"opensnoop adds {theirs / ours:.1f} times what onlooker adds (medians)")


if __name__ == "__main__":
    main()
