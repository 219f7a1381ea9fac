"""Fork events: how, by whom, and what was created."""

import os
import platform
import subprocess
import time
from pathlib import Path
from signal import SIGCHLD, SIGURG

import pytest

from onlooker import Event, Exec, Exit, Fork, Monitor, Open
from onlooker.probe import kernel

from .bpf import kernel_thread
from .commands import wait_until
from .conftest import Workloads
from .mounts import in_a_chroot
from .running import DEADLINE_SECONDS, Process, Run, drain, run_workload

COUNT = 23
LIVES = 523
CLONE_FS, CLONE_FILES, CLONE_PARENT, CLONE_IO, CLONE_CLEAR_SIGHAND = 0x200, 0x400, 0x8000, 0x80000000, 0x100000000

CALLS = [
    ("clone", CLONE_FS, SIGCHLD, ("CLONE_FS", "SIGCHLD")),
    ("clone", CLONE_IO | CLONE_FILES, SIGURG, ("CLONE_FILES", "CLONE_IO", "SIGURG")),
    ("clone", 0, 0, ()),
    ("clone3", CLONE_CLEAR_SIGHAND | CLONE_FS, SIGCHLD, ("CLONE_FS", "CLONE_CLEAR_SIGHAND", "SIGCHLD")),
    ("clone3", 0, 0, ()),
]
if platform.machine() == "x86_64":  # the other calls are older than other machines
    CALLS += [
        ("fork", 0, 0, ("SIGCHLD",)),
        ("vfork", 0, 0, ("CLONE_VM", "CLONE_VFORK", "SIGCHLD")),
    ]


@pytest.mark.parametrize(("call", "flags", "signal", "names"), CALLS)
def test_a_process_is_created(
    monitor: Monitor, workloads: Workloads, call: str, flags: int, signal: int, names: tuple[str, ...]
) -> None:
    run = run_workload(monitor, workloads["fork"], call, COUNT, flags, signal)
    assert len(run.forks) == len(run.numbers) == COUNT
    for fork, child in zip(run.forks, run.numbers, strict=True):
        assert (fork.pid, fork.tid, fork.ppid) == (run.pid, run.pid, os.getpid())
        assert (fork.syscall, fork.clone_flags) == (call, names)
        assert (fork.child_pid, fork.child_tid) == (child, child)
        assert (fork.thread, fork.kernel, fork.cut) == (False, False, ())
        ended = run.only(Exit, child)
        assert (ended.start_ns, ended.ppid, ended.exit_code) == (fork.child_start_ns, run.pid, 0)
        assert fork.start_ns < fork.child_start_ns <= fork.boot_ns < ended.boot_ns
    assert len({fork.child_start_ns for fork in run.forks}) == COUNT


def test_a_sibling_has_the_parent_of_its_creator(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["fork"], "clone", 1, CLONE_PARENT)
    [child] = run.numbers
    os.waitpid(child, 0)
    run.events += drain(monitor)
    fork = run.only(Fork)
    assert (fork.pid, fork.child_pid, fork.clone_flags) == (run.pid, child, ("CLONE_PARENT",))
    assert fork.child_ppid == os.getpid()
    assert run.only(Exit, child).ppid == os.getpid()


def test_threads_are_not_shown(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["fork"], "thread", COUNT)
    assert len(run.numbers) == COUNT
    assert run.forks == []
    assert run.exits == [run.only(Exit, run.pid)]


def test_threads_are_shown_on_request(workloads: Workloads) -> None:
    program = workloads.renamed("fork")
    with Monitor(comm=[program.name], threads=True) as monitor:
        run = run_workload(monitor, program, "thread", COUNT)
    assert [fork.child_tid for fork in run.forks] == run.numbers
    for fork in run.forks:
        assert (fork.thread, fork.kernel, fork.cut) == (True, False, ())
        assert (fork.pid, fork.tid, fork.child_pid) == (run.pid, run.pid, run.pid)
        assert fork.syscall in ("clone", "clone3")  # the C library's choice
        assert {"CLONE_THREAD", "CLONE_VM", "CLONE_SIGHAND"} <= set(fork.clone_flags)
        assert fork.child_start_ns > fork.start_ns
    assert run.exits == [run.only(Exit, run.pid)]  # a thread's end is not the process's


