"""A monitor's beginning and end: what it attaches, that it lets go of all of it, and that it leaves no trace."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from onlooker import Exec, Exit, Monitor, Open
from onlooker.probe._libbpf import Probe
from onlooker.probe.attach import EVENT, METHODS, NOT_SEEN
from onlooker.probe.live import LiveSource

from .bpf import Ids, existing, gone, held_by, scratch_users
from .commands import started
from .conftest import Workloads
from .flavours import flavours, loadable, rings_may_be_skipped, sees_rings
from .running import DEADLINE_SECONDS, Process, collect, drain, run_workload

COUNT = 23
SURE = flavours()

CHILD = """
import sys, onlooker
monitor = onlooker.Monitor(comm=[sys.argv[1]], attach=sys.argv[2])
monitor.start()
print("ready", flush=True)
sys.stdin.read()
"""

# the parent says it is ready when its own child, which does nothing, lives
PARENT = """
import os, sys, onlooker
monitor = onlooker.Monitor(comm=[sys.argv[1]])
monitor.start()
if os.fork() == 0:
    assert monitor.ended
    try:
        monitor.poll(None)
    except onlooker.ForkedError:
        monitor.close()
    assert not monitor.stats().complete
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)
os.wait()
"""

# a fork by C code, of which Python does not know, that ends without having closed anything
C_FORK = """
import ctypes, onlooker, os, sys
monitor = onlooker.Monitor(comm=[os.path.basename(sys.argv[1])], attach=sys.argv[2])
monitor.start()
if not (child := ctypes.PyDLL(None).fork()):
    try:
        monitor.poll()
    except onlooker.ForkedError:
        del monitor
        sys.exit(23)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 23
os.posix_spawn(sys.argv[1], sys.argv[1:2], {})
os.wait()
monitor.stop()
print(*(event.event for event in monitor if event.event != "open"), monitor.stats().complete)
"""

# where debugfs is mounted and tracefs is not, looking into debugfs for it would mount it
HIDDEN = """
import ctypes, os, sys, onlooker
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 0x40000, 2
assert libc.unshare(CLONE_NEWNS) == 0
assert libc.mount(None, b"/sys", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) == 0
libc.umount2(b"/sys/kernel/tracing", MNT_DETACH)
libc.mount(b"debugfs", b"/sys/kernel/debug", b"debugfs", ctypes.c_ulong(0), None)
mounts = Path("/proc/self/mountinfo")
before = mounts.read_text()
with onlooker.Monitor(comm=[sys.argv[1]], attach="tracepoint") as monitor:
    assert monitor.attached
    assert mounts.read_text() == before
