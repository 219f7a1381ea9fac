"""`onlooker watch -o FILE` as a separate process, with events from the test, and the real logrotate."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LOGROTATE = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
SECONDS = 60.0
BLOCK = 1000

# each number on standard input is so many events; their paths count them
HANDED = """
import functools, os, select, sys
import onlooker.cli.watch as watch
from onlooker import Batch
from onlooker.testing import FakeSource, make
from onlooker.cli.main import main
def next_line(timeout):
    line = b""
    if select.select([0], [], [], timeout)[0]:
        while (byte := os.read(0, 1)).strip():  # no buffer, whose lines select(2) would not see
            line += byte
    return line
class Handed(FakeSource):
    exhausted = stopped = False
    at = 0
    def stop(self):
        self.stopped = True
    def poll(self, timeout):
        line = next_line(0 if self.stopped else timeout)
        # what it was handed before the end is still given, as from the probe's ring
        self.exhausted = self.stopped and not line
        count = int(line or 0)
        self.at += count
        made = Batch.of(make("open", path=f"/{number}") for number in range(self.at - count, self.at))
        return made[0] if made else None
watch.Monitor = functools.partial(watch.Monitor, source=Handed([]))
sys.exit(main(sys.argv[1:]))
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Handed:
    """A monitor that shows as many events as it is handed."""

    def __init__(self, directory, *options, stdout=subprocess.DEVNULL):
        self.err = directory / "err"
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HANDED, "watch", "--output-format", "json", *options],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=err,
            )

    def ready(self):
        wait_until(lambda: b"watching" in self.err.read_bytes())
        return self

    def hand(self, count):
        self.process.stdin.write(b"%d\n" % count)
        self.process.stdin.flush()

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.process.wait(SECONDS)
        return self.process.returncode


@pytest.fixture
def handed(tmp_path):
    """Starts one with these options; with `out`, one that writes to that file, by `-o` or the shell's ">"."""
    made = []

    def start(*options, out=None, way="-o", stdout=subprocess.DEVNULL):
        with (out if out and way == ">" else Path(os.devnull)).open("wb") as file:
            options += ("-o", str(out)) if out and way == "-o" else ()
            made.append(Handed(tmp_path, *options, stdout=file if out else stdout))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.communicate()


def numbers(*paths: Path) -> list[int]:
    """The events of whole lines, in their order."""
    text = b"".join(path.read_bytes() for path in paths)
    return [int(json.loads(line)["path"][1:]) for line in text.splitlines()]


def rotate(directory, file, *words):
    config, state = directory / "logrotate.conf", directory / "state"
    config.write_text(f"{file} {{\n size 1\n rotate 3\n " + "\n ".join(words) + "\n}\n")
    config.chmod(0o644)
    subprocess.run([LOGROTATE, "-f", "-s", state, config], check=True, timeout=SECONDS)


@pytest.mark.parametrize(("before", "kept"), [("before\n", "before"), ('{"event":"open","ti', '{"event":"open","ti')])
def test_the_file_gets_the_events_and_standard_output_nothing(tmp_path, handed, before, kept):
    """On lines of their own, also where a full disk has left half a line."""
    out = tmp_path / "out"
    out.write_text(before)
    with (tmp_path / "stdout").open("wb") as stdout:
        monitor = handed("-o", str(out), stdout=stdout).ready()
    monitor.hand(3)
    wait_until(lambda: out.stat().st_size > 100)
    assert monitor.end() == 0
    first, *lines = out.read_text().splitlines()
    assert first == kept
    assert [json.loads(line)["path"] for line in lines] == ["/0", "/1", "/2"]
    assert (tmp_path / "stdout").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "code", "said", "hint"),
    [
        ("", 2, "no file is given to -o", "-o result.txt"),
        ("/", 1, "cannot write the output: '/': Is a directory", "choose another file: -o FILE"),
        ("/dev/full/x", 1, "cannot write the output: '/dev/full/x': Not a directory", "choose another file: -o FILE"),
    ],
)
def test_what_is_no_file(handed, name, code, said, hint):
    monitor = handed("-o", name)
    assert monitor.process.wait(SECONDS) == code
    assert monitor.err.read_text() == f"onlooker: {said}\n\nhint: {hint}\n"


def test_a_dash_is_standard_output_and_a_hang_up_its_end(tmp_path, handed):
    with (tmp_path / "stdout").open("wb") as stdout:
        monitor = handed("--output", "-", stdout=stdout).ready()
    monitor.hand(3)
    wait_until(lambda: (tmp_path / "stdout").stat().st_size > 0)
    assert monitor.end(signal.SIGHUP) == 0
    assert numbers(tmp_path / "stdout") == [0, 1, 2]


