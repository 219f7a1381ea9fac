"""Standard input in place of a file: who sits at a terminal is told."""

import os
import pty
import subprocess
import sys

import pytest

from .recorded import record

SAID = "from the terminal; Ctrl-D on a new line ends it\n"


@pytest.mark.parametrize(
    ("words", "what", "typed"),
    [
        (["verify", "R", "--against", "-", "-q"], "the log", b"sh build.sh\n"),
        (["files", "R", "--undeclared-by", "-", "-q"], "the list", b"/\n"),
        (["query", "R", "-", "-q"], "SQL", b"FROM execs\n"),
    ],
)
def test_a_terminal(tmp_path, words, what, typed):
    if words[0] == "query":
        pytest.importorskip("duckdb")
    path = record(tmp_path / "r")
    command = [sys.executable, "-m", "onlooker", *(path if word == "R" else word for word in words)]
    master, terminal = pty.openpty()
    try:
        run = subprocess.Popen(command, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert run.stderr.readline() == f"onlooker: reading {what} {SAID}"
        os.write(master, typed + b"\x04")
        assert run.communicate(timeout=60)[1] == ""
    finally:
        os.close(master)
        os.close(terminal)
    ended = subprocess.run(command, input=typed, capture_output=True)
    assert (ended.returncode, ended.stderr) == (run.returncode, b"")