assert mounts.read_text() == before
"""


def special_mounts() -> list[str]:
    """Where a file system is mounted that a tracer could be tempted to mount."""
    lines = [line.partition(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    types = ("tracefs", "debugfs", "bpf")
    return [f"{before.split()[4]} {after.split()[0]}" for before, _, after in lines if after.split()[0] in types]


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def assert_held(ids: Ids) -> None:
    """That those of a running monitor are what they should be, so that their absence later means something."""
    types = [each for each, _ in ids]
    assert types.count("map") >= 4
    assert types.count("prog") >= 5
    assert types.count("link") >= 3
    assert ids <= existing()


@pytest.mark.parametrize("method", [method for method in loadable() if method != "fexit"])
def test_close_leaves_nothing(workloads: Workloads, method: str) -> None:
    mounts, before = special_mounts(), held_by(os.getpid())
    descriptors = open_descriptors()
    with Monitor(comm=[workloads.prefix], attach=method) as monitor:
        ids = held_by(os.getpid()) - before
        assert_held(ids)
        assert special_mounts() == mounts
    assert held_by(os.getpid()) == before
    assert open_descriptors() == descriptors
    assert gone(ids)
    assert special_mounts() == mounts
    monitor.close()  # may be called again
    assert monitor.ended


@contextmanager
def killed(*command: str) -> Iterator[Ids]:
    """What a monitor held that was started by the command, said that it is ready, and was killed. Until the block ends,
    its standard input stays open for a child that it may have left.
    """
    with started(sys.executable, "-c", *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as monitor:
        assert monitor.stdout
        assert monitor.stdout.readline() == b"ready\n"
        ids = held_by(monitor.pid)
        assert_held(ids)
        monitor.kill()
        assert monitor.wait() == -signal.SIGKILL
        yield ids


@pytest.mark.parametrize("method", [method for method in loadable() if method != "fexit"])
def test_a_killed_monitor_leaves_nothing(workloads: Workloads, method: str) -> None:
    mounts = special_mounts()
    with killed(CHILD, workloads.prefix, method) as ids:
        assert gone(ids)
    assert special_mounts() == mounts


def test_a_child_of_a_killed_monitor_does_not_keep_it_alive(workloads: Workloads) -> None:
    with killed(PARENT, workloads.prefix) as ids:
        assert gone(ids)


@pytest.mark.parametrize("method", SURE)
def test_a_fork_by_c_code_ends_and_does_not_disturb(workloads: Workloads, method: str) -> None:
    program = workloads.renamed("nothing")
    command = [sys.executable, "-c", C_FORK, program, method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert (done.stdout, done.stderr) == ("exec exit True\n", "")


def test_nothing_is_mounted_by_looking_for_tracefs(workloads: Workloads) -> None:
    mounts = special_mounts()
    subprocess.run([sys.executable, "-c", HIDDEN, workloads.prefix], check=True)
    assert special_mounts() == mounts


@pytest.mark.parametrize("method", [method for method in loadable() if method != "fexit"])
def test_what_is_attached_is_told(workloads: Workloads, method: str) -> None:
    """Events of processes have no tracepoints of calls: they are observed as without --attach."""
    of_processes = METHODS[SURE[0] if method == "tracepoint" else method]
    with Monitor(comm=[workloads.prefix], attach=method) as monitor:
        assert monitor.attached
        for each in monitor.attached:
            assert each.why
            if each.purpose == "io_uring" and not sees_rings():
                assert (each.method, each.programs) == (NOT_SEEN, ())
                continue
            calls = each.event == "open" or (each.event, each.purpose) == ("exec", "failure")
            assert each.programs
            if each.purpose == "io_uring":
                assert each.method == (EVENT if rings_may_be_skipped() and method != "raw" else METHODS["raw"])
            else:
                assert each.method == (METHODS[method] if calls else of_processes)
        assert {each.event for each in monitor.attached} == {"fork", "exec", "exit", "open"}


def test_only_what_is_wanted_is_attached(workloads: Workloads) -> None:
    with Monitor(comm=[workloads.prefix], events=["exit"]) as monitor:
        assert [each.event for each in monitor.attached] == ["exit"]
    with Monitor(comm=[workloads.prefix], events=["exec"], failed=True) as monitor:
        assert [(each.event, each.purpose) for each in monitor.attached] == [("exec", "failure")]


def test_from_the_start_to_the_stop(workloads: Workloads) -> None:
    """Everything between the two, and nothing else."""
    program = workloads.renamed("nothing")
    with Monitor(events=["exec", "exit"], comm=[program.name]) as monitor:
        runs = [Process(program).wait() for _ in range(COUNT)]
        monitor.stop()
        assert not monitor.ended
        events = drain(monitor)
        assert monitor.ended
        Process(program).wait()
        assert drain(monitor) == []
        assert monitor.stats().complete
    types = [(type(event), event.pid) for event in events if isinstance(event, Exec | Exit)]
    assert types == [pair for run in runs for pair in ((Exec, run.pid), (Exit, run.pid))]


@pytest.mark.parametrize("batches", [False, True], ids=["iterated", "polled"])
def test_what_was_not_read_is_counted(workloads: Workloads, batches: bool) -> None:
    """In the batch that was begun, in the backlog and in the ring; and such a monitor is never complete."""
    program = workloads.renamed("nothing")
    with Monitor(events=["exec", "exit"], comm=[program.name]) as monitor:
        for _ in range(COUNT):
            Process(program).wait()
        seen = len(monitor.poll(None)) if batches else sum(1 for _ in zip(range(3), monitor, strict=False))
        for _ in range(COUNT):
            Process(program).wait()
    stats = monitor.stats()
    assert (sum(stats.events.values()), stats.unread, stats.lost) == (seen, 4 * COUNT - seen, {})
    assert not stats.complete
    with Monitor(events=["exec"], comm=[program.name]) as monitor:
        pass
    assert not monitor.stats().complete


def test_skipped_programs_are_counted_at_the_end(workloads: Workloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short it was."""
    real, asked = LiveSource._misses, []

    def misses(source: LiveSource, probe: Probe) -> dict[str, int]:
        asked.append(None)
        return {name: count + 5 * (len(asked) > 1) for name, count in real(source, probe).items()}

    monkeypatch.setattr(LiveSource, "_misses", misses)
    with Monitor(events=["exit"], comm=[workloads.prefix]) as monitor:
        programs = sum(len(attachment.programs) for attachment in monitor.attached)
    assert monitor.stats().lost == {("exit", "recursion"): 5 * programs}


def test_iteration_ends_at_a_stop_by_another_thread(workloads: Workloads) -> None:
    program = workloads.renamed("nothing")
    with Monitor(events=["exit"], comm=[program.name]) as monitor:

        def work() -> None:
            for _ in range(COUNT):
                Process(program).wait()
            monitor.stop()

        thread = threading.Thread(target=work)
        thread.start()
        assert len(list(monitor)) == COUNT
        thread.join()


def test_monitors_do_not_disturb_each_other(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], attach=SURE[-1]) as one, Monitor(comm=[program.name], attach=SURE[0]) as other:
        process = Process(program, "openat", "plain", -100, "/", 0, 0, 0, COUNT)
        run, [run.events, others] = collect(process, [one, other])
        assert len(run.opens()) == COUNT
        assert [type(event) for event in others] == [type(event) for event in run.events]
        one.close()
        run = run_workload(other, program, "openat", "plain", -100, "/", 0, 0, 0, COUNT)
        assert len(run.opens()) == COUNT
        assert all(isinstance(event, Exec | Exit | Open) for event in run.events)


@pytest.mark.parametrize("method", SURE)
def test_memory_for_records_is_given_back(workloads: Workloads, method: str) -> None:
    """Programs interrupt each other on one cpu, so each takes memory that nobody is using, and gives it back before it
    returns: also where it reports nothing.
    """
    program = workloads.renamed("mixed")
    with Monitor(events=["all"], comm=[program.name], attach=method) as monitor:
        run = run_workload(monitor, program, 1000)
        assert run.of(Exec)
        assert run.of(Open)
        assert set(scratch_users(monitor)) == {0}
