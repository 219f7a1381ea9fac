"""A command that is followed at a terminal: Ctrl-C and Ctrl-Z do what they do without onlooker."""

import os
import pty
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .commands import HAS_TERMINALS, ONLOOKER, PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(not HAS_TERMINALS, reason="no terminals here")

# A shell with job control, as far as it matters: the command has a process group of its own, in the foreground; a stop
# of it is told, and it goes on.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        break
    print("stopped by", os.WSTOPSIG(status), flush=True)
    os.killpg(child, signal.SIGCONT)
print("ended with", os.waitstatus_to_exitcode(status), flush=True)
"""


class Terminal:
    """What runs at a terminal, and what it has written there until now."""

    def __init__(self, *words: str) -> None:
        self._pid, self._master = pty.fork()
        if not self._pid:
            os.execv(sys.executable, [sys.executable, "-c", SHELL, *words])
        self.shown = ""

    def until(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        os.set_blocking(self._master, False)
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            try:
                self.shown += os.read(self._master, 4096).decode()
            except BlockingIOError:
                time.sleep(0.01)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        os.close(self._master)
        os.waitpid(self._pid, 0)


@contextmanager
def at_a_terminal(*command: str) -> Iterator[Terminal]:
    made = Terminal(*ONLOOKER, "watch", "-q", "-o", "events", "--events", "exec,exit", "--", *command)
    try:
        yield made
    finally:
        made.close()


def test_the_command_reads_and_writes_at_the_terminal(scratch: Path) -> None:
    with at_a_terminal(
        "sh", "-c", "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo ready; read word; echo got $word"
    ) as terminal:
        terminal.until("ready")
        terminal.type("something\n")
        terminal.until("got something")
        terminal.until("ended with 0")


def test_ctrl_c_is_the_command_s(scratch: Path) -> None:
    """Once: onlooker does not pass on what the terminal has sent to both."""
    script = "trap 'echo interrupted' INT; echo ready; while read word || [ $? -gt 1 ]; do echo got $word; done; exit 5"
    with at_a_terminal("bash", "-c", script) as terminal:
        terminal.until("ready")
        terminal.type("\x03")
        terminal.until("interrupted")
        terminal.type("one\n")
        terminal.until("got one")
        terminal.type("\x04")
        terminal.until("ended with 5")
        assert terminal.shown.count("interrupted") == 1


def test_ctrl_c_ends_a_command_that_does_not_mind(scratch: Path) -> None:
    # not dash, which forgets an interrupt that comes just before it starts a program
    with at_a_terminal("bash", "-c", "echo ready; exec sleep 100") as terminal:
        terminal.until("ready")
        terminal.type("\x03")
        terminal.until(f"ended with {128 + signal.SIGINT}")
    assert "was killed by SIGINT" in Path("events").read_text()


def test_ctrl_c_ends_the_watching_once_only_descendants_go_on(scratch: Path) -> None:
    with at_a_terminal("sh", "-c", "(setsid sleep 5 &) ; echo ready; exit 5") as terminal:
        terminal.until("ready")
        time.sleep(0.5)  # the end of the command is noticed
        terminal.type("\x03")
        terminal.until("ended with 5")


def test_ctrl_z_stops_both_and_they_go_on(scratch: Path) -> None:
    with at_a_terminal("sh", "-c", "echo ready; read word; echo got $word; exit 5") as terminal:
        terminal.until("ready")
        terminal.type("\x1a")
        terminal.until(f"stopped by {signal.SIGTSTP.value}")
        terminal.type("something\n")
        terminal.until("got something")
        terminal.until("ended with 5")
