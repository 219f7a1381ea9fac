"""How `onlooker watch` ends: by itself, by a signal, when its reader has gone, and with one that does not read."""

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .commands import WATCH, started, watching
from .conftest import Workloads
from .watching import SLOWER, Process

COUNT = 23
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXECUTED = re.compile(r"^\[.*\] Process (\S+) \(PID:(\d+), PPID:\d+\) executed file ", re.MULTILINE)
PATIENCE_SECONDS = 20 * SLOWER  # for an end that takes 4 at most


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
    lines = ended.err.splitlines()[-6:]
    assert lines.pop(0).endswith(" s: 1 exec")
    assert lines == [
        "onlooker: lost: nothing",
        "onlooker: incomplete: the output was not written to its end",
        "onlooker: cannot write the output: No space left on device",
        "",
        "hint: make room or choose another place for the output, and run it again",
    ]


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
if Path("/dev/pts/ptmx").exists():  # not in a bare chroot
    UNREAD["terminal"] = pty.openpty


@pytest.mark.parametrize("ends", UNREAD.values(), ids=UNREAD)
def test_with_a_reader_that_does_not_read(workloads: Workloads, ends: Callable[[], tuple[int, int]]) -> None:
    program = workloads.renamed("open")
    reader, writer = ends()
    with watching("--events", "open", "--filter", program.name, stdout=writer) as monitor:
        run = Process(program, "openat", "plain", -100, "/", 0, 0, 0, 5000).wait()
        assert run.code == 0
        settled(lambda: pending(reader))
        begin = time.monotonic()
        ended = monitor.end(signal.SIGTERM)
        assert time.monotonic() - begin < PATIENCE_SECONDS
    os.close(reader)
    os.close(writer)
    assert ended.code == 1
    *_, verdict, error, nothing, hint = ended.err.splitlines()
    assert verdict == "onlooker: incomplete: the output was not written to its end"
    assert re.fullmatch(r"onlooker: cannot write the output: its reader has stalled, \d+ bytes were not written", error)
    assert (nothing, hint) == ("", "hint: let the reader of the pipe read on, or write to a file")


def test_after_the_duration_although_the_reader_does_not_read(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    reader, writer = os.pipe()
    with watching("--filter", program.name, "--duration", "2", stdout=writer) as monitor:
        Process(program, "openat", "plain", -100, "/", 0, 0, 0, 5000).wait()
        ended = monitor.end(None)
    os.close(reader)
    os.close(writer)
    assert ended.code == 1
    assert "onlooker: incomplete: the output was not written to its end\n" in ended.err


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


def test_with_a_reader_that_reads_neither_output_nor_error(workloads: Workloads) -> None:
    """`2>&1 | something`: the last words do not hang either."""
    program = workloads.renamed("open")
    reader, writer = os.pipe()
    options = ["--events", "open", "--filter", program.name]
    with started(*WATCH, *options, stdout=writer, stderr=writer) as process:
        said = b""
        while b"onlooker: watching " not in said:  # behind a warning, where the kernel can't show everything
            said += os.read(reader, 1000)
        Process(program, "openat", "plain", -100, "/", 0, 0, 0, 5000).wait()
        settled(lambda: pending(reader))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 1
    os.close(reader)
    os.close(writer)
