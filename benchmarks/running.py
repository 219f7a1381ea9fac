"""Start, pin and read what is measured. The monitor runs on the first core, what it watches on the last."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .monitors import Monitor

CORES = sorted(os.sched_getaffinity(0))
READY_SECONDS = 30
SETTLE_SECONDS = 60
END_SECONDS = 60
LATE_SECONDS = 10
POKES = 200  # enough that a tool that writes whole blocks writes one


class BenchmarkError(Exception):
    """Something did not run as it should."""


@dataclass(frozen=True)
class Bench:
    """What every benchmark is given: a directory of its own, the workload and how much is wanted."""

    directory: Path
    comm: str
    rounds: int
    quick: bool

    @property
    def program(self) -> Path:
        """The workload; its name is that of no other process."""
        return self.directory / self.comm

    @property
    def target(self) -> Path:
        """The file that is opened."""
        return self.directory / "target"

    def some(self, count: int, least: int = 1) -> int:
        """The count, or a hundredth of it if it is to be quick."""
        return max(least, count // 100) if self.quick else count

    def work(
        self, *arguments: object, core: int = CORES[-1], before: tuple[str, ...] = (), user: int | None = None
    ) -> float:
        """Run the workload: nanoseconds for each time."""
        command = ["taskset", "-c", str(core), *before, str(self.program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, user=user)
        if done.returncode:
            raise BenchmarkError(f"{' '.join(command)} failed\n\n{done.stderr}")
        return float(done.stdout)

    def poke(self, user: int | None) -> None:
        """Something to show: every monitor sees one of the two."""
        (self.directory / "poke").touch()
        self.work("open", self.directory / "poke", POKES, user=user)
        self.work("spawn", POKES, user=user)


@contextmanager
def workbench(directory: Path, rounds: int, *, quick: bool) -> Iterator[Bench]:
    """Compile the workload, under a name of its own."""
    bench = Bench(directory, f"olk{secrets.token_hex(4)}", rounds, quick)
    source = Path(__file__).with_name("workload.c")
    subprocess.run(["cc", "-O2", "-static", "-o", str(bench.program), str(source)], check=True)
    bench.target.touch()
    yield bench


class Running:
    """A monitor that runs: what it used and wrote."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, started: float) -> None:
        self.pid = process.pid
        self.process = process
        self.output = output
        self.started = started
        self.start_ms = 0.0  # from its start until it was ready

    def cpu_seconds(self) -> float:
        """Of all its threads, by the clock that clock_getcpuclockid(3) gives: ~pid << 3 | CPUCLOCK_SCHED."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def wakeups(self) -> int:
        """Voluntary context switches of all its threads."""
        found = 0
        for status in Path(f"/proc/{self.pid}/task").glob("*/status"):
            words = status.read_text().split()
            found += int(words[words.index("voluntary_ctxt_switches:") + 1])
        return found

    def pss_mib(self) -> float:
        """Proportional set size."""
        words = Path(f"/proc/{self.pid}/smaps_rollup").read_text().split()
        return int(words[words.index("Pss:") + 1]) / 1024

    def settle(self) -> None:
        """Wait until it has written what it has seen."""
        deadline = time.monotonic() + SETTLE_SECONDS
        before = (-1, -1.0)
        while time.monotonic() < deadline:
            size, used = self.output.stat().st_size, self.cpu_seconds()
            if size == before[0] and used - before[1] < 0.01:
                return
            before = size, used
            time.sleep(0.3)

    def settle_with(self, name: str, count: int) -> int:
        """Wait for `count` lines with this in them; how many came. `settle` alone is not enough: a monitor that gets no
        processor for a while seems to be done.
        """
        deadline = time.monotonic() + LATE_SECONDS
        self.settle()
        while (found := self.written(name)) < count and time.monotonic() < deadline:
            self.settle()
        return found

    def written(self, name: str) -> int:
        """How many lines have this in them."""
        done = subprocess.run(["grep", "-c", "-F", "--", name, str(self.output)], capture_output=True, check=False)
        return int(done.stdout)


@contextmanager
def watched(bench: Bench, monitor: Monitor, user: int | None = None) -> Iterator[Running]:
    """Run the monitor until the block ends; inside, it is ready. What it wrote can be counted after the block.

    One that watches a `user` is free to run on any core.
    """
    output, errors = (bench.directory / f"{Path(monitor.name).name}.{end}" for end in ("out", "err"))
    output.unlink(missing_ok=True)
    with output.open("ab") as out, errors.open("wb") as err:
        started = time.monotonic()
        cores = ",".join(map(str, CORES if user else CORES[:1]))
        command = ["taskset", "-c", cores, *monitor.command]
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=bench.directory)
        running = Running(process, output, started)
        try:
            _wait_until_ready(bench, monitor, running, errors, user)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(bench: Bench, monitor: Monitor, running: Running, errors: Path, user: int | None) -> None:
    size, deadline = 0, time.monotonic() + READY_SECONDS
    while True:
        said = errors.read_text(errors="replace")
        if running.process.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"{monitor.name} did not start\n\n{said}")
        if monitor.ready and monitor.ready in said:
            break
        if not monitor.ready:
            size = size or _heading(running.output)
            bench.poke(user)
            if running.output.stat().st_size > size:
                break
        time.sleep(0.02)
    running.start_ms = 1e3 * (time.monotonic() - running.started)


def _heading(output: Path) -> int:
    """How many bytes are a peer's head, and no event: it writes that before it watches."""
    return min(output.stat().st_size, 400)