@pytest.mark.skipif(
    kernel.version(kernel.release()) < (5, 12), reason="before, io_uring's workers are the kernel's own"
)
def test_a_ring_s_workers_are_threads(workloads: Workloads, scratch: Path) -> None:
    """The kernel makes them for the process, without a call of it, and not by way of kernel_clone."""
    program = workloads.renamed("rings")
    os.mkfifo("fifo")
    steps = (
        "ring",
        8,
        8,
        *("open", 1, "a", "fifo") * 3,
        "submit",
        "mark",
        "ready",
        "begin",
        "write",
        "fifo",
        "reap",
        3,
    )
    with Monitor(comm=[program.name], events=["fork"], threads=True) as monitor:
        process = Process(program, *steps)
        wait_until(Path("ready").exists)
        workers = {int(path.name) for path in Path(f"/proc/{process.pid}/task").iterdir()} - {process.pid}
        run = process.wait()
        run.events = drain(monitor)
    assert workers
    assert workers <= {fork.child_tid for fork in run.forks}
    assert len({fork.child_tid for fork in run.forks}) == len(run.forks)
    assert {(f.pid, f.child_pid, f.thread, f.kernel, f.syscall) for f in run.forks} == {
        (run.pid, run.pid, True, False, None)
    }


def test_a_thread_creates_a_process(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["fork"], "from-thread", COUNT)
    assert [fork.child_pid for fork in run.forks] == run.numbers
    for fork in run.forks:
        assert fork.pid == fork.child_ppid == run.pid != fork.tid
        assert not fork.thread
        assert run.only(Exit, fork.child_pid).ppid == run.pid


def test_a_thread_that_ended_before_its_child(monitor: Monitor, workloads: Workloads) -> None:
    """The kernel then notes another thread as the parent; it is still that process."""
    run = run_workload(monitor, workloads["fork"], "from-ended-thread", COUNT)
    assert [fork.child_pid for fork in run.forks] == run.numbers
    for fork in run.forks:
        assert fork.pid == fork.child_ppid == run.pid != fork.tid
        assert run.only(Exit, fork.child_pid).ppid == run.pid


def test_an_orphan(monitor: Monitor, workloads: Workloads) -> None:
    """Its next parent is the nearest subreaper (prctl(2)), not process 1."""
    run = run_workload(monitor, workloads["fork"], "orphan", 1)
    child, grandchild = run.numbers
    assert [(fork.pid, fork.child_pid) for fork in run.forks] == [(run.pid, child), (child, grandchild)]
    assert [(event.path, event.ppid) for event in run.of(Open, grandchild)] == [("before", child), ("after", run.pid)]
    assert run.only(Exit, grandchild).ppid == run.pid
    assert {event.start_ns for event in run.events if event.pid == grandchild} == {run.forks[1].child_start_ns}


def test_a_process_id_that_comes_again(monitor: Monitor, workloads: Workloads) -> None:
    """Only together with the start it says which process is meant."""
    run = run_workload(monitor, workloads["fork"], "same-id", COUNT)
    assert [fork.child_pid for fork in run.forks] == run.numbers == run.numbers[:1] * COUNT
    starts = [fork.child_start_ns for fork in run.forks]
    assert len(set(starts)) == COUNT
    assert [(event.pid, event.start_ns) for event in run.exits[:-1]] == [(run.numbers[0], each) for each in starts]


def test_the_creation_comes_first(monitor: Monitor, workloads: Workloads) -> None:
    """Whichever cpu the child runs on, and however soon."""
    run = run_workload(monitor, workloads["fork"], "fork", LIVES)
    at: dict[int, list[type[Event]]] = {}
    for event in run.events:
        at.setdefault(event.child_pid if isinstance(event, Fork) else event.pid, []).append(type(event))
    assert len(at) == LIVES + 1
    assert all(at[child] == [Fork, Exit] for child in run.numbers)


def test_a_kernel_thread() -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    events: list[Event] = []
    with Monitor(events=["fork", "exit"], comm=["kthreadd", "cpumap/*"]) as monitor:
        with kernel_thread() as name:
            pass
        ends: list[Exit] = []
        while not ends:
            assert time.monotonic() < deadline
            events += monitor.poll(0.1)
            ends = [event for event in events if isinstance(event, Exit) and event.comm == name[:15]]
    [ended] = ends
    [fork] = [event for event in events if isinstance(event, Fork) and event.child_pid == ended.pid]
    assert (fork.kernel, fork.thread, fork.syscall, fork.clone_flags, fork.cut) == (True, False, None, (), ())
    assert (fork.comm, fork.pid, fork.ppid) == ("kthreadd", 2, 0)
    assert (ended.start_ns, ended.ppid) == (fork.child_start_ns, fork.pid)


