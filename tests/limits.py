"""How long anything may take before it counts as hung, and what ends it then."""

import faulthandler
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# how many times slower than a usual machine this one is: where it is emulated, floods are smaller and patience longer
SLOWER = int(os.environ.get("ONLOOKER_TESTS_SLOWER", "1"))
DEADLINE_SECONDS = 60.0 * SLOWER  # for what takes milliseconds: a noisy machine makes a test slow, never wrong
# for a whole test, with its fixtures: longer than the deadline, so that a wait that has one says itself what hung
TEST_SECONDS = 120.0 * SLOWER
STUCK_SECONDS = 1.5 * TEST_SECONDS  # for a test that does not even come to the signal that ends it


@contextmanager
def unstuck(stderr: int) -> Iterator[None]:
    """End this process, with all stacks on standard error, if it hangs where no signal gets through to Python."""
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True, file=stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def children() -> set[int]:
    """The ids of this process's children, those that ended but were not waited for included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # proc(5): pid (comm) state ppid; comm may have anything in it
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def end(pid: int) -> None:
    """Kill a child, and its process group where it leads one; and wait for it."""
    with suppress(ProcessLookupError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
