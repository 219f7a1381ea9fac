"""Recordings for the browser: a build, and 100 000 events."""

from collections import Counter

from msgspec.structs import replace

from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.writer import RecordingWriter
from onlooker.records import Batch
from onlooker.summary import Summary

from ..unit.recordings.lives import end, event, execute, life

HOSTILE = "/tmp/</script><img src=x onerror=\"document.title='owned'\">\u202egnp.\x1b[31m\n'&quot;"
AT_ONCE = 4
STEP = 5000  # events that are made at a time


def opened(second, path, pid, start, **fields):
    error = fields.get("errno")
    names = {"joined_path": path} if error else {"real_path": path}
    flags = fields.pop("flags", ("O_RDONLY",))
    return event("open", second, pid, start, path=path, flags=flags, **names, **fields)


def compile_one(number, start, seconds):
    """A shell, a compiler and an assembler, and the files that they use. Every twentieth does not compile."""
    name = f"src/module{number % 7}/part{number}.c"
    pid = 1000 + 10 * number
    failed = {"exit_code": 1} if number % 20 == 13 else {}
    times = {"cpu_user_ns": round(seconds * 6e8), "cpu_system_ns": round(seconds * 1e8)}
    until = start + seconds
    yield from life(100, 10, pid, start, "sh", "-c", f"cc -O2 -c {name}", until=until, **failed)
    yield from life(pid, start, pid + 1, start + 0.02, "cc", "-O2", "-c", name, until=until - 0.01, **failed)
    inner = start + 0.05
    last = until - 0.02 if failed else start + seconds * 0.8
    yield from life(pid + 1, start + 0.02, pid + 2, inner, "cc1", "-O2", name, until=last, **failed, **times)
    if not failed:
        yield from life(pid + 1, start + 0.02, pid + 3, last + 0.01, "as", "-o", f"{name[:-1]}o", until=until - 0.015)
        made = {"created": True, "flags": ("O_WRONLY", "O_CREAT"), "comm": "as", "ppid": pid + 1}
        yield opened(until - 0.03, f"/home/me/project/{name[:-1]}o", pid + 3, last + 0.01, **made)
    for header in range(12):
        path = f"/usr/include/{('bits', 'sys', 'linux')[header % 3]}/header{(number * 5 + header) % 40}.h"
        found = {"errno": "ENOENT"} if header % 4 == 3 else {}
        yield opened(
            inner + (last - inner) * header / 14 + 0.011, path, pid + 2, inner, comm="cc1", ppid=pid + 1, **found
        )


def build(jobs=60):
    """What `make -j4` does; at the end it wants to install, and may not."""
    events = [execute(10.001, 100, 10, "make", "-j4", "install", ppid=99, cwd="/home/me/project")]
    free = [11.0] * AT_ONCE
    for number in range(jobs):
        slot = free.index(min(free))
        seconds = 0.4 + 0.25 * ((number * 7) % 11)
        events += compile_one(number, free[slot], seconds)
        free[slot] += seconds + 0.01
    start = max(free)
    events += life(100, 10, 90, start, "ld", "-o", "project", until=start + 3, cpu_user_ns=2_000_000_000)
    events += life(100, 10, 91, start + 3.1, "install", "project", "/usr/bin", until=start + 3.4, exit_code=1)
    denied = {"errno": "EACCES", "comm": "install", "ppid": 100, "flags": ("O_WRONLY", "O_CREAT")}
    events.append(opened(start + 3.2, "/usr/bin/project", 91, start + 3.1, **denied))
    return [*events, end(start + 4, 100, 10, ppid=99, comm="make", exit_code=2)]


def hostile():
    """Each text is one that would do something, if the page let it."""
    comm = "<b>\u202e\x1b[7m"
    return [
        execute(10.001, 100, 10, HOSTILE, HOSTILE, path=HOSTILE, exe=HOSTILE, cwd=HOSTILE, comm=comm),
        *(opened(11 + number, f"{HOSTILE}{number}", 100, 10, comm=comm) for number in range(20)),
        opened(40, HOSTILE, 100, 10, comm=comm, errno="EACCES"),
        end(41, 100, 10, comm=comm, exit_code=1),
    ]


def many(processes=5000, opens=17):
    """100 000 events: by default 5000 processes, sixteen at a time."""
    yield execute(10.001, 100, 10, "make", "-j16")
    free = [11.0] * 16
    for number in range(processes):
        slot = number % len(free)
        start, seconds = free[slot], (0.02, 0.05, 0.2, 0.6)[number * 7 % 4]
        free[slot] += seconds + 0.001
        name = ("cc", "cc1", "as", "ld", "sh", "sed", "python3", "rm")[number * 5 % 8]
        pid = 1000 + number
        code = {"exit_code": 1} if number % 200 == 7 else {}
        yield from life(
            100, 10, pid, start, name, "-O2", f"/src/{number % 97}/{number}.c", until=start + seconds, **code
        )
        for each in range(opens):
            path = f"/usr/include/dir{(number * 7 + each * 13) % 211}/header{(number + each * 31) % 1999}.h"
            error = {"errno": "ENOENT"} if each % 4 == 3 else {}
            second = start + 0.011 + (seconds - 0.012) * each / opens
            yield opened(second, path, pid, start, comm=name, ppid=100, **error)
    yield end(max(free) + 0.1, 100, 10, ppid=99, comm="make", exit_code=2)


def record(path, events, *command, seconds=0.0):
    """A recording of them, finished; returns how many they are."""
    found = sorted(events, key=lambda each: each.boot_ns)
    about = {"host": "builder", "kernel": "6.12.0", "machine": "x86_64", "directory": "/home/me/project"}
    made = replace(Manifest.new(start="2026-01-31T12:00:10Z", command=command, settings={"events": ["all"]}), **about)
    writer = RecordingWriter(path, made)
    writer.start()
    for first in range(0, len(found), STEP):
        for batch in Batch.of(found[first : first + STEP]):
            writer.write(batch)
    shown = Counter(event.event for event in found)
    writer.finish(replace(writer.manifest, end=End.of(Summary(shown=shown), now(), 2)))
    writer.close()
    return len(found)
