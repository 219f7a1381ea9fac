"""Messages for an ordinary user, what two capabilities allow, and a container's namespaces."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import onlooker
from onlooker.probe import kernel
from onlooker.probe.kernel import CAPABILITIES

from .commands import Ended, run, watching
from .conftest import Workloads, fresh_name
from .flavours import flavours, may_be_skipped, sees_rings
from .running import Process

COUNT = 23
BPF_AND_PERFMON = f"{CAPABILITIES['CAP_BPF']},{CAPABILITIES['CAP_PERFMON']}"
UNSHARE = ("unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork", "--mount-proc")

# watches its own name, opens files, and starts a program of the same name
NAMED = f"""
import os, sys, onlooker
from pathlib import Path
name = Path("/proc/self/comm").read_text().strip()
with onlooker.Monitor(comm=[name], threads=True) as monitor:
    for _ in range({COUNT}):
        os.close(os.open("/", os.O_RDONLY))
    child = os.posix_spawn(sys.argv[1], sys.argv[1:], {{}})
    os.waitpid(child, 0)
    monitor.stop()
    events = list(monitor)
print(name, os.getpid(), child, sorted({{(event.comm, event.ns_pid) for event in events}}))
print(*(event.event for event in events if event.event != "open"))
"""


@pytest.fixture(scope="module")
def package(workloads: Workloads) -> Path:
    """A copy of the package that everybody may read."""
    return Path(
        shutil.copytree(onlooker.__path__[0], workloads.directory / "copy" / "onlooker", dirs_exist_ok=True)
    ).parent


@pytest.fixture
def env(package: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(package)}


def nobody(capabilities: str) -> tuple[str, ...]:
    """The command, run by nobody(65534) with these capabilities only."""
    return (sys.executable, str(Path(__file__).with_name("unprivileged.py")), capabilities)


@pytest.mark.parametrize(
    ("has", "missing"),
    [
        ("", "CAP_BPF and CAP_PERFMON are"),
        ("CAP_BPF", "CAP_PERFMON is"),
        ("CAP_PERFMON", "CAP_BPF is"),
    ],
)
def test_an_ordinary_user_is_told_what_is_missing(env: dict[str, str], has: str, missing: str) -> None:
    command = nobody(str(CAPABILITIES[has]) if has else "")
    ended = run("watch", command=command, env=env)
    said = f"onlooker: not permitted to observe the kernel: {missing} missing\n\n"
    assert ended == Ended(3, "", f"{said}hint: run it as root: sudo onlooker watch\n")


def test_the_doctor_tells_an_ordinary_user(env: dict[str, str]) -> None:
    ended = run("doctor", "--output-format", "json", command=nobody(""), env=env)
    found = json.loads(ended.out)
    assert (ended.code, ended.err, found["able"], found["attached"]) == (3, "", False, [])
    [failed] = [check for check in found["checks"] if check["status"] == "failed"]
    assert failed == {
        "name": "capabilities",
        "status": "failed",
        "result": "missing: CAP_BPF, CAP_PERFMON",
        "cost": "nothing can be watched",
        "remedy": "sudo onlooker doctor",
    }


def test_two_capabilities_are_enough(workloads: Workloads, env: dict[str, str]) -> None:
    """They do not include tracefs. Only io_uring on kernels that lack its tracepoints is warned of."""
    program = workloads.renamed("open")
    command = (*nobody(BPF_AND_PERFMON), "watch")
    with watching("--events", "open", "--filter", program.name, command=command, env=env) as monitor:
        run_ = Process(program, "openat", "plain", -100, "/", 0, 0, 0, COUNT).wait()
        ended = monitor.end().assert_complete()
    line = re.compile(rf"\[.*\] Process {program.name} \(PID:{run_.pid}\) opened file /")
    assert sum(1 for text in ended.lines if line.fullmatch(text)) == COUNT
    *warnings, began, _, _, _ = ended.err.splitlines()
    assert began == "onlooker: watching open of some processes; Ctrl-C ends it"
    assert all("warning: this run does not see files opened through io_uring" in line for line in warnings)
    assert not warnings or not kernel.btf_has("btf_trace_io_uring_submit_req")


def test_what_a_forced_method_does_not_see_is_told(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    with watching("--attach", "tracepoint", "--events", "open", "--filter", program.name) as monitor:
        Process(program, "openat", "plain", -100, "/", 0, 0, 0, 1).wait()
        ended = monitor.end()
    if "tracepoint" in flavours():
        ended.assert_complete()
    warnings = [line for line in ended.err.splitlines() if line.startswith("onlooker: warning: ")]
    expected = []
    if not may_be_skipped():  # where it may, others look at 32-bit calls
        how = "it observes open (success and failure) by system call tracepoints"
        expected.append(f"onlooker: warning: this run does not see 32-bit system calls: {how}")
    if not sees_rings():
        expected.append("onlooker: warning: this run does not see files opened through io_uring: ")
    assert len(warnings) == len(expected)
    assert all(line.startswith(begin) for line, begin in zip(warnings, expected, strict=True))
    assert "onlooker: watching open of some processes; Ctrl-C ends it" in ended.err.splitlines()


def test_the_doctor_tells_what_two_capabilities_cost(env: dict[str, str]) -> None:
    ended = run("doctor", "--output-format", "json", command=nobody(BPF_AND_PERFMON), env=env)
    found = json.loads(ended.out)
    assert (ended.code, found["able"]) == (0, True)
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["capabilities"]["result"] == "CAP_PERFMON, CAP_BPF"
    assert checks["tracefs"]["status"] == "limited"
    assert checks["tracefs"]["result"].startswith("can't be read or mounted: ")
    assert "--attach tracepoint" in checks["tracefs"]["cost"]
    assert checks["tracefs"]["remedy"] == "run it as root: sudo onlooker"
    assert checks["probe"]["status"] == "ok"
    methods = {each["method"] for each in found["attached"] if each["purpose"] != "io_uring"}
    assert methods == {"function probes" if may_be_skipped() else "raw tracepoint"}


def test_in_a_pid_namespace_its_own_events_are_not_shown(workloads: Workloads, env: dict[str, str]) -> None:
    """Nor are those of its threads; those of a child of the same name are."""
    name = fresh_name()
    python = workloads.directory / "bin" / name
    python.parent.mkdir(exist_ok=True)
    python.symlink_to(sys.executable)
    program = workloads.directory / "same" / name
    program.parent.mkdir(exist_ok=True)
    shutil.copy(workloads["nothing"], program)
    env = {**env, "PYTHONPATH": os.pathsep.join(filter(None, (env["PYTHONPATH"], *sys.path)))}
    done = subprocess.run(
        [*UNSHARE, python, "-c", NAMED, program], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    who, what = done.stdout.splitlines()
    child = int(who.split()[2])
    assert child > 1
    assert who == f"{name} 1 {child} [('{name}', {child})]"
    assert what == "exec exit"


def test_the_doctor_notes_a_pid_namespace() -> None:
    ended = run("doctor", "--output-format", "json", command=(*UNSHARE, sys.executable, "-m", "onlooker"))
    assert ended.code == 0
    [check] = [check for check in json.loads(ended.out)["checks"] if check["name"] == "process ids"]
    assert (check["status"], check["result"]) == ("limited", "a pid namespace with ids of its own")
    assert check["cost"] == "pid and ppid are the machine's, not those of ps"


def test_a_forced_way_that_needs_more_says_so(env: dict[str, str]) -> None:
    command = nobody(BPF_AND_PERFMON)
    ended = run("watch", "--attach", "tracepoint", "--events", "open", command=command, env=env)
    said = (
        r"onlooker: cannot observe open events by tracepoint on this kernel: "
        r"(?:.*; )?syscalls/sys_exit_\w+: tracefs can't be used: (Operation not permitted|Permission denied)\n\n"
        "hint: leave out --attach; onlooker doctor says what works here\n"
    )
    assert (ended.code, ended.out) == (3, "")
    assert re.fullmatch(said, ended.err), ended.err
