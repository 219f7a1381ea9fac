"""Open events: the opened file is the one that the program itself finds by its descriptor."""

import errno as errors
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker import Monitor, Open

from .conftest import Workloads
from .running import run_workload

COUNT = 23
AT_FDCWD = -100
CALLS = ["openat", "openat2"]
if platform.machine() == "x86_64":  # the other calls are older than other machines
    CALLS += ["open", "creat"]
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts", "user")
DELETED = " (deleted)"  # what readlink(2) adds to the path, fs/d_path.c


class Found:
    """What the workload found by its descriptor: `fstat`'s device and inode, `readlink`'s path."""

    def __init__(self, line: str) -> None:
        words = line.split(" ", 3)
        self.fd, self.device, self.inode = map(int, words[:3])
        self.link = words[3]


def attempt(
    monitor: Monitor,
    workloads: Workloads,
    path: str | Path,
    flags: int = 0,
    *,
    call: str = "openat",
    dirfd: int = AT_FDCWD,
) -> list[tuple[Open, str]]:
    """The events, each with what the workload printed of the same open."""
    run = run_workload(monitor, workloads["where"], call, dirfd, path, flags, COUNT)
    events, lines = run.opens(), run.output.splitlines()
    assert len(events) == len(lines) == COUNT
    assert {(event.path, event.syscall) for event in events} == {(str(path), call)}
    return list(zip(events, lines, strict=True))


def successes(*args: object, **kwargs: object) -> list[tuple[Open, Found]]:
    """All succeeded; device and inode are right whatever the file is."""
    found = [(event, Found(line)) for event, line in attempt(*args, **kwargs)]  # type: ignore[arg-type]
    for event, file in found:
        assert (event.fd, event.errno, event.joined_path, event.cut) == (file.fd, None, None, ())
        assert (event.device, event.inode) == (file.device, file.inode)
    return found


@pytest.fixture
def tree(scratch: Path) -> Path:
    """Some files, and links to them."""
    (scratch / "d" / "e").mkdir(parents=True)
    (scratch / "d" / "e" / "file").write_text("text")
    (scratch / "link").symlink_to("d/e/file")
    (scratch / "links").symlink_to("link")
    (scratch / "directory").symlink_to(f"{scratch}/d")
    os.link("d/e/file", "hard")
    return scratch


@pytest.fixture
def directory(tree: Path) -> Iterator[int]:
    """A descriptor of a directory, which the workload inherits."""
    descriptor = os.open(tree / "d", os.O_PATH)
    os.set_inheritable(descriptor, True)
    yield descriptor
    os.close(descriptor)


WAYS = {
    "by a link": "link",
    "by links": "links",
    "by a directory's link": "directory/e/file",
    "by another name": "hard",
    "with dots": "./d/../d//e/./file",
    "by the working directory": "/proc/self/cwd/link",
    "the working directory": ".",
    "its parent": "..",
    "a directory": "d",
    "the root": "/",
    "above the root": "/../..",
    "a device": "/dev/null",
    "the directory of descriptors": "/dev/fd/..",
    "in proc": "/proc/self/status",
    "by a link in proc": "/proc/mounts",
    "in sys": "/sys/kernel",
    "the program": "/proc/self/exe",
    "by a root": "/proc/self/root/usr",
}


@pytest.mark.parametrize("call", [call for call in CALLS if call != "creat"])
@pytest.mark.parametrize("way", WAYS)
def test_a_file_with_a_name(monitor: Monitor, workloads: Workloads, tree: Path, call: str, way: str) -> None:
    for event, found in successes(monitor, workloads, WAYS[way], os.O_CLOEXEC, call=call):
        assert (event.real_path, event.file_state) == (found.link, None)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("path", ["new", "link", "directory/new"])
