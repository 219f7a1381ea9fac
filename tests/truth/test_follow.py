"""Following a command shows what strace -f shows of the same run: forks, execs and opens."""

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from onlooker import Exec, Fork, Monitor, Open, TaskEvent

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="following needs root"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]

CALLS = "execve,execveat,open,openat,openat2,creat,fork,vfork,clone,clone3"
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(?: (E\w+))?.*")
Fact = tuple[str, int, str, str]

WORKLOADS = {
    "a daemon": "( setsid sh -c '( sleep 0.1; cat /etc/hostname; exit 23 ) &' & ) ; exit 5",
    "many at once": "for i in 1 2 3 4 5 6 7; do (cat /etc/hostname; cat /nowhere) & done; wait",
    "pipes": "ls / | sort | head -n 2; env sh -c 'nosuchprogram'; true",
    "a parent that ends first": "sh -c 'sh -c \"sleep 0.1; cat /etc/passwd\" & exit 0'; wait",
}


def told_by_strace(log: str) -> Counter[Fact]:
    """Each call as (what, process, path or child, errno). A call that was interrupted takes two lines."""
    facts: Counter[Fact] = Counter()
    begun: dict[str, str] = {}
    for line in log.splitlines():
        pid, rest = re.split(r" +", line, maxsplit=1)
        if rest.endswith(" <unfinished ...>"):
            begun[pid] = rest.removesuffix(" <unfinished ...>")
            continue
        if resumed := RESUMED.match(rest):
            rest = begun.pop(pid) + rest[resumed.end() :]
        if found := LINE.fullmatch(f"{pid} {rest}"):
            _, call, arguments, result, errno = found.groups()
            path = re.search(r'"([^"]*)"', arguments)
            if call.startswith(("clone", "fork", "vfork")):
                if "CLONE_THREAD" not in arguments:
                    facts["fork", int(pid), result, errno or ""] += 1
            elif path:
                facts["exec" if call.startswith("exec") else "open", int(pid), path[1], errno or ""] += 1
    return facts


@pytest.mark.parametrize("script", WORKLOADS.values(), ids=WORKLOADS)
def test_it_is_what_strace_shows(tmp_path: Path, script: str) -> None:
    log = tmp_path / "log"
    words = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-e",
        "signal=none",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(log),
        "sh",
        "-c",
    ]
    facts: Counter[Fact] = Counter()
    with Monitor(command=[*words, script], events=["fork", "exec", "open"]) as monitor:
        assert monitor.command
        for event in monitor:
            assert isinstance(event, TaskEvent)
            if event.pid == monitor.command.pid or event.comm == "strace":  # its own, and of its child before the exec
                continue
            if isinstance(event, Fork):
                facts["fork", event.pid, str(event.child_pid), ""] += 1
            elif isinstance(event, Exec | Open):
                facts[event.event, event.pid, event.path, event.errno or ""] += 1
        monitor.command.wait()
    assert monitor.stats().complete
    told = told_by_strace(log.read_text())
    assert sum(told.values()) > 10
    assert facts == told
