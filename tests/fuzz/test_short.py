"""Each target briefly, from a fixed seed, in a separate process: a crash is a finding too."""

import os
import subprocess
import sys

import pytest

from ..unit.compiler import CC
from . import sanitized

CASES = {
    "records": 200,
    "columns": 200,
    "expressions": 300,
    "outputs": 150,
    "options": 150,
    "files": 125,
    "recordings": 20,
    "rules": 75,
    "config": 150,
}
SECONDS = 20  # at the most; a fifth of it on a machine that has nothing else to do


def run(name, cases, **environment):
    command = [sys.executable, "-m", "tests.fuzz.plain", name, str(SECONDS), "1", str(cases)]
    return subprocess.run(
        command, cwd=sanitized.PROJECT, env=os.environ | environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("name", CASES)
def test_target(name):
    done = run(name, CASES[name])
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[0]) > 0


@pytest.fixture(scope="module")
def settings():
    """The environment in which records are read with sanitizers."""
    built = sanitized.build_once(sanitized.PROJECT / "build" / "sanitized", CC, "address,undefined")
    library = subprocess.run([*CC, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return {**sanitized.SETTINGS, "LD_PRELOAD": library.stdout.strip(), sanitized.IN_PLACE: str(built)}


@pytest.mark.parametrize("name", ["records", "columns", "expressions"])
def test_with_sanitizers(name, settings):
    """Nothing is read or written outside of a record, and no number overflows."""
    done = run(name, 40, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[0]) > 0