def test_a_file_that_is_made_or_written(
    monitor: Monitor, workloads: Workloads, tree: Path, call: str, path: str
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for event, found in successes(monitor, workloads, path, flags, call=call):
        assert (event.real_path, event.file_state) == (found.link, None)
    assert found.link == str((tree / path).resolve())


@pytest.mark.parametrize("flags", [os.O_PATH, os.O_PATH | os.O_NOFOLLOW])
def test_only_the_place(monitor: Monitor, workloads: Workloads, tree: Path, flags: int) -> None:
    for event, found in successes(monitor, workloads, "link", flags):
        assert (event.real_path, event.file_state) == (found.link, None)
    assert found.link == str(tree / ("link" if flags & os.O_NOFOLLOW else "d/e/file"))


@pytest.mark.parametrize("call", ["openat", "openat2"])
@pytest.mark.parametrize("path", ["e/file", "../links", "..", ".", "/dev/null"])
def test_from_a_directory(
    monitor: Monitor, workloads: Workloads, tree: Path, directory: int, call: str, path: str
) -> None:
    for event, found in successes(monitor, workloads, path, call=call, dirfd=directory):
        assert (event.real_path, event.file_state, event.dirfd) == (found.link, None, directory)


def test_in_memory(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        for event, found in successes(monitor, workloads, file.name, os.O_RDWR):
            assert event.real_path == found.link == file.name


@pytest.fixture
def holding(request: pytest.FixtureRequest, scratch: Path) -> Iterator[int]:
    """A descriptor of something that has no name, which the workload inherits."""
    opened: list[int] = []
    if request.param == "deleted":
        opened.append(os.open("was here", os.O_RDWR | os.O_CREAT))
        Path("was here").unlink()
    elif request.param == "deleted directory":
        Path("was here").mkdir()
        opened.append(os.open("was here", os.O_RDONLY))
        Path("was here").rmdir()
    elif request.param == "tmpfile":
        opened.append(os.open(scratch, os.O_RDWR | os.O_TMPFILE))
    elif request.param == "memfd":
        opened.append(os.memfd_create("a name"))
    else:
        opened += os.pipe()
    for descriptor in opened:
        os.set_inheritable(descriptor, True)
    yield opened[0]
    for descriptor in opened:
        os.close(descriptor)


@pytest.mark.parametrize("holding", ["deleted", "deleted directory"], indirect=True)
def test_a_deleted_file(monitor: Monitor, workloads: Workloads, scratch: Path, holding: int) -> None:
    for event, found in successes(monitor, workloads, f"/proc/self/fd/{holding}"):
        assert (event.real_path, event.file_state) == (f"{scratch}/was here", "deleted")
        assert found.link == f"{event.real_path}{DELETED}"


def test_a_file_made_without_a_name(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    for event, found in successes(monitor, workloads, scratch, os.O_TMPFILE | os.O_RDWR):
        assert (f"{event.real_path}{DELETED}", event.file_state) == (found.link, "tmpfile")
        assert found.link.startswith(f"{scratch}/#")


@pytest.mark.parametrize("holding", ["tmpfile"], indirect=True)
def test_one_that_another_had_made(monitor: Monitor, workloads: Workloads, holding: int) -> None:
    """O_TMPFILE is not among the flags of this open, so all that can be said is that it has no name."""
    for event, found in successes(monitor, workloads, f"/proc/self/fd/{holding}", os.O_RDWR):
        assert (f"{event.real_path}{DELETED}", event.file_state) == (found.link, "deleted")


@pytest.mark.parametrize("holding", ["memfd"], indirect=True)
def test_a_memfd(monitor: Monitor, workloads: Workloads, holding: int) -> None:
    for event, found in successes(monitor, workloads, f"/proc/self/fd/{holding}", os.O_RDWR):
        assert (event.real_path, event.file_state) == ("memfd:a name", "memfd")
        assert found.link == f"/memfd:a name{DELETED}"


@pytest.mark.parametrize("holding", ["pipe"], indirect=True)
def test_a_pipe(monitor: Monitor, workloads: Workloads, holding: int) -> None:
    for event, found in successes(monitor, workloads, f"/proc/self/fd/{holding}", os.O_NONBLOCK):
        assert (event.real_path, event.file_state) == (None, "pseudo")
        assert found.link == f"pipe:[{event.inode}]"


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace(monitor: Monitor, workloads: Workloads, namespace: str) -> None:
    for event, found in successes(monitor, workloads, f"/proc/self/ns/{namespace}"):
        assert (event.real_path, event.file_state) == (None, "pseudo")
        assert found.link == f"{namespace}:[{event.inode}]"


def failures(*args: object, **kwargs: object) -> list[Open]:
    found = attempt(*args, **kwargs)  # type: ignore[arg-type]
    for event, line in found:
        assert event.errno == errors.errorcode[-int(line)]
        assert (event.fd, event.real_path, event.file_state, event.device, event.inode) == (None,) * 5
    return [event for event, _ in found]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("path", "joined", "errno"),
    [
        ("missing/file", "{scratch}/missing/file", "ENOENT"),
        ("./missing/../x//y", "{scratch}/./missing/../x//y", "ENOENT"),
        ("../missing/file", "{scratch}/../missing/file", "ENOENT"),
        ("/missing/file", "/missing/file", "ENOENT"),
        ("//missing/file", "//missing/file", "ENOENT"),
        ("link/file", "{scratch}/link/file", "ENOTDIR"),
        ("", "{scratch}", "ENOENT"),
    ],
)
def test_what_the_path_would_have_been(
    monitor: Monitor, workloads: Workloads, tree: Path, call: str, path: str, joined: str, errno: str
) -> None:
    for event in failures(monitor, workloads, path, call=call):
        expected = joined.format(scratch=tree) if path else None  # an empty path is none
        assert (event.joined_path, event.errno, event.cut) == (expected, errno, ())


@pytest.mark.parametrize("call", ["openat", "openat2"])
@pytest.mark.parametrize(
    ("path", "joined"),
    [("missing", "{tree}/d/missing"), ("../x/y", "{tree}/d/../x/y"), ("/missing", "/missing"), ("", None)],
)
def test_what_it_would_have_been_from_a_directory(
    monitor: Monitor, workloads: Workloads, tree: Path, directory: int, call: str, path: str, joined: str | None
) -> None:
    for event in failures(monitor, workloads, path, call=call, dirfd=directory):
        assert (event.joined_path, event.cut) == (joined and joined.format(tree=tree), ())


@pytest.mark.parametrize("call", ["openat", "openat2"])
@pytest.mark.parametrize("dirfd", [-1, 2323, -(2**31) + 1, 2**31 - 1])
def test_from_a_descriptor_that_is_none(monitor: Monitor, workloads: Workloads, call: str, dirfd: int) -> None:
    for event in failures(monitor, workloads, "file", call=call, dirfd=dirfd):
        assert (event.errno, event.joined_path, event.dirfd, event.cut) == ("EBADF", None, dirfd, ())


def test_an_absolute_path_does_not_ask_for_the_descriptor(monitor: Monitor, workloads: Workloads) -> None:
    for event in failures(monitor, workloads, "/missing", dirfd=2323):
        assert (event.errno, event.joined_path, event.dirfd) == ("ENOENT", "/missing", 2323)


def test_from_a_descriptor_that_is_no_directory(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    descriptor = os.open("hard", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    found = failures(monitor, workloads, "file", dirfd=descriptor)
    os.close(descriptor)
    assert {(event.errno, event.joined_path) for event in found} == {("ENOTDIR", f"{tree}/hard/file")}


def test_from_the_root(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    os.chdir("/")
    for event in failures(monitor, workloads, "missing/file"):
        assert event.joined_path == "/missing/file"
