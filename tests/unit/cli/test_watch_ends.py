"""How `onlooker watch` ends: a full disk, a reader that goes or stalls, signals, a count, a time, an exception."""

import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

import pytest

from onlooker.cli.shutdown import ECHO_SECONDS
from onlooker.output.text import TextFormatter
from onlooker.probe.source import Rest
from onlooker.testing import FakeSource, make

from ..batches import formatted
from .watching import HEAD, LOST, said


def test_a_full_disk(watch, monkeypatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code, _, err = watch(events=[make("open")])
    assert code == 1
    assert err == HEAD + said(
        "0 events in 0.0 s",
        "lost: 1 seen and not written",
        "incomplete: 1 event was seen and not written (the disk is full)",
        "cannot write the output: No space left on device",
    ) + ("\nhint: make room or choose another place for the output, and run it again\n")


def test_a_full_disk_takes_some_events(watch, monkeypatch, tmp_path):
    """What counts as shown is what was written, whole lines of it; also beside losses that come after it."""
    events = [make("open"), make("exec"), make("open", cut=("path",)), LOST, make("exit")]
    lines = formatted(TextFormatter(), events)
    room = len(b"".join(lines.splitlines(keepends=True)[:2])) + 7
    left = [room]

    def append(descriptor, data):
        if not left[0]:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        taken = os.write(descriptor, data[: min(left[0], 50)])
        left[0] -= taken
        return taken

    monkeypatch.setattr("onlooker.output.writer.append", append)
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        code, _, err = watch(events=events)
    assert (tmp_path / "out").read_bytes() == lines[:room]
    assert code == 1
    assert err.startswith(
        HEAD
        + said(
            "2 events in 0.0 s: 1 exec, 1 open",
            "lost: 45 open (ring full), 2 seen and not written",
            "incomplete: 2 events were seen and not written (the disk is full); "
            "45 events are missing; a larger --buffer-size or a narrower --filter may help",
        )
    )


def test_a_reader_that_has_gone_before_all_was_written(watch, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = watch(source=FakeSource([make("open")] * 23, batch=5))
    assert (code, err) == (
        1,
        HEAD
        + said(
            "0 events in 0.0 s",
            "lost: 23 seen and not written",
            "incomplete: the output was closed; 23 events were seen and not written",
        ),
    )


class Idle(FakeSource):
    """Goes on for ever after its events; `close` tells a loss."""

    exhausted = False

    def poll(self, timeout):
        return super().poll(timeout) or time.sleep(timeout)

    def close(self):
        return Rest([LOST], 0)


@pytest.mark.parametrize("lost", [[], [LOST]], ids=["", "lost"])
def test_a_reader_that_goes_after_all_was_written(watch, monkeypatch, lost):
    """The last count is asked for, too."""
    reader, writer = os.pipe()

    class Gone(Idle):
        def poll(self, timeout):
            found = super().poll(timeout)
            if not found:
                with suppress(OSError):
                    os.close(reader)
            return found

        def close(self):
            return Rest(lost)

    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = watch(source=Gone([make("open")]))
    assert code == len(lost)
    assert err.startswith(
        HEAD + said("1 event in 0.0 s: 1 open", f"lost: {'45 open (ring full)' if lost else 'nothing'}")
    )
    assert err.endswith("may help\n") if lost else err.endswith("onlooker: complete until the output was closed\n")


def test_after_the_count_losses_are_counted_a_last_time(watch):
    code, out, err = watch("--count", "2", source=Idle([make("open")] * 5))
    assert (code, out.count("\n")) == (1, 2)
    assert "2 events in 0.0 s: 2 open\nonlooker: lost: 45 open (ring full)\nonlooker: incomplete: 45 " in err


def test_a_loss_is_no_event_of_the_count(watch):
    _, out, err = watch("--count", "2", events=[make("open"), LOST, make("open"), make("open")])
    assert out.count("\n") == 3
    assert " 2 events in 0.0 s: 2 open\n" in err


@pytest.mark.parametrize("where", ["poll", "format"])
def test_an_exception_passes_the_last_count_and_is_not_hidden(watch, monkeypatch, capfd, where):
    def fail(*given):
        raise ZeroDivisionError

    source = Idle([make("open")] * 3)
    if where == "poll":
        monkeypatch.setattr(source, "poll", fail)
    else:
        monkeypatch.setattr("onlooker.output.text.TextFormatter.format", fail)
    with pytest.raises(ZeroDivisionError):
        watch(source=source)
    lines = capfd.readouterr().err.splitlines()[-2:]
    unwritten = ", 3 seen and not written" if where == "format" else ""
    assert lines[0] == f"onlooker: lost: 45 open (ring full){unwritten}"
    assert lines[1].startswith("onlooker: incomplete: it ended with an error; ")


def unread_pipe(monkeypatch):
    """Standard output is a pipe that nobody reads."""
    reader, writer = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(writer, "w"))
    return reader


class Signalled(FakeSource):
    """Sends this process signals once it is started, when each is handled: (seconds from the one before, signal)."""

    def __init__(self, events, *steps):
        super().__init__(events)
        self._steps = steps

    def start(self, wanted):
        super().start(wanted)
        threading.Thread(target=self._send).start()

    def _send(self):
        for seconds, number in self._steps:
            time.sleep(seconds)
            os.kill(os.getpid(), number)


EVENTS = 5000  # more than a pipe takes
SAID = r"(\d+) events in 0\.0 s: \1 open\nonlooker: lost: (\d+) seen and not written\nonlooker: incomplete: "


def test_a_second_signal_ends_it_with_a_verdict(watch, monkeypatch):
    """Although the reader does not read; and it is said before that it can."""
    monkeypatch.setattr("onlooker.cli.shutdown.GRACE_SECONDS", 60)
    reader = unread_pipe(monkeypatch)
    steps = (0.5, signal.SIGINT), (0.01, signal.SIGTERM), (ECHO_SECONDS + 0.5, signal.SIGTERM)
    code, _, err = watch(source=Signalled([make("open")] * EVENTS, *steps))
    assert code == 1
    assert "onlooker: writing what was seen; SIGINT again drops it\n" in err
    found = re.search(SAID + r"it was stopped at once; \2 events were seen and not written\n$", err)
    assert found, err
    assert os.read(reader, 1 << 20).count(b"\n") == int(found[1]) == EVENTS - int(found[2]) > 0
    os.close(reader)


def test_a_reader_that_stalls(watch, monkeypatch):
    monkeypatch.setattr("onlooker.cli.shutdown.GRACE_SECONDS", 0.1)
    reader = unread_pipe(monkeypatch)
    code, _, err = watch(source=Signalled([make("open")] * EVENTS, (0.5, signal.SIGTERM)))
    assert code == 1
    found = re.search(
        SAID + r"\2 events were seen and not written \(its reader has stalled\)\n",
        err,
    )
    assert found, err
    assert os.read(reader, 1 << 20).count(b"\n") == int(found[1]) == EVENTS - int(found[2]) > 0
    os.close(reader)


def test_the_duration_holds_although_the_reader_does_not_read(watch, monkeypatch):
    """It is stopped in time, while the write waits."""
    monkeypatch.setattr("onlooker.cli.shutdown.GRACE_SECONDS", 1.0)
    reader = unread_pipe(monkeypatch)
    source = FakeSource([make("open")] * EVENTS)
    begin, stopped = time.monotonic(), []
    monkeypatch.setattr(source, "stop", lambda: stopped.append(time.monotonic() - begin))
    code, _, _ = watch("--duration", "300ms", source=source)
    assert code == 1
    assert 0.3 <= stopped[0] < 1.0 < time.monotonic() - begin
    os.close(reader)


def test_systemd_is_told(watch, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert watch()[0] == 0
        assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]
