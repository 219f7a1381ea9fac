"""The reader of the BPF ring, src/onlooker/probe/ring.h, and what waits behind it, backlog.h, with rings made up in
memory by ring_test.c and backlog_test.c.
"""

import subprocess
from pathlib import Path

import pytest

from ..compiler import CC

HERE = Path(__file__).parent
RING = HERE.parents[2] / "src" / "onlooker" / "probe"
STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

CASES = {
    "ring_test": (
        "nothing",
        "whole_records_in_order",
        "records_that_wrap",
        "a_full_ring",
        "a_busy_record",
        "discarded_records",
        "more_than_the_room",
        "enough_at_once",
        "a_length_that_can_not_be",
        "a_record_that_never_fits",
        "a_long_batch",
    ),
    "backlog_test": ("nothing", "in_order", "bounded", "busy", "corrupt", "steady"),
}


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # LeakSanitizer needs ptrace(2), which a container may not have; nothing else is left out
    quiet = {"ASAN_OPTIONS": "detect_leaks=0", "PATH": "/usr/bin:/bin"}
    return subprocess.run([program, *words], env=quiet, capture_output=True, text=True, check=False)


def build(name: str, directory: Path) -> Path:
    """The compiled test program: with sanitizers where the compiler and the machine have them, plain elsewhere."""
    built = directory / name
    command = [*CC, *STRICT, "-I", RING, HERE / f"{name}.c", "-o", built]
    sanitized = subprocess.run([*command, *SANITIZERS], capture_output=True, check=False)
    if sanitized.returncode or run(built).returncode:
        subprocess.run(command, check=True)
    return built


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return {name: build(name, tmp_path_factory.mktemp(name)) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_run(programs, name):
    assert run(programs[name]).stdout.split() == list(CASES[name])


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_ring(programs, name, case):
    done = run(programs[name], case)
    assert (done.returncode, done.stderr) == (0, "")
