"""Running the real command, and knowing when it watches and how it ended."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from .running import DEADLINE_SECONDS, SLOWER

ONLOOKER = (sys.executable, "-m", "onlooker")
WATCH = (*ONLOOKER, "watch")
READY = "onlooker: watching "
HAS_TERMINALS = Path("/dev/pts/ptmx").exists()  # not in a bare chroot
PATIENCE_SECONDS = 20 * SLOWER  # for an end that takes 4 at most


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code (or minus a signal), and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def verdict(self) -> list[str]:
        """The last three lines on standard error."""
        return [line.removeprefix("onlooker: ") for line in self.err.splitlines()[-3:]]

    def assert_complete(self, *, read: bool = True) -> Self:
        """A normal end, and nothing lost; `read`: whether the output's reader stayed. That a field is not whole may
        speak of other processes of the machine.
        """
        lost, verdict = self.verdict[1:]
        wanted = "complete" if read else "complete until the output was closed"
        assert (self.code, lost, verdict.split("; ")[0]) == (0, "lost: nothing", wanted), self
        return self


class Watching:
    """`onlooker watch OPTIONS`, or another command, that has said that it watches. Standard output is a file, unless
    one is given.
    """

    def __init__(
        self,
        *options: str,
        command: tuple[str, ...] = WATCH,
        stdout: IO[bytes] | int | None = None,
        ready: str = READY,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=self._out if stdout is None else stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            text=True,
            start_new_session=True,
        )
        self._ended = False
        self._guard = threading.Timer(DEADLINE_SECONDS, self._kill)
        self._guard.start()
        self._err = self._until(ready)

    def _until(self, ready: str) -> str:
        assert self.process.stderr
        said = ""
        for line in self.process.stderr:
            said += line
            if line.startswith(ready):
                return said
        raise AssertionError(f"it ended with {self.process.wait()}: {said}")

    def end(self, number: signal.Signals | None = signal.SIGINT) -> Ended:
        """Send a signal, if any, and wait for the end."""
        if number is not None:
            self.process.send_signal(number)
        assert self.process.stderr
        self._err += self.process.stderr.read()  # to its end: nobody is left that could write to it
        self._ended = True
        code = self.process.wait()
        self._out.seek(0)
        out = self._out.read().decode()
        self.close()
        return Ended(code, out, self._err)

    def close(self) -> None:
        """Let go of it, whatever has happened."""
        self._guard.cancel()
        self._kill()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
        self._out.close()

    def _kill(self) -> None:
        """It and what it started, where they have not ended by themselves."""
        if not self._ended:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def watching(*options: str, **how: Any) -> Iterator[Watching]:
    """`Watching` that is ended, whatever happens."""
    made = Watching(*options, **how)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def started(*command: str, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, whatever happens. Leaving Popen's own `with` would wait for it."""
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str, command: tuple[str, ...] = ONLOOKER, **how: Any) -> Ended:
    """One command to its end."""
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=DEADLINE_SECONDS, **how)
    return Ended(done.returncode, done.stdout, done.stderr)


def wait_until(condition: Callable[[], bool]) -> None:
    """For what nobody tells: look until it is so."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come about in time"
        time.sleep(0.01)


SHOWN = re.compile(r"onlooker: (\d+) events? in ")
UNWRITTEN = re.compile(r"(\d+) seen and not written")
LOST = re.compile(r"(\d+) \w+ \(")


def tally(ended: Ended) -> tuple[int, int, int]:
    """How many events were shown, seen and not written, and lost, as it says itself; that makes an exit code of 1."""
    *_, first, lost, verdict = [line for line in ended.err.splitlines() if line.startswith("onlooker: ")][
        : -1 if "cannot write the output" in ended.err else None
    ]
    found = SHOWN.match(first)
    assert found and lost.startswith("onlooker: lost: "), ended
    unwritten = sum(map(int, UNWRITTEN.findall(lost)))
    missing = sum(map(int, LOST.findall(lost)))
    assert ended.code == (1 if unwritten or missing else 0)
    assert verdict.startswith("onlooker: incomplete: " if ended.code else "onlooker: complete")
    return int(found[1]), unwritten, missing
