"""The benchmarks run, and what they tell has the right shape; how fast anything is, no test says."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import report
from benchmarks.results import Results

PROJECT = Path(__file__).parents[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="observing the kernel needs root")
def test_a_quick_run(tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(written), "unrelated", "memory"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    results = msgspec.json.decode(written.read_bytes(), type=Results)
    assert results.quick
    assert list(results.tables) == ["unrelated", "memory"]
    assert results.tables["unrelated"].rows["onlooker, JSON"]["bare"][0] > 0
    memory = results.tables["memory"].rows
    assert len(memory) == 11
    assert [row["lost"] for row in memory.values()] == [[0]] * 11
    assert done.stdout.strip() == report.page(results)


def test_an_unknown_benchmark() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "opne"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no such benchmark: opne; there are: open," in done.stderr
