"""How `onlooker watch` ends: by itself, by a signal, and when its reader has gone."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .commands import HAS_TERMINALS, PATIENCE_SECONDS, WATCH, started, tally, watching
from .conftest import Workloads
from .running import SLOWER, Process

COUNT = 23
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXECUTED = re.compile(r"^\[.*\] Process (\S+) \(PID:(\d+), PPID:\d+\) executed file ", re.MULTILINE)
INTERRUPTED_EVERY_SECONDS = 0.012 * SLOWER


def shown(text: str, program: Path) -> list[int]:
    """The process ids of the lines, each of which is an exec of that program."""
    found = EXECUTED.findall(text)
    assert len(found) == text.count("\n")
    assert {name for name, _ in found} <= {program.name}
    return [int(pid) for _, pid in found]


def times(program: Path, count: int = COUNT) -> list[int]:
    return [Process(program).wait().pid for _ in range(count)]


@pytest.fixture
def program(workloads: Workloads) -> Path:
    return workloads.renamed("nothing")


@pytest.fixture
def execs(program: Path) -> tuple[str, ...]:
    """The options that show each run of the program as one line."""
    return ("--events", "exec", "--filter", program.name)


@pytest.mark.parametrize("count", [1, COUNT - 1])
def test_after_the_count(program: Path, execs: tuple[str, ...], count: int) -> None:
    with watching(*execs, "--count", str(count)) as monitor:
        pids = times(program)
        ended = monitor.end(None).assert_complete()
    assert shown(ended.out, program) == pids[:count]
    assert ended.verdict[0].endswith(f" s: {count} exec")


def test_after_the_duration(program: Path, execs: tuple[str, ...]) -> None:
    with watching(*execs, "--duration", "700ms") as monitor:
        begin = time.monotonic()
        pids = times(program, 1)
        ended = monitor.end(None).assert_complete()
    assert shown(ended.out, program) == pids
    found = re.match(r"1 event in (\d+\.\d) s", ended.verdict[0])
    assert found
    assert 0.7 <= float(found[1]) <= 0.1 + time.monotonic() - begin + 0.7


@pytest.mark.parametrize("number", SIGNALS)
def test_by_a_signal(program: Path, execs: tuple[str, ...], number: signal.Signals) -> None:
    """What happened before it is shown, what comes after is not."""
    with watching(*execs) as monitor:
        pids = times(program)
        ended = monitor.end(number).assert_complete()
        times(program, 1)
    assert shown(ended.out, program) == pids


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_by_a_signal_that_was_ignored_at_the_start(
    program: Path, execs: tuple[str, ...], number: signal.Signals
) -> None:
    """As a shell ignores SIGINT for the background jobs of a script."""
    command = ("bash", "-c", 'trap "" INT TERM; exec "$0" "$@"', *WATCH)
    with watching(*execs, command=command) as monitor:
        pids = times(program)
        assert shown(monitor.end(number).assert_complete().out, program) == pids


def test_as_the_background_job_of_a_script(program: Path, execs: tuple[str, ...]) -> None:
    """One that kills it with -INT."""
    command = ("bash", "-c", '"$0" "$@" & trap "kill -INT $!; wait $!; exit" TERM; wait', *WATCH)
    with watching(*execs, command=command) as monitor:
        pids = times(program)
        ended = monitor.end(signal.SIGTERM)
    assert (ended.code, ended.verdict[2]) == (0, "complete")
    assert shown(ended.out, program) == pids


def test_when_the_reader_has_gone(program: Path, execs: tuple[str, ...]) -> None:
    """`| head -1`: it ends although nothing more happens."""
    command = ("bash", "-c", '"$0" "$@" | head -1; exit "${PIPESTATUS[0]}"', *WATCH)
    with watching(*execs, command=command) as monitor:
        [pid] = times(program, 1)
        ended = monitor.end(None).assert_complete(read=False)
    assert shown(ended.out, program) == [pid]


def test_when_the_peer_of_a_socket_has_gone(program: Path, execs: tuple[str, ...]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, watching(*execs, stdout=theirs.fileno()) as monitor:
        theirs.close()
        [pid] = times(program, 1)
        with ours.makefile() as file:
            assert shown(file.readline(), program) == [pid]
        ours.close()
        monitor.end(None).assert_complete(read=False)


def test_with_a_full_disk(program: Path, execs: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full, watching(*execs, stdout=full) as monitor:
        times(program, 1)
        ended = monitor.end(None)
    assert ended.code == 1
    first, *lines = ended.err.splitlines()[-6:]
    assert re.fullmatch(r"onlooker: 0 events in \d+\.\d s", first)
    assert lines == [
        "onlooker: lost: 1 seen and not written",
        "onlooker: incomplete: 1 event was seen and not written (the disk is full)",
        "onlooker: cannot write the output: No space left on device",
        "",
        "hint: make room or choose another place for the output, and run it again",
    ]


def test_with_a_disk_that_becomes_full(program: Path, execs: tuple[str, ...], scratch: Path) -> None:
    """What counts as shown is what is there; a file of at most 1 KiB has room for the lines of some."""
    output = scratch / "out"
    command = ("bash", "-c", 'ulimit -f 1; exec "$0" "$@"', *WATCH)
    with output.open("wb") as file, watching(*execs, command=command, stdout=file) as monitor:
        times(program)
        ended = monitor.end(None)
    whole = output.read_text().count("\n")
    shown_, unwritten, lost = tally(ended)  # it ends at once, perhaps before the last of them runs
    assert (shown_, lost) == (whole, 0)
    assert 0 < whole < whole + unwritten <= COUNT
    assert "onlooker: cannot write the output: File too large\n" in ended.err


def test_without_standard_error(program: Path, execs: tuple[str, ...], manager: "Manager") -> None:
    output = program.parent / f"{program.name}.out"
    command = ["bash", "-c", 'exec "$0" "$@" 2>&-', *WATCH, *execs]
    with output.open("wb") as file, started(*command, stdout=file, env=manager.env) as process:
        assert manager.says() == "READY=1"
        pids = times(program)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert shown(output.read_text(), program) == pids


class Manager:
    """A service manager's socket."""

    def __init__(self, unix: socket.socket, address: str) -> None:
        self._unix = unix
        self.env = {**os.environ, "NOTIFY_SOCKET": address}

    def says(self) -> str:
        return self._unix.recv(100).decode()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, scratch: Path) -> Iterator[Manager]:
    address = f"{scratch}/notify" if request.param == "path" else f"@{scratch.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.bind(address.replace("@", "\0"))
        unix.settimeout(60)
        yield Manager(unix, address)


