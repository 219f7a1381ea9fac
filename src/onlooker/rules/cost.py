"""What it costs to look for what rules say: measured, on events that are made."""

import time
from collections.abc import Sequence
from functools import cache

from ..records import Batch
from ..records.made import make
from .detector import Detector
from .rule import Rule

EVENTS = 4096
_ROUNDS = 5
# a build: one event of ten is an exec, and the opens are of headers, libraries, temporary files
_PROGRAMS = ("cc1", "as", "ld", "sh", "make", "python3", "git", "dpkg-query", "systemctl", "grep")
_FILES = (
    "/usr/include/x86_64-linux-gnu/bits/types{}.h",
    "/usr/lib/x86_64-linux-gnu/libc{}.so.6",
    "/srv/project/src/module{}/file.c",
    "/tmp/cc{}.o",  # noqa: S108 - only a name
    "/etc/ld.so.cache",
    "/proc/{}/stat",
    "/home/user/.cache/project/{}/objects.bin",
)
_ARGUMENTS = ("-O2", "-Wall", "-I/usr/include", "-D_FORTIFY_SOURCE=2", "-c", "src/module/file.c", "-o", "build/file.o")


@cache
def mixed(count: int = EVENTS) -> Batch:
    """A batch of so many events: one of ten is an exec with some 100 bytes of arguments, one of ten an open that makes
    a file, and the others are opens for reading.
    """
    events = []
    for number in range(count):
        if number % 10 == 0:
            name = _PROGRAMS[number // 10 % len(_PROGRAMS)]
            argv = (name, *_ARGUMENTS, f"--number={number}")
            events.append(make("exec", comm=name, path=f"/usr/bin/{name}", exe=f"/usr/bin/{name}", argv=argv))
            continue
        path = _FILES[number % len(_FILES)].format(number)
        is_made = number % 10 == 5
        flags = ("O_WRONLY", "O_CREAT") if is_made else ("O_RDONLY", "O_CLOEXEC")
        events.append(make("open", path=path, real_path=path, flags=flags, created=is_made))
    [batch] = Batch.of(events)
    return batch


def nanoseconds(rules: Sequence[Rule], batch: Batch | None = None) -> float:
    """For each event of a batch, and all these rules together: processor time, the best of some rounds. What alerts
    cost is not in it.
    """
    batch = mixed() if batch is None else batch
    detector = Detector(rules)
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.thread_time_ns()
        detector.found(batch)
        best = min(best, time.thread_time_ns() - began)
    return best / len(batch)
