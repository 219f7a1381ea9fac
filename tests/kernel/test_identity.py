"""The process, place and time in every event."""

import calendar
import os
import time
from pathlib import Path

from onlooker import Event, Exec, Exit, Fork, Monitor, Open

from .conftest import Workloads, fresh_name
from .running import DEADLINE_SECONDS, Process, collect, run_workload

COUNT = 23
SLACK_NS = 50_000_000


def test_users_and_groups_are_the_real_ones(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["identity"], 2323, 2424)
    before = run.only(Exec)
    assert (before.uid, before.gid) == (os.getuid(), os.getgid())
    after = [*run.opens(), *run.forks, *run.exits]
    assert {(event.uid, event.gid) for event in after} == {(2323, 2424)}


def test_who_logged_in(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Where it is set, or the kernel has no audit (CONFIG_AUDIT) and no such file."""
    script = 'echo 2525 >/proc/self/loginuid; cat /proc/self/sessionid >session; exec "$@"'
    run = run_workload(
        monitor, workloads["exec"], "execve", 0, 0, workloads["nothing"], under=["sh", "-c", script, "sh"]
    )
    run_failed = run_workload(monitor, workloads["exec"], "execve", 0, 0, "missing", under=["sh", "-c", script, "sh"])
    session = (scratch / "session").read_text()
    expected = (2525, int(session)) if session else (None, None)
    assert (run.execs()[0].loginuid, run_failed.execs()[0].loginuid) == (expected[0],) * 2
    assert run_failed.execs()[0].session == expected[1]
    if session and Path("/proc/self/loginuid").read_text() == str(2**32 - 1):
        assert run_workload(monitor, workloads["nothing"]).only(Exec).loginuid is None


def test_pid_namespaces(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["identity"], 0, 0)
    inside, *children = run.numbers
    assert children == [1, 1]
    child, grandchild = (fork.child_pid for fork in run.forks)
    assert len({run.pid, child, grandchild}) == 3
    ids = {(event.pid, event.ppid, event.ns_pid) for event in [*run.of(Open), *run.forks, *run.exits]}
    assert ids == {(run.pid, os.getpid(), inside), (child, run.pid, 1), (grandchild, child, 1)}
    assert [event.path for event in run.of(Open, child)] == ["child"]
    assert [event.path for event in run.of(Open, grandchild)] == ["grandchild"]
    assert [event.pid for event in run.exits] == [grandchild, child, run.pid]


def test_the_parent_is_who_started_it(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["open"], "openat", "plain", -100, "/", 0, 0, 0, COUNT)
    assert {(event.pid, event.tid, event.ppid) for event in run.of(Open)} == {(run.pid, run.pid, os.getpid())}


def test_the_cgroup(monitor: Monitor, workloads: Workloads) -> None:
    process = Process(workloads["open"], "openat", "plain", -100, "/", 0, 0, 0, COUNT)
    mounted = cgroup_mount()
    own = mounted / own_cgroup() if mounted else None
    made = own / fresh_name() if own and os.access(own, os.W_OK) else None
    if made:
        made.mkdir()
    try:
        if made:
            (made / "cgroup.procs").write_text(str(process.pid))
        run, [run.events] = collect(process, [monitor])
        expected = (made or own).stat().st_ino if own else None
    finally:
        if made:
            remove_cgroup(made)
    found = {event.cgroup_id for event in [*run.opens(), *run.exits]}
    assert len(run.opens()) == COUNT
    assert found == {expected} if expected else 0 not in found


def cgroup_mount() -> Path | None:
    """Where the version 2 hierarchy is mounted as a whole; proc(5), mountinfo."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, mount_point = before.split()[3:5]
        if after.split()[0] == "cgroup2" and root == "/":
            return Path(mount_point)
    return None


def own_cgroup() -> str:
    """Below the mount; cgroups(7): the line of the version 2 hierarchy is the one with number 0."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next(line.removeprefix("0::/") for line in lines if line.startswith("0::/"))


def remove_cgroup(directory: Path) -> None:
    """The kernel may still count the process that has just ended."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            directory.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            os.sched_yield()
        else:
            return


def wall_ns(event: Event) -> int:
    """The event's time in nanoseconds since 1970."""
    second, _, fraction = event.time.partition(".")
    assert len(fraction) == 10
    assert fraction[-1] == "Z"
    return calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction[:-1])


def test_times(monitor: Monitor, workloads: Workloads) -> None:
    boot, wall = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns()
    run = run_workload(monitor, workloads["exec"], "child", 0, 0, workloads["nothing"], "nothing")
    boot_after, wall_after = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns()
    assert {type(event) for event in run.events} == {Fork, Exec, Open, Exit}
    for event in run.events:
        assert boot < event.boot_ns < boot_after
        assert wall - SLACK_NS < wall_ns(event) < wall_after + SLACK_NS
        assert abs((wall_ns(event) - event.boot_ns) - (wall - boot)) < SLACK_NS