def test_systemd_is_told(program: Path, execs: tuple[str, ...], manager: Manager) -> None:
    """Ready means that nothing is missed from then on."""
    with watching(*execs, env=manager.env) as monitor:
        assert manager.says() == "READY=1"
        pids = times(program)
        assert shown(monitor.end().assert_complete().out, program) == pids
        assert manager.says() == "STOPPING=1"


BLOCKING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_by_a_signal_that_the_parent_had_blocked(program: Path, execs: tuple[str, ...], number: signal.Signals) -> None:
    with watching(*execs, command=(sys.executable, "-c", BLOCKING, *WATCH)) as monitor:
        pids = times(program)
        assert shown(monitor.end(number).assert_complete().out, program) == pids


@pytest.mark.skipif(not HAS_TERMINALS, reason="no terminals here: /dev/pts is not mounted")
def test_when_the_terminal_has_gone(program: Path, execs: tuple[str, ...]) -> None:
    """As when a window is closed, where no hang-up signal comes."""
    master, slave = pty.openpty()
    with watching(*execs, stdout=slave) as monitor:
        os.close(slave)
        times(program, 1)
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(master, 4096)
        os.close(master)
        monitor.end(None).assert_complete(read=False)


def test_after_the_duration_although_events_never_end(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    with Path("/dev/null").open("wb") as null:
        options = ["--filter", program.name, "--events", "open", "--output-format", "json", "--duration", "1"]
        with watching(*options, stdout=null) as monitor:
            process = Process(program, "openat", "plain", -100, "/", 0, 0, 0, 10**9)
            process.release()
            ended = monitor.end(None)
    assert not process.ended()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert ended.code in (0, 1)  # 1: there were more than it could take
    assert re.match(r"[\d ]+ events in \d\d?\.\d s: ", ended.verdict[0])


def test_an_interrupt_at_the_start_is_not_swallowed(program: Path) -> None:
    """Until it watches, it dies of it, without a word; Python's own start may say something before any code of ours."""
    command, ends = (*WATCH, "--filter", program.name), set()
    for start in range(0, 30, 3 if SLOWER > 1 else 1):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(start * INTERRUPTED_EVERY_SECONDS)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert "/onlooker/cli/" not in err
        if "KeyboardInterrupt" not in err:
            ends.add(process.returncode)
    assert -signal.SIGINT in ends
    assert ends <= {-signal.SIGINT, 0}
