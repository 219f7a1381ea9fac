"""`make fuzz`: every target for its share of the time, guided by coverage, and what it came to.

What was learnt (inputs that reach something new) is kept in build/fuzz/corpus and is where the next run goes on. Ends
with 1 where there was a finding.
"""

import argparse
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import NamedTuple

from . import native, sanitized

DIRECTORY = sanitized.PROJECT / "build" / "fuzz"
SHARES = {
    "records": 0.2,
    "columns": 0.1,
    "expressions": 0.1,
    "outputs": 0.1,
    "recordings": 0.05,
    "rules": 0.05,
    "ring": 0.15,
    "options": 0.1,
    "files": 0.07,
    "config": 0.03,
    "race": 0.03,
    "log": 0.02,
}
SEEDS = 300
HANG_SECONDS = 20  # for one input
MOST_MIB = 4096
RACE_RECORDS = 100_000
# what was freed is kept from being used again for a while; a part of the usual 256 MiB is enough for our inputs
QUARANTINE = ":quarantine_size_mb=32"


class Outcome(NamedTuple):
    """Of one target. `coverage`: places in the code that were reached, "" where nobody counted."""

    cases: int
    seconds: float
    coverage: str
    finding: str


def clang() -> str:
    """The compiler that has libFuzzer, or ""."""
    for name in ("clang", *(f"clang-{version}" for version in range(25, 13, -1))):
        for library in ("libclang_rt.fuzzer.a", f"libclang_rt.fuzzer-{platform.machine()}.a"):
            if found := shutil.which(name):
                asked = subprocess.run(
                    [found, f"-print-file-name={library}"], capture_output=True, text=True, check=False
                )
                if Path(asked.stdout.strip()).exists():
                    return found
    return ""


def engine_arguments(name: str, seconds: float) -> list[str]:
    corpus, findings = DIRECTORY / "corpus" / name, DIRECTORY / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={int(seconds)}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MOST_MIB}"]
    how = ["-len_control=0", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-"]
    return [*limits, *how, str(corpus)]


def sow(name: str, longest: int) -> list[str]:
    """Inputs to begin with; the option that lets them be whole."""
    target, corpus = import_module(f"tests.fuzz.{name}"), DIRECTORY / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*target.first(), *(target.made(Random(seed)) for seed in range(SEEDS))]):
        (corpus / f"seed-{number}").write_bytes(data[:longest])
    return [f"-max_len={longest}"]


def executed(command: Sequence[str | Path], environment: dict[str, str], log: Path, seconds: float) -> int:
    """The exit code; what it says goes to a file."""
    with log.open("wb") as file:
        return subprocess.run(
            command, cwd=sanitized.PROJECT, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT,
            timeout=2 * seconds + 120, check=False,
        ).returncode  # fmt: skip


def read(log: Path, code: int, seconds: float) -> Outcome:
    """What libFuzzer, or a program without it, has said."""
    text = log.read_text(errors="replace")
    cases = re.findall(r"(?:number_of_executed_units: |^#|^)(\d+)\b", text, re.MULTILINE)
    coverage = re.findall(r" cov: (\d+) ", text)
    artifact = re.findall(r"Test unit written to (\S+)", text)
    finding = "" if code == 0 else (artifact[-1] if artifact else str(log))
    return Outcome(int(cases[-1]) if cases else 0, seconds, coverage[-1] if coverage else "", finding)


def guided_by_engine(name: str, seconds: float, compiler: str) -> Outcome:
    """A Python target under atheris, which brings libFuzzer along; records are read with sanitizers."""
    import atheris

    settings: dict[str, str] = {}
    if name in ("records", "columns", "outputs", "expressions"):
        settings = dict(sanitized.SETTINGS)
        settings["ASAN_OPTIONS"] += QUARANTINE
        built = sanitized.build(DIRECTORY / "records", [compiler], "address,undefined,fuzzer-no-link")
        settings[sanitized.IN_PLACE] = str(built)
        settings["LD_PRELOAD"] = str(Path(atheris.path()) / "asan_with_fuzzer.so")
    longest = sow(name, 1 << 20 if name == "files" else 1 << 14)
    command = [sys.executable, "-m", "tests.fuzz.guided", name, *longest, *engine_arguments(name, seconds)]
    return timed(name, command, settings, seconds)


def unguided(name: str, seconds: float) -> Outcome:
    command = [sys.executable, "-m", "tests.fuzz.plain", name, str(seconds), str(time.time_ns())]
    return timed(name, command, {}, seconds)


def native_target(name: str, seconds: float, compiler: str) -> Outcome:
    if compiler and name in native.DRIVEN:
        program = native.build(name, DIRECTORY / "native", clang=compiler)
        return timed(name, [program, "-max_len=4096", *engine_arguments(name, seconds)], native.SETTINGS, seconds)
    program = native.build(name, DIRECTORY / "native")
    cases = RACE_RECORDS if name == "race" else 1000
    outcome, end = Outcome(0, 0, "", ""), time.monotonic() + seconds
    while time.monotonic() < end and not outcome.finding:
        done = timed(name, [program, str(cases), str(time.time_ns() % 2**31)], native.SETTINGS, seconds)
        outcome = Outcome(outcome.cases + done.cases, outcome.seconds + done.seconds, "", done.finding)
    return outcome


def timed(name: str, command: Sequence[str | Path], environment: dict[str, str], seconds: float) -> Outcome:
    log, start = DIRECTORY / f"{name}.log", time.monotonic()
    try:
        code = executed(command, environment, log, seconds)
    except subprocess.TimeoutExpired:
        code = 1
    return read(log, code, time.monotonic() - start)


def run(name: str, seconds: float, compiler: str, guided: bool) -> Outcome:
    if name in native.SANITIZERS:
        return native_target(name, seconds, compiler)
    return guided_by_engine(name, seconds, compiler) if guided and compiler else unguided(name, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("minutes", type=float, help="for all targets together")
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(SHARES)} (default: all)")
    arguments = parser.parse_args()
    chosen = arguments.targets or list(SHARES)
    compiler, guided = clang(), importlib.util.find_spec("atheris") is not None
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    if not (compiler and guided):
        print("not guided by coverage:", "atheris is not installed" if compiler else "no clang here has libFuzzer")
    print(f"{'target':<9}{'cases':>10}{'seconds':>9}{'per second':>12}{'coverage':>10}  finding", flush=True)
    total, findings = sum(SHARES[name] for name in chosen), []
    for name in chosen:
        done = run(name, arguments.minutes * 60 * SHARES[name] / total, compiler, guided)
        rate = done.cases / done.seconds if done.seconds else 0
        seen, found = done.coverage or "-", done.finding or "none"
        print(f"{name:<9}{done.cases:>10}{done.seconds:>9.0f}{rate:>12.0f}{seen:>10}  {found}", flush=True)
        findings += [(name, done.finding)] if done.finding else []
    for name, finding in findings:
        print(f"\n{(DIRECTORY / f'{name}.log').read_text(errors='replace')[-3000:]}\n")
        again = f"{DIRECTORY}/native/{name}" if name in native.SANITIZERS else "python -m tests.fuzz.guided " + name
        print(f"hint: {again} {shlex.quote(finding)}; all it said is in {DIRECTORY}/{name}.log")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
