"""`onlooker watch` as one types it: what it prints of programs that did something a known number of times."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from .commands import WATCH, Ended, run, watching
from .conftest import Workloads, fresh_name
from .flavours import flavours
from .running import Process

COUNT = 23
LOOP = f'read -r; for ((i = 0; i < {COUNT}; i++)); do "$0" "$1"; done'
TIME = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\]"
RUNNER = Path(__file__).parents[2] / "ebpf-runner.py"


@pytest.fixture
def cat(scratch: Path) -> Path:
    """A copy of cat(1) under another name."""
    found = shutil.which("cat")
    assert found
    path = scratch / fresh_name()
    shutil.copy(found, path)
    return path


class Loop:
    """A bash that runs a program with one argument, COUNT times, at a signal."""

    def __init__(self, program: Path, argument: str) -> None:
        command = ["bash", "-c", LOOP, str(program), argument]
        self._bash = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.pid = self._bash.pid

    def run(self) -> None:
        """To its end."""
        self._bash.communicate(b"\n")
        assert self._bash.returncode == 0


@pytest.mark.parametrize("command", [WATCH, (sys.executable, str(RUNNER))], ids=["onlooker", "ebpf-runner"])
def test_a_file_opened_by_name(cat: Path, scratch: Path, command: tuple[str, ...]) -> None:
    """The classic: COUNT times `cat FILE` are COUNT lines."""
    file = scratch / "some file\n"
    file.touch()
    with watching("--filter", cat.name, command=command) as monitor:
        Loop(cat, str(file)).run()
        ended = monitor.end().assert_complete()
    opened = re.compile(rf"{TIME} Process {cat.name} \(PID:(\d+)\) opened file {scratch}/some file\\n")
    pids = [found[1] for line in ended.lines if (found := opened.fullmatch(line))]
    assert len(pids) == len(set(pids)) == COUNT
    assert all(f"Process {cat.name} (PID:" in line for line in ended.lines)


@pytest.mark.parametrize("method", flavours())
def test_processes_created_by_one(workloads: Workloads, method: str) -> None:
    loop = Loop(workloads["nothing"], "")
    with watching("--pid", str(loop.pid), "--events", "fork", "--attach", method) as monitor:
        loop.run()
        ended = monitor.end().assert_complete()
    who = rf"{TIME} Process bash \(PID:{loop.pid}, PPID:{os.getpid()}\)"
    called = re.compile(rf"{who} called sys_(clone|clone3|v?fork) \[child \d+\]")
    assert len(ended.lines) == COUNT
    assert all(map(called.fullmatch, ended.lines))
    assert re.fullmatch(rf"{COUNT} events in \d+\.\d s: {COUNT} fork", ended.verdict[0])
    assert "onlooker: watching fork of some processes; Ctrl-C ends it\n" in ended.err


def times(program: Path, count: int = COUNT) -> list[int]:
    """Run a workload again and again; their process ids."""
    return [Process(program).wait().pid for _ in range(count)]


def watched(program: Path, *options: str) -> tuple[Ended, list[int]]:
    """What is shown of a workload that ran COUNT times, and their process ids."""
    with watching("--filter", program.name, *options) as monitor:
        pids = times(program)
        return monitor.end().assert_complete(), pids


def test_text_of_beginnings_and_ends(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    ended, pids = watched(program, "--events", "exec,exit")
    who = rf"{TIME} Process {program.name} \(PID:(\d+), PPID:{os.getpid()}\)"
    pairs = "".join(
        rf"{who} executed file {program}: {program}\n{who} exited with code 0 after \d+\.\d{{6}} s\n" for _ in pids
    )
    found = re.fullmatch(pairs, ended.out)
    assert found, ended
    assert [int(pid) for pid in found.groups()] == [pid for pid in pids for _ in range(2)]


def test_json(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    ended, pids = watched(program, "--output-format", "json")
    schema = Draft202012Validator(json.loads(files("onlooker").joinpath("events.schema.json").read_text()))
    found = [json.loads(line) for line in ended.lines]
    for line in found:
        assert [error.message for error in schema.iter_errors(line)] == []
        assert line["comm"] == program.name
    execs = [line for line in found if line["event"] == "exec"]
    assert [(line["pid"], line["path"], line["argv"]) for line in execs] == [
        (pid, str(program), [str(program)]) for pid in pids
    ]
    ends = [(line["pid"], line["exit_code"]) for line in found if line["event"] == "exit"]
    assert ends == [(pid, 0) for pid in pids]


def test_a_name_that_is_not_utf8_is_given_whole(workloads: Workloads) -> None:
    name = fresh_name()
    program = Path(os.fsdecode(os.fsencode(workloads.renamed("nothing", name + "\udcff\x1b"))))
    with watching("--filter", name + "*", "--events", "exec", "--output-format", "json") as monitor:
        pid = Process(program).wait().pid
        ended = monitor.end().assert_complete()
    [line] = map(json.loads, ended.lines)
    assert (line["pid"], line["comm"]) == (pid, name + "\ufffd\x1b")
    assert [b64decode(line["comm_bytes"]), b64decode(line["path_bytes"])] == [
        os.fsencode(program.name),
        os.fsencode(program),
    ]


def test_table(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    ended, pids = watched(program, "--output-format", "table", "--events", "exit")
    head, *rows = ended.lines
    assert head.split() == ["TIME", "EVENT", "PID", "PPID", "UID", "NAME", "RESULT", "DETAILS"]
    assert "\x1b" not in ended.out
    for row, pid in zip(rows, pids, strict=True):
        _, *cells = row.split()
        assert cells[:7] == ["exit", str(pid), str(os.getpid()), "0", program.name, "0", "after"]


def test_only_what_failed(workloads: Workloads) -> None:
    program = workloads.renamed("exit")
    with watching("--filter", program.name, "--failed", "--events", "exit") as monitor:
        good = [Process(program, "code", 0).wait() for _ in range(2)]
        bad = [Process(program, "code", code).wait() for code in (1, 23)]
        ended = monitor.end().assert_complete()
    assert [run.code for run in good + bad] == [0, 0, 1, 23]
    shown = [f"Process {program.name} (PID:{run.pid}, PPID:{os.getpid()}) exited with code {run.code} " for run in bad]
    assert len(ended.lines) == 2
    assert all(text in line for text, line in zip(shown, ended.lines, strict=True))


def test_in_a_time_namespace(workloads: Workloads) -> None:
    """Its boot clock is not the kernel's; time_namespaces(7)."""
    program = workloads.renamed("nothing")
    command = ("unshare", "--time", "--boottime", "100000000", "--fork", "--kill-child=SIGINT", *WATCH)
    before = time.time(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    with watching("--filter", program.name, "--output-format", "json", "--count", "2", command=command) as monitor:
        Process(program).wait()
        ended = monitor.end(None).assert_complete()
    after = time.time(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert len(ended.lines) == 2
    for line in map(json.loads, ended.lines):
        assert before[1] < line["boot_ns"] < after[1]
        assert before[0] - 1 < datetime.fromisoformat(line["time"][:19] + "+00:00").timestamp() + 1 < after[0] + 2


HOSTILE = "\x1b[2J\r\n\udcff\u202e'"


@pytest.mark.parametrize("form", ["text", "json", "table"])
def test_hostile_words_are_shown_and_harmless(workloads: Workloads, scratch: Path, form: str) -> None:
    """Names, paths and arguments as an attacker would choose them, through the real command."""
    name = fresh_name()[:8] + "\n\x1b\udcff"
    program = workloads.renamed("open", name)
    with watching("--filter", f'"{name}"', "--output-format", form) as monitor:
        run = Process(program, "openat", "plain", -100, HOSTILE, 0, 0, 0, COUNT).wait()
        ended = monitor.end().assert_complete()
    assert run.code == 0
    assert all(line.isprintable() for line in ended.out.split("\n"))
    if form == "json":
        shown = [json.loads(line) for line in ended.lines]
        opens = [each for each in shown if each["event"] == "open" and "path_bytes" in each]
        assert [b64decode(each["path_bytes"]) for each in opens] == [os.fsencode(HOSTILE)] * COUNT
        assert {b64decode(each["comm_bytes"]) for each in shown} == {os.fsencode(name)}
        [execed] = [each for each in shown if each["event"] == "exec"]
        assert b64decode(execed["argv_bytes"][4]) == os.fsencode(HOSTILE)
    else:
        path = r"\x1b[2J\r\n\xff\u202e'"
        assert (
            ended.out.count(f" failed to open file {path}: ENOENT" if form == "text" else f" {path} [joined: ") == COUNT
        )
        assert ended.out.count(r"$'\x1b[2J\r\n\xff\xe2\x80\xae\''") == 1
        in_front = len(ended.lines) - (form == "table")  # of the head
        assert ended.out.count(rf" {name[:8]}\n\x1b{'…' if form == 'table' else chr(92) + 'xff'} ") == in_front


def test_a_copied_command_line_runs_the_same(workloads: Workloads, scratch: Path) -> None:
    name = f"{fresh_name()}=x"  # as if it were an assignment
    program = workloads.renamed("args", name)
    argv = [name, "-n", "", "two\nlines", "A=b", "it's", "\udcff\x1b", "$(exit)", "*", ""]
    with watching("--filter", name, "--events", "exec") as monitor:
        first = subprocess.run(argv, executable=program, stdout=subprocess.PIPE, check=True)
        ended = monitor.end().assert_complete()
    [line] = ended.lines
    command = line.partition(f" executed file {program}: ")[2]
    bash, environment = shutil.which("bash"), {"PATH": str(program.parent)}
    assert bash
    again = subprocess.run([bash], input=command.encode(), env=environment, stdout=subprocess.PIPE, check=True)
    assert first.stdout == b"".join(os.fsencode(word) + b"\0" for word in argv)
    assert again.stdout == first.stdout


def test_a_process_id_that_can_match_nothing_is_told(workloads: Workloads) -> None:
    """A thread's is not its process's."""
    nobody = run("watch", "--pid", str(2**22 + 7))
    assert nobody == Ended(2, "", f"onlooker: no such process: {2**22 + 7}\n\nhint: ps -e lists the processes\n")
    process = Process(workloads["exit"], "code", 0)
    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(threading.get_native_id).result()
        ended = run("watch", "--pid", str(thread))
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"onlooker: {thread} is a thread of process {os.getpid()} (")
        assert ended.err.endswith(f"\n\nhint: --pid {os.getpid()}\n")
        with watching("--pid", f"{process.pid} {thread}", "--events", "exit") as monitor:
            process.wait()
            ended = monitor.end().assert_complete()
    assert f"onlooker: warning: {thread} is a thread of process {os.getpid()} (" in ended.err
    assert len(ended.lines) == 1
