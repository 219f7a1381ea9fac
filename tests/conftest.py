"""What all tests share: limits of time, how many run at once, and a directory for temporary files in which stat(2)
tells of files what the kernel thinks of them.

On an overlay it does not: st_dev is made up for each layer (Documentation/filesystems/overlayfs.rst, "Inode
properties"), and docs/limits.md says so. The tests have overlays of their own for what is to hold there.
"""

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .limits import TEST_SECONDS, children, end, unstuck

SHARED_MEMORY = Path("/dev/shm")
STDERR = pytest.StashKey[int]()


def file_system(path: Path) -> str:
    """Its type, as /proc/self/mounts names it."""
    found = ("", "")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
        _, mount_point, fs_type, *_ = line.split(" ")
        if path.is_relative_to(mount_point) and len(mount_point) >= len(found[0]):
            found = (mount_point, fs_type)
    return found[1]


def ordinary_signals() -> None:
    """Some tests send signals to themselves or to what they start, also where make runs in the background, with SIGINT
    ignored, or by nohup(1), or below what has blocked signals.
    """
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give every test a limit of time, and go where there is no overlay, if programs can be run there.

    pytest-timeout ends a test by a signal: the test fails with its stack, its fixtures are torn down, others go on.
    """
    gc.disable()  # until all tests are collected: a third of that time is a search for garbage, and hardly any is there
    if config.option.timeout is None:
        config.option.timeout = TEST_SECONDS
    ordinary_signals()
    config.stash[STDERR] = os.dup(2)  # the real one: while a test runs, pytest has a file there
    if file_system(Path(tempfile.gettempdir()).resolve()) != "overlay" or not SHARED_MEMORY.is_dir():
        return
    if file_system(SHARED_MEMORY) == "tmpfs" and not os.statvfs(SHARED_MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(SHARED_MEMORY)


def pytest_collection_finish() -> None:
    """The tests stay until the end: who looks for garbage need not look through them each time."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """More than there are processors: tests also wait, for servers, for disks, for the kernel to free its programs."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist goes by it
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """No test hangs, wherever it is stuck."""
    with unstuck(item.config.stash[STDERR]):
        return (yield)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Whatever a test started and did not wait for, because it failed, is ended."""
    before = children()
    yield
    for pid in children() - before:
        end(pid)


@pytest.fixture(autouse=True)
def an_interrupt_is_python_s() -> None:
    """A module that a test file imports has not changed what an interrupt does to the tests."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