def test_lines_stay_whole_where_it_is_opened_again_while_it_writes(tmp_path, handed):
    """Each block is some 300 kB; a hang-up comes at any time of its writing."""
    out = tmp_path / "out"
    monitor = handed(out=out).ready()
    moved = []
    for at in range(12):
        monitor.hand(BLOCK)
        time.sleep(0.003 * at)
        moved.append(tmp_path / f"out.{at}")
        out.rename(moved[-1])
        monitor.process.send_signal(signal.SIGHUP)
        wait_until(out.exists)
    assert monitor.end(signal.SIGTERM) == 0
    found = [numbers(path) for path in (*moved, out)]
    shown = [number for part in found for number in part]
    assert shown == list(range(12 * BLOCK))
    assert all(len(part) % BLOCK == 0 for part in found)


def test_a_hang_up_that_is_ignored_opens_it_again_all_the_same(tmp_path, handed):
    """Under nohup(1) a terminal's hang-up is ignored; logrotate's is meant."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monitor = handed("-o", str(tmp_path / "out"))
    finally:
        signal.signal(signal.SIGHUP, before)
    monitor.ready()
    (tmp_path / "out").rename(tmp_path / "old")
    monitor.process.send_signal(signal.SIGHUP)
    wait_until((tmp_path / "out").exists)
    assert monitor.end() == 0


def test_what_cannot_be_opened_again_is_said(tmp_path, handed):
    (tmp_path / "logs").mkdir()
    monitor = handed("-q", "-o", str(tmp_path / "logs/out"))
    wait_until((tmp_path / "logs/out").exists)
    (tmp_path / "logs").rename(tmp_path / "moved")
    time.sleep(0.3)  # it says nothing that could be waited for
    monitor.process.send_signal(signal.SIGHUP)
    wait_until(lambda: monitor.err.stat().st_size > 0)
    monitor.hand(2)
    wait_until(lambda: (tmp_path / "moved/out").stat().st_size > 0)
    assert monitor.end() == 0
    assert numbers(tmp_path / "moved/out") == [0, 1]
    assert monitor.err.read_text() == (
        f"onlooker: error: cannot write the output: '{tmp_path}/logs/out': No such file or directory; "
        "it goes on in the file that was opened before\n"
    )


@pytest.mark.parametrize("way", ["-o", ">"])
def test_a_file_that_may_grow_no_further(tmp_path, handed, way):
    """RLIMIT_FSIZE: the write that goes beyond it is cut, and the next one refused."""
    out = tmp_path / "out"
    monitor = handed(out=out, way=way).ready()
    resource.prlimit(monitor.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
    monitor.hand(BLOCK)
    assert monitor.process.wait(SECONDS) == 1
    assert out.stat().st_size == 1000
    where = f"{str(out)!r}: " if way == "-o" else ""
    *_, lost, verdict, said, nothing, hint = monitor.err.read_text().splitlines()
    [unwritten] = re.findall(r"lost: (\d+) seen and not written", lost)
    assert verdict == (
        f"onlooker: incomplete: {unwritten} events were seen and not written (the limit of file sizes is reached)"
    )
    assert said == f"onlooker: cannot write the output: {where}File too large"
    assert (nothing, hint) == ("", "hint: raise the limit (ulimit -f), and run it again")


needs_logrotate = pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")


@needs_logrotate
@pytest.mark.parametrize("way", ["-o", ">"])
def test_copytruncate(tmp_path, handed, way):
    """No hole of NULs, also where a shell has opened the file without O_APPEND."""
    out = tmp_path / "out"
    monitor = handed(out=out, way=way).ready()
    monitor.hand(BLOCK)
    wait_until(lambda: out.read_bytes().count(b"\n") == BLOCK)
    rotate(tmp_path, out, "copytruncate")
    assert out.stat().st_size == 0
    monitor.hand(BLOCK)
    wait_until(lambda: out.stat().st_size > 0)
    assert monitor.end() == 0
    assert numbers(tmp_path / "out.1", out) == list(range(2 * BLOCK))


@needs_logrotate
def test_create_and_a_hang_up(tmp_path, handed):
    """As docs/output.md says; nothing is lost between the old file and the new one."""
    out = tmp_path / "out"
    monitor = handed(out=out).ready()
    script = ("create 0600", "postrotate", f" kill -HUP {monitor.process.pid}", "endscript")
    monitor.hand(BLOCK)
    wait_until(lambda: out.read_bytes().count(b"\n") == BLOCK)
    rotate(tmp_path, out, *script)
    monitor.hand(BLOCK)
    assert monitor.end() == 0
    assert numbers(tmp_path / "out.1", out) == list(range(2 * BLOCK))
    assert re.search(r"2000 events in .* 2000 open", monitor.err.read_text())
