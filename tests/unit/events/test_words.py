"""Which notes follow the classic line, and when."""

import pytest

from onlooker.testing import make

from .phrases import _misleads

SAME = [
    ("/etc/passwd", "/etc/passwd"),
    ("//etc/./x/../passwd", "/etc/passwd"),
    ("/tmp/", "/tmp"),
    ("/", "/"),
    ("/.hidden", "/.hidden"),
    ("/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"),
    ("/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    ("/usr/bin/python3", "/usr/bin/python3.11"),
    ("/bin", "/usr/bin"),
    ("/a/b/c", "b/c"),  # its beginning is cut
]
ELSEWHERE = [
    ("passwd", "/etc/passwd"),
    ("", "/etc"),
    ("/etc/shadow", "/work/jail/etc/shadow"),
    ("/", "/jail"),
    ("/lib/libc.so.6", "/jail/lib/libc.so.6"),
    ("/lib/libc.so.6", "/jail/usr/lib/libc-2.so"),
    ("/usr/lib/x", "/usr/jail/usr/lib/x"),
    ("/proc/self/maps", "/proc/1234/maps"),
    ("/proc/self/fd/3", "/etc/passwd"),
    ("/proc/1/root/etc/passwd", "/etc/passwd"),
    ("/dev/stdin", "/dev/pts/0"),
    ("/dev/fd/3", "pipe:[1234]"),
    ("/etc/mtab", "/proc/1234/mounts"),
    ("/tmp/link", "/etc/shadow"),
    ("/usr/local/x", "/opt/x"),
    ("/tmp/../etc/passwd", "/srv/etc/passwd"),
]


def notes(event, **fields):
    """What follows the path in the line of an event of `/x` or of what is given."""
    event = make(event, **{"path": "/x", **fields})
    return str(event).partition(f" file {event.path or chr(34) * 2}")[2]


@pytest.mark.parametrize(("path", "real"), SAME)
def test_a_path_that_says_which_file_it_is(path, real):
    assert notes("open", path=path, real_path=real) == ""
    assert not _misleads(path, real)


@pytest.mark.parametrize(("path", "real"), ELSEWHERE)
def test_a_path_that_leads_elsewhere(path, real):
    assert notes("open", path=path, real_path=real, file_state="deleted") == f" [file: {real}] [deleted]"
    assert _misleads(path, real)


def test_a_file_without_a_name_lies_in_the_directory_that_was_passed():
    assert notes("open", path="/tmp", real_path="/tmp/#23", file_state="tmpfile") == " [tmpfile]"
    jailed = notes("open", path="/tmp", real_path="/jail/tmp/#23", file_state="tmpfile")
    assert jailed == " [file: /jail/tmp/#23] [tmpfile]"


@pytest.mark.parametrize(
    ("path", "joined", "expected"),
    [("/x", "/x", ""), ("x", None, ""), ("x", "/a\n/x", r" [joined: /a\n/x]"), ("/x", "/jail/x", " [joined: /jail/x]")],
)
def test_what_led_to_nothing(path, joined, expected):
    assert notes("open", path=path, errno="ENOENT", joined_path=joined) == f": ENOENT{expected}"


@pytest.mark.parametrize(
    ("flags", "opened", "failed"),
    [
        ("O_RDONLY", "", ""),
        ("O_RDONLY O_CLOEXEC O_DIRECTORY", "", ""),
        ("O_WRONLY", " [write]", " [write]"),
        ("O_RDWR O_CLOEXEC", " [read, write]", " [read, write]"),
        ("O_WRONLY O_APPEND O_CREAT", " [write, append]", " [write, append, create]"),
        ("O_WRONLY O_CREAT O_TRUNC", " [write, truncate]", " [write, create, truncate]"),
        ("O_RDONLY O_CREAT", "", " [create]"),
        ("O_RDONLY O_TRUNC", " [truncate]", " [truncate]"),
        ("O_RDONLY O_CREAT O_PATH", " [path only]", " [path only]"),
        ("O_ACCMODE", "", ""),
        ("", "", ""),
    ],
)
def test_what_a_file_was_opened_for(flags, opened, failed):
    assert notes("open", flags=tuple(flags.split())) == opened
    assert notes("open", flags=tuple(flags.split()), errno="EPERM") == f": EPERM{failed}"


def test_a_file_that_the_open_made_was_not_emptied():
    assert notes("open", flags=("O_WRONLY", "O_CREAT", "O_TRUNC"), created=True) == " [write, created]"
    assert notes("open", flags=("O_RDONLY", "O_CREAT"), created=True) == " [created]"
