"""A test that hangs is ended, said, and leaves no process; the others are run."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
HANGING = """
import signal, subprocess, time
import pytest
import tests.limits
tests.limits.STUCK_SECONDS = 6

def test_of_a_process():
    process = subprocess.Popen(["sleep", "1000"])
    print("started", process.pid)
    process.wait()

def test_stuck():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(1000)

@pytest.mark.timeout(60)
def test_after():
    pass
"""


def test_hanging_ends(tmp_path: Path) -> None:
    """The limits are long enough for a busy machine to come to where it hangs."""
    file = tmp_path / "test_hanging.py"
    file.write_text(HANGING)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "--timeout=3", "-n1", f"--rootdir={tmp_path}"]
    command = [sys.executable, "-m", "pytest", *options, file]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("=") and "2 failed, 1 passed" in done.stdout.splitlines()[-1]
    assert "Timeout (>3.0s) from pytest-timeout" in done.stdout
    assert "test_hanging.py::test_of_a_process" in done.stdout
    assert "process.wait()" in done.stdout  # where it hung
    assert "crashed while running 'test_hanging.py::test_stuck'" in done.stdout
    assert "in test_stuck" in done.stderr
    pid = int(done.stdout.partition("started ")[2].split()[0])
    assert not Path(f"/proc/{pid}").exists()
