"""Fewer variants of a test, where the machine is so slow that all would take too long; which ones, depends on a part
that is to be run: all parts together have all variants.
"""

import os
import zlib

MOST = 3  # of a test, by whatever monitor
ONCE = {  # one of each test: they start monitors and commands of their own, which takes seconds there
    *("test_doctor.py", "test_exe.py", "test_filters.py", "test_flavours.py", "test_fork.py", "test_lifecycle.py"),
    *("test_lost.py", "test_no_resolve.py", "test_open_hard.py", "test_privileges.py"),
}
# and of these, which are more of Python than of the kernel, some
SHARED = {"test_watch.py", "test_watch_ending.py", "test_watch_unread.py"}
PARTS = 4  # share them
PART = os.environ.get("ONLOOKER_TESTS_PART")  # a number


def _number(name: str) -> int:
    """Another one for each test, so that not the first monitor's variant of all of them is taken."""
    return zlib.crc32(name.encode())


def variants(file: str, name: str, count: int, part: int) -> range:
    """Which of the `count` variants of a test stay: few, and evenly spread over all its variants and monitors."""
    step = -(-count // (1 if file in ONCE | SHARED else MOST))
    return range((part + _number(name)) % step, count, step) if count else range(0)


def is_left_out(file: str, name: str, part: int) -> bool:
    """Whether all of a test is for another part."""
    return file in SHARED and (part + _number(name)) % PARTS != 0
