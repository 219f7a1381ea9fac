"""The terminal of `onlooker top`, in a shell that controls jobs."""

import fcntl
import os
import pty
import struct
import sys
import termios

import pytest

PROGRAM = """
import select, sys
from onlooker.cli.screen import Screen
with Screen(0, 1) as screen:
    screen.open()
    pressed = ""
    while "q" not in pressed:
        if screen.has_changed():
            print("drawn", flush=True)
        select.select([0], [], [], 0.05)
        new = screen.pressed()
        if new:
            print("pressed", new, flush=True)
        pressed += new
    screen.close()
    print("closed", flush=True)
"""
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?1049l\x1b[?25h"


class Terminal:
    def __init__(self, *command):
        pid, self._descriptor = pty.fork()
        if not pid:
            os.execvpe(command[0], command, {**os.environ, "PS1": "$ ", "HISTFILE": "/dev/null"})
        self.pid, self._seen = pid, b""

    def type(self, keys):
        os.write(self._descriptor, keys)

    def resize(self):
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))

    def until(self, wanted):
        """What comes up to that, without it."""
        while wanted not in self._seen:
            self._seen += os.read(self._descriptor, 4096)
        before, _, self._seen = self._seen.partition(wanted)
        return before

    def end(self):
        os.close(self._descriptor)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    made = Terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
    made.until(b"$ ")
    made.type(f"{sys.executable} {tmp_path}/program.py\n".encode())
    made.until(ENTER)
    made.until(b"drawn")
    yield made
    made.end()


def test_keys_come_at_once_and_unseen(terminal):
    terminal.type(b"x")
    assert b"x" not in terminal.until(b"pressed x")
    terminal.type(b"q")
    terminal.until(LEAVE)
    terminal.until(b"closed")
    terminal.until(b"$ ")
    terminal.type(b"echo seen\n")
    assert b"echo seen" in terminal.until(b"\nseen")  # as before


def test_it_is_drawn_again_for_another_size(terminal):
    terminal.resize()
    terminal.until(b"drawn")
    terminal.type(b"q")
    terminal.until(b"closed")


def test_a_shell_has_the_terminal_while_it_is_stopped(terminal):
    terminal.type(b"\x1a")
    terminal.until(LEAVE)
    assert b"Stopped" in terminal.until(b"$ ")
    terminal.type(b"echo seen\n")
    assert b"echo seen" in terminal.until(b"\nseen")
    terminal.type(b"fg\n")
    terminal.until(ENTER)
    terminal.until(b"drawn")
    terminal.type(b"x")
    assert b"x" not in terminal.until(b"pressed x")
    terminal.type(b"q")
    terminal.until(b"closed")
