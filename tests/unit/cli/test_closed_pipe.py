"""A reader that has gone, as behind `| head`: what is in the recording stays true, and so does the exit code."""

import os
import subprocess
import sys

import pytest

from ..recordings.lives import build
from .recorded import record

COMMANDS = [
    "replay R",
    "replay R --output-format json",
    "replay R --output-format table",
    "check R --fail-on pid>0",
    "tree R",
    "show R",
    "show R gcc --index 1",
    "files R",
    "diff R R --counts",
    "verify R --against /dev/null",
    "export R --format json",
    "export R --format trace",
    "query R FROM_execs",
    "query R FROM_execs --output-format json",
    "query R FROM_execs --output-format csv",
]
DIFFERS = {"check", "verify"}  # 1, since something matches or differs


def closed(arguments, path, *more):
    """The exit code and standard error of a command whose output nobody reads."""
    words = [path if word == "R" else word.replace("_", " ") for word in arguments.split()]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "onlooker", *words, *more], stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("arguments", COMMANDS)
def test_nothing_is_lost_of_a_recording(tmp_path, arguments):
    if arguments.startswith("query"):
        pytest.importorskip("duckdb")
    code, err = closed(arguments, record(tmp_path / "r"))
    assert code == (1 if arguments.split()[0] in DIFFERS else 0)
    assert err.splitlines()[-1] in ("onlooker: complete", "onlooker: complete until the output was closed")
    assert closed(arguments, str(tmp_path / "r"), "-q") == (code, "")


def test_what_matches_is_counted_all_the_same(tmp_path):
    code, err = closed("check R --fail-on pid>0", record(tmp_path / "r"))
    assert (code, err) == (1, f"onlooker: {len(build())} events match\nonlooker: complete\n")
    assert closed("check R --fail-on pid==1", str(tmp_path / "r"))[0] == 0


def test_one_that_is_not_complete_is_so_for_a_closed_pipe_too(tmp_path):
    path = record(tmp_path / "r", last=False)
    for arguments in ("tree R", "check R --fail-on pid==1", "export R --format json"):
        assert closed(arguments, path)[0] == 1