def run_as_release_agent(program: Path, scratch: Path) -> None:
    """Make the kernel execute it as the release agent of an empty cgroup, in a hierarchy for this test; cgroups(7)."""
    script = f"""
        set -e
        mount_it() {{ mount -t cgroup -o none,name={program.name} none "$0"; }}
        mount_it
        echo {program} > "$0/release_agent"
        mkdir "$0/emptied"
        echo 1 > "$0/emptied/notify_on_release"
        sh -c 'echo $$ > "$0/emptied/cgroup.procs"' "$0"
        until rmdir "$0/emptied" 2> /dev/null; do sleep 0.01; done
        umount "$0"
        # An umount makes the kernel forget the hierarchy, in a moment, if the cgroup was really gone, else the next
        # umount does. A mount too soon would only make a new one, to wait for again.
        is_known() {{ grep -q ":name={program.name}:" /proc/self/cgroup; }}
        while is_known; do
            tries=0
            while is_known && [ "$((tries += 1))" -le 100 ]; do sleep 0.02; done
            if is_known; then mount_it; umount "$0"; fi
        done
    """
    command = ["unshare", "--mount", "sh", "-c", script, str(scratch)]
    subprocess.run(command, check=True, timeout=DEADLINE_SECONDS)


@pytest.mark.skipif(in_a_chroot(), reason="the kernel starts programs from the machine's own root")
def test_a_program_that_the_kernel_starts(workloads: Workloads, scratch: Path) -> None:
    """It is a process as any other, although its parent is the creator of kernel threads."""
    agent = workloads.renamed("nothing")
    deadline = time.monotonic() + DEADLINE_SECONDS
    events: list[Event] = []
    with Monitor(comm=["kworker/*", agent.name], events=["fork", "exec", "exit"]) as monitor:
        run_as_release_agent(agent, scratch)
        while not any(isinstance(event, Exit) and event.comm == agent.name for event in events):
            assert time.monotonic() < deadline
            events += monitor.poll(0.1)
    run = Run(0, 0, "", events)
    [execed], [ended] = run.of(Exec), [event for event in run.exits if event.comm == agent.name]
    assert (execed.path, execed.argv) == (str(agent), (str(agent), "/emptied"))
    assert (execed.pid, execed.ppid, execed.start_ns) == (ended.pid, 2, ended.start_ns)
    assert (ended.exit_code, ended.uid) == (0, 0)
    [fork] = [fork for fork in run.forks if fork.child_pid == execed.pid]
    assert (fork.thread, fork.syscall, fork.comm.startswith("kworker/")) == (False, None, True)
    assert fork.child_ppid == 2 != fork.pid
    # before Linux 5.19 it is a kernel thread until it executes: user_mode_thread, kernel/fork.c
    assert fork.kernel == (kernel.version(kernel.release()) < (5, 19))


@pytest.mark.parametrize("how", ["child", "vfork"])
def test_a_life_is_told_in_order(monitor: Monitor, workloads: Workloads, how: str) -> None:
    """Also where the creator goes on only when the child has executed."""
    opening = [workloads["open"], "openat", "plain", -100, "/", 0, 0, 0, 1]
    run = run_workload(monitor, workloads["exec"], how, 0, 0, opening[0], *opening)
    child = run.only(Fork).child_pid
    life = [event for event in run.events if child in (getattr(event, "pid", 0), getattr(event, "child_pid", 0))]
    types = [type(event) for event in life]
    opens = types.count(Open)
    assert opens >= 2
    assert types == [Fork, Exec, *[Open] * opens, Exit]
    assert [event.boot_ns for event in life] == sorted(event.boot_ns for event in life)


def test_a_process_keeps_its_start(monitor: Monitor, workloads: Workloads) -> None:
    runs = [
        run_workload(monitor, workloads["exec"], "child", 0, 0, workloads["nothing"], "nothing") for _ in range(COUNT)
    ]
    starts = set()
    for run in runs:
        child = run.only(Fork).child_pid
        [start] = {event.start_ns for event in run.events if event.pid == run.pid}
        [child_start] = {event.start_ns for event in run.events if event.pid == child}
        assert child_start == run.only(Fork).child_start_ns > start
        starts |= {start, child_start}
    assert len(starts) == 2 * COUNT
