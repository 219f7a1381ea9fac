"""Processes that began, executed, did something and ended, as events on one clock."""

from onlooker import Batch
from onlooker.records.batch import lost
from onlooker.testing import make

BILLION = 1_000_000_000
OFFSET = 1_769_860_800 * BILLION  # 2026-01-31 12:00:00


def at(seconds: float) -> int:
    return round(seconds * BILLION)


def event(name, second, pid, start, **fields):
    """By a process, at a time; both in seconds since boot."""
    boot_ns = at(second)
    time = lost(boot_ns, OFFSET, 1, "open", "busy").time
    return make(name, time=time, boot_ns=boot_ns, pid=pid, tid=pid, start_ns=at(start), **fields)


def fork(second, pid, start, child, **fields):
    """The child starts then."""
    fields = {"child_ppid": pid, **fields}
    return event("fork", second, pid, start, child_pid=child, child_tid=child, child_start_ns=at(second), **fields)


def execute(second, pid, start, *argv, **fields):
    fields = {"path": f"/usr/bin/{argv[0]}", "exe": f"/usr/bin/{argv[0]}", "comm": argv[0][:15], **fields}
    return event("exec", second, pid, start, argv=argv, **fields)


def end(second, pid, start, **fields):
    return event("exit", second, pid, start, **fields)


def life(parent, parent_start, pid, start, *argv, until=None, ppid=None, **how):
    """Of a child: it is forked, executes and ends. `how`: as for an exit."""
    until = start + 0.5 if until is None else until
    fields = {"ppid": parent if ppid is None else ppid, "uid": how.pop("uid", 1000)}
    comm = {"comm": argv[0][:15]} if argv else {}
    executed = [execute(start + 0.01, pid, start, *argv, **fields)] if argv else []
    return [
        fork(start, parent, parent_start, pid, ppid=1, comm="sh"),
        *executed,
        end(until, pid, start, **fields, **comm, **how),
    ]


def batches(*events):
    """In the order of their times."""
    return Batch.of(sorted(events, key=lambda each: each.boot_ns))


def build():
    """A shell that compiles five files one after the other, each with a compiler and an assembler; the fourth fails."""
    events = [execute(10.001, 100, 10, "sh", "build.sh", ppid=99)]
    for number in range(5):
        start = 11 + number
        code = {"exit_code": 1} if number == 3 else {}
        events += life(100, 10, 200 + number, start, "gcc", "-c", f"src/f{number}.c", until=start + 0.9, **code)
        events += life(200 + number, start, 300 + number, start + 0.1, "cc1", f"src/f{number}.c", until=start + 0.6)
    return [*events, end(20, 100, 10, ppid=99, comm="sh", exit_code=2)]
