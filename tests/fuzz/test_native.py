"""The ring, the reader's threads and the log, briefly; with what gcc brings along, so without guidance."""

import os
import subprocess

import pytest

from . import native

CASES = {"ring": 2000, "log": 40, "race": 40_000}


@pytest.mark.parametrize("name", CASES)
def test_native(name, tmp_path):
    program = native.build(name, tmp_path)
    command = [program, str(CASES[name]), "1"]
    done = subprocess.run(command, env=os.environ | native.SETTINGS, capture_output=True, text=True, timeout=60)
    if "unexpected memory mapping" in done.stderr:  # of the thread sanitizer: it wants less randomness than there is
        command = ["setarch", "-R", *command]
        done = subprocess.run(command, env=os.environ | native.SETTINGS, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{CASES[name]} ")
