"""After attaching, no thread of the command has a capability that it does not need, nor a way to get one."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.probe import kernel
from onlooker.probe.rights import READERS, mask

from .commands import wait_until, watching
from .conftest import Workloads
from .flavours import flavours
from .running import Process

COUNT = 23
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# Linux 5.19 lets everybody read maps that he has a descriptor of, and got this function in the same release
ALLOWED = {0} if kernel.btf_has("bpf_kptr_xchg") else {0, mask(READERS)}


def rights(pid: int) -> list[dict[str, int]]:
    """The sets of each thread, and NoNewPrivs; not of one that ends meanwhile, as a timer of another test does."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            status = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        lines = {name: re.search(rf"^{name}:\s*(\w+)$", status, re.MULTILINE) for name in (*SETS, "NoNewPrivs")}
        found.append({name: int(match[1], 16) for name, match in lines.items() if match})
    return found


@pytest.mark.parametrize("method", flavours())
def test_no_thread_keeps_what_it_does_not_need(workloads: Workloads, method: str) -> None:
    """And it still sees, counts and says everything."""
    program = workloads.renamed("open")
    options = ["--duration", "1h", "--attach", method]  # by a thread
    with watching("--filter", program.name, "--events", "open", *options) as monitor:
        pid = monitor.process.pid
        wait_until(lambda: len(rights(pid)) >= 3)  # the ring's reader, and the one that waits for the duration
        found = rights(pid)
        for each in found:
            assert each["CapInh"] == each["CapAmb"] == 0
            assert each["CapPrm"] == each["CapEff"]
            assert each["CapEff"] in ALLOWED
            assert each["CapBnd"] == each["CapEff"]
            assert each["NoNewPrivs"] == 1
        Process(program, "openat", "plain", -100, "/", 0, 0, 0, COUNT).wait()
        ended = monitor.end().assert_complete()
    assert ended.out.count(" opened file /\n") >= COUNT
    assert " open" in ended.verdict[0]


def test_a_library_keeps_the_rights_of_its_program(workloads: Workloads) -> None:
    before, *others = rights(os.getpid())
    assert all(each == before for each in others)
    with Monitor(comm=[workloads["nothing"].name]):
        assert all(each == before for each in rights(os.getpid()))
    assert all(each == before for each in rights(os.getpid()))


LEAST = """
import sys
from onlooker import Monitor
with Monitor(comm=[sys.argv[1]], events=["exit"], least_rights=True) as monitor:
    print("watching", flush=True)
    sys.stdin.readline()
    monitor.stop()
    print(len(list(monitor)), monitor.stats().complete)
"""


def test_a_library_gives_them_up_where_it_is_told_to(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    command = [sys.executable, "-c", LEAST, program.name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "watching\n"
        assert {each["CapEff"] for each in rights(process.pid)} <= ALLOWED
        Process(program).wait()
        out, _ = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == ("1 True\n", 0)


def test_a_file_is_opened_again_without_them(workloads: Workloads, scratch: Path) -> None:
    program, out = workloads.renamed("nothing"), scratch / "out"
    with watching("--filter", program.name, "--events", "exec", "-o", str(out)) as monitor:
        Process(program).wait()
        wait_until(lambda: out.stat().st_size > 0)
        out.rename(scratch / "old")
        monitor.process.send_signal(signal.SIGHUP)
        wait_until(out.exists)
        Process(program).wait()
        ended = monitor.end().assert_complete()
    assert ended.out == "" and "warning" not in ended.err
    assert [(scratch / name).read_text().count("\n") for name in ("old", "out")] == [1, 1]


@pytest.mark.parametrize("whose", ["directory", "file"])
def test_a_file_that_will_not_be_opened_again_is_told(workloads: Workloads, scratch: Path, whose: str) -> None:
    """Before, root may do all; afterwards another user's file is another user's."""
    out = scratch / "out"
    out.touch(mode=0o600)
    os.chown(scratch if whose == "directory" else out, 65534, 65534)
    with watching("--filter", workloads["nothing"].name, "-o", str(out)) as monitor:
        ended = monitor.end().assert_complete()
    what = f"its directory '{scratch}'" if whose == "directory" else "it"
    assert f"warning: after SIGHUP '{out}' can't be opened again: {what} is another user's\n" in ended.err


@pytest.mark.parametrize(
    ("whose", "may"), [("directory", "write to"), ("file", "write to"), ("unsearchable", "open files in")]
)
def test_a_mode_that_keeps_its_owner_out_is_told(workloads: Workloads, scratch: Path, whose: str, may: str) -> None:
    """Root, without capabilities, is an owner like others."""
    out = scratch / "out"
    out.touch(mode=0o400 if whose == "file" else 0o600)
    if whose != "file":
        scratch.chmod(0o600 if whose == "unsearchable" else 0o500)
    with watching("--filter", workloads["nothing"].name, "-o", str(out)) as monitor:
        ended = monitor.end().assert_complete()
    what = "it" if whose == "file" else f"its directory '{scratch}'"
    why = f"{what} does not let its owner {may} it, and onlooker has given up root's right to do so"
    assert f"warning: after SIGHUP '{out}' can't be opened again: {why}\n" in ended.err
