"""Open events of open_by_handle_at(2), which takes no path: only the file that it led to has one."""

import errno as errors
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Monitor, Open

from .conftest import Workloads
from .running import run_workload

COUNT = 23
AT_FDCWD = -100


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory on a file system that has handles everywhere."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="onlooker-") as name:
        yield Path(name)


@pytest.fixture
def mount(memory: Path) -> Iterator[int]:
    """A descriptor of that file system, which the workload inherits."""
    descriptor = os.open(memory, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    yield descriptor
    os.close(descriptor)


def attempt(
    monitor: Monitor, workloads: Workloads, path: Path, flags: int = 0, *, dirfd: int, how: str = "plain"
) -> list[tuple[Open, list[str]]]:
    """The events, each with the words that the workload printed of the same open."""
    run = run_workload(monitor, workloads["handle"], how, dirfd, path, flags, COUNT)
    events, lines = run.opens(), run.output.splitlines()
    assert len(events) == len(lines) == COUNT
    for event in events:
        assert (event.syscall, event.path, event.dirfd) == ("open_by_handle_at", "", dirfd)
        assert (event.pid, event.mode, event.resolve, event.cut) == (run.pid, None, (), ())
    return [(event, line.split(" ", 3)) for event, line in zip(events, lines, strict=True)]


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (os.O_RDONLY, ("O_RDONLY",)),
        (os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, ("O_RDWR", "O_APPEND", "O_CLOEXEC")),
        (os.O_PATH, ("O_RDONLY", "O_PATH")),
    ],
)
def test_a_file(
    monitor: Monitor, workloads: Workloads, memory: Path, mount: int, flags: int, names: tuple[str, ...]
) -> None:
    path = memory / "d" / "file"
    path.parent.mkdir()
    path.touch()
    for event, (fd, device, inode, link) in attempt(monitor, workloads, path, flags, dirfd=mount):
        assert (event.fd, event.device, event.inode, event.real_path) == (int(fd), int(device), int(inode), link)
        assert (event.errno, event.joined_path, event.file_state, event.flags) == (None, None, None, names)
        assert link == str(path)


def test_a_directory(monitor: Monitor, workloads: Workloads, memory: Path, mount: int) -> None:
    for event, (*_, link) in attempt(monitor, workloads, memory, os.O_DIRECTORY, dirfd=mount):
        assert event.real_path == link == str(memory)
        assert event.flags == ("O_RDONLY", "O_DIRECTORY")


def test_from_the_working_directory(monitor: Monitor, workloads: Workloads, memory: Path, scratch: Path) -> None:
    """Its file system is meant then, and nothing else of it."""
    (memory / "file").touch()
    os.chdir(memory)
    for event, (*_, link) in attempt(monitor, workloads, memory / "file", dirfd=AT_FDCWD):
        assert event.real_path == link == str(memory / "file")


@pytest.mark.parametrize(
    ("how", "dirfd", "errno"), [("stale", None, "ESTALE"), ("nowhere", None, "EFAULT"), ("plain", 2323, "EBADF")]
)
def test_a_failure(
    monitor: Monitor, workloads: Workloads, memory: Path, mount: int, how: str, dirfd: int | None, errno: str
) -> None:
    """There is no path that it would have been."""
    (memory / "file").touch()
    for event, [result] in attempt(monitor, workloads, memory / "file", dirfd=dirfd or mount, how=how):
        assert event.errno == errors.errorcode[-int(result)] == errno
        assert (event.fd, event.real_path, event.joined_path, event.inode, event.device) == (None,) * 5
