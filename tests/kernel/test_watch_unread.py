"""How `onlooker watch` ends with a reader that does not read."""

import fcntl
import os
import pty
import re
import signal
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onlooker.cli.shutdown import ECHO_SECONDS

from .commands import HAS_TERMINALS, PATIENCE_SECONDS, READY, WATCH, started, tally, watching
from .conftest import Workloads
from .running import Process


def pending(descriptor: int) -> int:
    """How many bytes wait to be read."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0])


def settled(value: Callable[[], int]) -> None:
    """Wait until it is above 0 and has not changed for half a second."""
    seen, since, deadline = 0, time.monotonic(), time.monotonic() + 60
    while not seen or time.monotonic() - since < 0.5:
        assert time.monotonic() < deadline
        if (now := value()) != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.01)


UNREAD = {"pipe": os.pipe}
if HAS_TERMINALS:
    UNREAD["terminal"] = pty.openpty
STALLED = "seen and not written (its reader has stalled)"
FLOOD = 5000  # opens; more lines than a pipe or a terminal takes


def flood(program: Path, count: int = FLOOD) -> None:
    assert Process(program, "openat", "plain", -100, "/", 0, 0, 0, count).wait().code == 0


@pytest.fixture
def opener(workloads: Workloads) -> Path:
    return workloads.renamed("open")


def own_opens(opener: Path) -> int:
    """What one start of it opens besides."""
    with watching("--events", "open", "--filter", opener.name) as monitor:
        flood(opener, 0)
        return len(monitor.end().assert_complete().lines)


@pytest.mark.parametrize("ends", UNREAD.values(), ids=UNREAD)
def test_with_a_reader_that_does_not_read(opener: Path, ends: Callable[[], tuple[int, int]]) -> None:
    own = own_opens(opener)
    reader, writer = ends()
    with watching("--events", "open", "--filter", opener.name, stdout=writer) as monitor:
        flood(opener)
        settled(lambda: pending(reader))
        begin = time.monotonic()
        ended = monitor.end(signal.SIGTERM)
        assert time.monotonic() - begin < PATIENCE_SECONDS
    os.close(reader)
    os.close(writer)
    shown_, unwritten, lost = tally(ended)
    assert (shown_ + unwritten, lost) == (FLOOD + own, 0)
    assert shown_ and unwritten
    assert "onlooker: writing what was seen; SIGTERM again drops it\n" in ended.err
    *_, verdict, error, nothing, hint = ended.err.splitlines()
    assert verdict.startswith(f"onlooker: incomplete: {unwritten} events were {STALLED}")
    assert re.fullmatch(r"onlooker: cannot write the output: its reader has stalled, \d+ bytes were not written", error)
    assert (nothing, hint) == ("", "hint: let the reader of the pipe read on, or write to a file")


def test_with_a_reader_that_stalls_and_goes(opener: Path) -> None:
    own = own_opens(opener)
    reader, writer = os.pipe()
    with watching("--events", "open", "--filter", opener.name, stdout=writer) as monitor:
        os.close(writer)
        flood(opener)
        settled(lambda: pending(reader))
        os.close(reader)
        ended = monitor.end(None)
    shown_, unwritten, lost = tally(ended)
    assert (shown_ + unwritten, lost) == (FLOOD + own, 0)
    assert shown_ and unwritten
    assert "onlooker: incomplete: the output was closed; " in ended.err


def test_a_second_signal_ends_it_with_a_verdict(opener: Path) -> None:
    """Although a slow reader reads on, so that it would write for long."""
    own = own_opens(opener)
    reader, writer = os.pipe()
    with watching("--events", "open", "--filter", opener.name, stdout=writer) as monitor:
        os.close(writer)
        flood(opener)
        settled(lambda: pending(reader))
        monitor.process.send_signal(signal.SIGINT)
        monitor.process.send_signal(signal.SIGTERM)  # an echo
        read, deadline = bytearray(), time.monotonic() + ECHO_SECONDS + 0.5
        while time.monotonic() < deadline:
            read += os.read(reader, 4096)
            time.sleep(0.05)
        assert monitor.process.poll() is None
        monitor.process.send_signal(signal.SIGINT)
        ended = monitor.end(signal.SIGTERM)  # again an echo
    while piece := os.read(reader, 1 << 16):
        read += piece
    os.close(reader)
    assert tally(ended) == (read.count(b"\n"), FLOOD + own - read.count(b"\n"), 0)
    assert "onlooker: incomplete: it was stopped at once; " in ended.err


def test_the_duration_holds_although_the_reader_does_not_read(opener: Path) -> None:
    """What happens after it is not shown, and what happened before is."""
    own = own_opens(opener)
    reader, writer = os.pipe()
    with watching("--events", "open", "--filter", opener.name, "--duration", "2", stdout=writer) as monitor:
        begin = time.monotonic()
        flood(opener)
        early = time.monotonic() - begin < 2
        time.sleep(max(0, begin + 2.5 - time.monotonic()))  # it waits for its reader two seconds more
        flood(opener)
        ended = monitor.end(None)
    os.close(reader)
    os.close(writer)
    shown_, unwritten, lost = tally(ended)
    assert shown_ + unwritten + lost <= FLOOD + own
    assert not early or shown_ + unwritten + lost == FLOOD + own
    assert f"onlooker: incomplete: {unwritten} events were {STALLED}" in ended.err


def test_with_a_reader_that_reads_neither_output_nor_error(workloads: Workloads) -> None:
    """`2>&1 | something`: the last words do not hang either."""
    program = workloads.renamed("open")
    reader, writer = os.pipe()
    options = ["--events", "open", "--filter", program.name]
    with started(*WATCH, *options, stdout=writer, stderr=writer) as process:
        said = b""
        while READY.encode() not in said:  # after a warning, where the kernel can't show everything
            said += os.read(reader, 1000)
        flood(program)
        settled(lambda: pending(reader))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 1
    os.close(reader)
    os.close(writer)
