"""strace's own test programs, each under strace and under onlooker at the same time; prints a table (as root).

`tools/strace-tests.sh` fetches and builds them. They run as a user of their own without any rights, in an empty
directory each, and for a bounded time. Exit codes: 0 strace and onlooker agree, 1 they do not, 2 usage, 3 it
can't be run here.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import onlooker

from . import changes, strace
from .__main__ import obstacle
from .compare import Comparison, compare_facts
from .facts import Fact, Open, fact
from .rules import RULES
from .run import USER, Tree, begun
from .strace_facts import Account, read, tellable
from .suite_rules import cut_short, missed
from .table import explanations
from .workloads import environment

PROGRAM_SECONDS = 60  # the longest wait for seconds of processor time of their own
TOTAL_SECONDS = 600
SHOWN = 5  # differences of each sort and program
SKIPPED = 77  # the exit code of a test that this machine lacks something for


@dataclass
class Job:
    """A program that runs, with the events that onlooker has given of it."""

    name: str
    program: Path
    base: Path
    process: subprocess.Popen[bytes]
    tree: Tree
    until: float
    was_ended: bool = False


@dataclass
class Result:
    """Of all programs of one width."""

    programs: int = 0
    calls: int = 0
    skipped: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # what went wrong with a program, so that nothing was compared
    not_run: int = 0  # there was no time for so many
    sum: Comparison = field(default_factory=Comparison)

    @property
    def is_true(self) -> bool:
        return self.calls > 0 and not self.failed and not self.not_run and self.sum.is_true


def begin(program: Path, base: Path) -> Job:
    """Start it under strace."""
    base.mkdir(mode=0o755)
    for directory in (base / "strace", base / "place"):
        directory.mkdir()
        os.chown(directory, USER, USER)
    copied = Path(shutil.copy(program, base))  # where it was built, its user may not look
    command = [*strace.command(base / "strace" / "task", calls=(*strace.CALLS, *changes.CALLS)), copied]
    process = subprocess.Popen(
        command,
        cwd=base / "place",
        env=environment(base / "place"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        user=USER,
        group=USER,
        extra_groups=(),
        umask=0o022,
    )
    return Job(
        f"{program.parent.parent.name}/{program.name}",
        copied,
        base,
        process,
        Tree(process.pid),
        time.monotonic() + PROGRAM_SECONDS,
    )


def end(job: Job) -> None:
    """Kill what strace watches, so that strace itself ends and says so."""
    job.was_ended = True
    for pid in job.tree.pids - {job.process.pid}:
        try:
            if Path("/proc", str(pid)).stat().st_uid in (USER, 0) and _is_ours(pid):
                os.kill(pid, 9)
        except OSError:  # it has ended
            continue
    if time.monotonic() > job.until + PROGRAM_SECONDS:
        job.process.kill()


def _is_ours(pid: int) -> bool:
    lines = Path("/proc", str(pid), "status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(line for line in lines if line.startswith("Uid:")).split()[1] == str(USER)


def judge(job: Job, result: Result) -> None:
    """Compare the facts of a program that has ended."""
    name = job.name
    result.programs += 1
    if job.process.returncode == SKIPPED:
        result.skipped.append(name)
    if job.was_ended:
        result.ended.append(name)
    try:
        account = Account(read(job.base / "strace" / "task"), [str(job.program)])
        expected = [_plain(tellable(each)) for each in account.facts()]
    except ValueError as error:
        result.failed.append(f"{name}: {error}")
        return
    seen = begun([_fact(event) for event in job.tree.below(account.root)], account.root)
    rules = (*RULES, cut_short) if job.was_ended else RULES
    comparison = compare_facts(expected, seen, (*rules, missed(account.misses)))
    if account.misses or job.was_ended:  # what strace does not tell has no order
        comparison.out_of_order.clear()
    comparison.explained += account.notes
    result.calls += len(expected)
    result.sum.add(comparison)
    for sort, facts in (("missing", comparison.missing), ("extra", comparison.extra)):
        for each in facts[:SHOWN]:
            print(f"{name}: {sort}: {each}", file=sys.stderr)
        if len(facts) > SHOWN:
            print(f"{name}: {sort}: {len(facts) - SHOWN} more", file=sys.stderr)
    for tid in comparison.out_of_order:
        print(f"{name}: task {tid} did the same in another order", file=sys.stderr)


def _fact(event: onlooker.TaskEvent) -> Fact:
    return changes.seen(event) if event.event in changes.EVENTS else _plain(tellable(fact(event)))


def _plain(each: Fact) -> Fact:
    """With an open's flags as numbers: strace has other names than onlooker for combinations that nobody uses.

    Of a mode, strace shows 16 bits, and onlooker the twelve that the kernel takes (S_IALLUGO), except with openat2.
    """
    if not isinstance(each, Open):
        return each
    flags, resolve = (frozenset({hex(changes.bits(names))}) for names in (each.flags, each.resolve))
    plain = replace(each, flags=flags, resolve=resolve)
    is_short = each.mode is not None and each.syscall != "openat2"
    return replace(plain, mode=each.mode & changes.MODE_BITS) if is_short else plain


def _step(running: list[Job], waiting: deque[Path], base: Path, monitor: onlooker.Monitor, result: Result) -> bool:
    """Begin what there is room for, take what has happened, judge what has ended. False when all is done."""
    while waiting and len(running) < (os.cpu_count() or 1):
        program = waiting.popleft()
        running.append(begin(program, base / f"{program.name}-{time.monotonic_ns()}"))
    done = [job for job in running if job.process.poll() is not None]
    batch = monitor.poll(0 if done else 0.02)
    while batch:  # a record is there before what it tells of is over
        for job in running:
            job.tree.add(batch)
        batch = monitor.poll(0)
    for job in done:
        running.remove(job)
        judge(job, result)
    for job in running:
        if time.monotonic() > job.until:
            end(job)
    return bool(running or waiting)


def watch(programs: Sequence[Path], deadline: float, attach: str | None) -> Result:
    """Run them, as many at once as there are processors."""
    result = Result()
    waiting = deque(programs)
    running: list[Job] = []
    with (
        tempfile.TemporaryDirectory(prefix="onlooker-strace-") as name,
        onlooker.Monitor(events=["all"], uid=[USER], threads=True, attach=attach) as monitor,
    ):
        Path(name).chmod(0o755)
        try:
            while _step(running, waiting, Path(name), monitor, result):
                if time.monotonic() > deadline:
                    result.not_run += len(waiting)
                    waiting.clear()
        finally:  # leave nothing, however it ends
            for job in running:
                end(job)
                job.process.kill()
                job.process.wait()
        assert result.programs + result.not_run == len(programs)
        result.sum.complete = monitor.stats().complete
    return result


HEAD = ("bits", "programs", "in part", "ended by the limit", "calls", "equal", "missing", "extra", "explained", "order")


def table(results: dict[str, Result]) -> str:
    """In Markdown, then what is explained."""
    rows = [
        (
            bits,
            *(each.programs, len(each.skipped), len(each.ended), each.calls, each.sum.equal),
            *(len(each.sum.missing), len(each.sum.extra), each.sum.explained.total()),
            f"{len(each.sum.out_of_order)} tasks differ" if each.sum.out_of_order else "same",
        )
        for bits, each in results.items()
    ]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows)]
    explained: Counter[str] = sum((each.sum.explained for each in results.values()), Counter())
    return "\n".join([*lines, *explanations(explained)])


def main() -> int:
    """Run the programs, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth.suite", description=__doc__)
    parser.add_argument("directory", type=Path, help="where tools/strace-tests.sh built them")
    parser.add_argument("program", nargs="*", help="only these")
    parser.add_argument("--attach", help="how onlooker is to observe system calls")
    options = parser.parse_args()
    if problem := obstacle():
        print("{}\n\nhint: {}".format(*problem), file=sys.stderr)
        return 3
    names = options.program or (options.directory / "programs").read_text(encoding="utf-8").split()
    results = {}
    deadline = time.monotonic() + TOTAL_SECONDS
    for bits in ("64", "32"):
        tests = (options.directory / bits / "tests").absolute()
        programs = [tests / name for name in names if os.access(tests / name, os.X_OK)]
        if not programs:
            print(f"{bits}-bit programs: skipped, not built", file=sys.stderr)
            continue
        results[bits] = result = watch(programs, deadline, options.attach)
        if result.not_run:
            print(f"{result.not_run} programs did not run: {TOTAL_SECONDS} s are over", file=sys.stderr)
        for each in result.failed:
            print(each, file=sys.stderr)
        if result.skipped:
            print(f"say that they can't do all of their work here: {' '.join(result.skipped)}", file=sys.stderr)
        if result.ended:
            print(f"ended after {PROGRAM_SECONDS} s: {' '.join(result.ended)}", file=sys.stderr)
    print(table(results))
    if not results:
        print("there are no programs\n\nhint: make truth-strace", file=sys.stderr)
        return 3
    return 0 if all(result.is_true for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
