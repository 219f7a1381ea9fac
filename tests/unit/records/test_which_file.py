"""A line names the file that a path led to where the path by itself misleads about it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..made_records import batch, plain, record
from .reference import check

NAMES = st.sampled_from([b"a", b"b", b"usr", b"bin", b"lib", b"lib64", b"tmp", b".", b"..", b"", b"#12", b"#", b"..a"])
PATHS = st.lists(NAMES, max_size=5).map(b"/".join)
ABSOLUTE = PATHS.map(lambda path: b"/" + path)
REAL = st.lists(NAMES.filter(lambda name: name.strip(b".")), max_size=5).map(b"/".join)


def opened(path: bytes, real: bytes):
    [event] = check(batch(record("open", {**plain("open"), "path": path, "real_path": real})))
    return event


@settings(deadline=None, max_examples=500)
@given(path=PATHS | ABSOLUTE, real=REAL | REAL.map(lambda path: b"/" + path))
def test_any_two_paths(path, real):
    opened(path, real)


@settings(deadline=None, max_examples=200)
@given(before=ABSOLUTE, real=REAL, prefix=st.sampled_from([b"", b"/usr", b"/jail", b"/usr/jail", b"/a/.."]))
def test_paths_that_are_nearly_the_same(before, real, prefix):
    opened(prefix + before, b"/" + real)
    opened(before, prefix + before)
    opened(before + b"/../" + real, prefix + b"/" + real)


@pytest.mark.parametrize(
    ("path", "real", "is_named"),
    [
        (b"/etc/passwd", b"/etc/passwd", False),
        (b"/etc//passwd", b"/etc/passwd", False),
        (b"/etc/./passwd/", b"/etc/passwd", False),
        (b"/etc/../etc/passwd", b"/etc/passwd", False),
        (b"/../etc/passwd", b"/etc/passwd", False),
        (b"/..", b"/", False),
        (b"passwd", b"/etc/passwd", True),
        (b"", b"/etc/passwd", True),
        (b"/etc/passwd", b"/jail/etc/passwd", True),
        (b"/proc/self/exe", b"/usr/bin/cat", True),
        (b"/lib/libc.so.6", b"/usr/lib/libc.so.6", False),  # /lib was merged into /usr
        (b"/bin/sh", b"/usr/bin/dash", False),
        (b"/bin", b"/usr/bin", False),
        (b"/usr/bin/awk", b"/usr/bin/mawk", False),
        (b"/bin/cat", b"/usr/jail/bin/cat", True),  # a root below /usr
        (b"/usr/bin/cat", b"/jail/usr/bin/cat", True),
        (b"/tmp", b"/tmp/#131", False),  # O_TMPFILE
        (b"/", b"/#131", False),
        (b"/var/tmp", b"/tmp/#131", True),
        (b"/srv/a/b", b"a/b", False),  # its beginning is not known
        (b"/srv/xa/b", b"a/b", True),
        (b"/srv/a", b"a/#131", False),
        (b"/srv/b", b"a/#131", True),
    ],
)
def test_whether_the_file_is_named(path, real, is_named):
    assert (" [file: " in str(opened(path, real))) == is_named
