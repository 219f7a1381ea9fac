"""Numbers to names."""

import errno
import os
import re
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.events import names
from onlooker.events.errnos import ERRNOS

U64 = st.integers(0, 2**64 - 1)
TABLES = {"open": names.OPEN_FLAGS, "resolve": names.RESOLVE_FLAGS, "clone": names.CLONE_FLAGS}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, ("O_RDONLY",)),
        (os.O_WRONLY, ("O_WRONLY",)),
        (os.O_RDWR | os.O_CLOEXEC, ("O_RDWR", "O_CLOEXEC")),
        (3, ("O_ACCMODE",)),
        (os.O_SYNC, ("O_RDONLY", "O_SYNC")),  # includes O_DSYNC's bit
        (os.O_DSYNC, ("O_RDONLY", "O_DSYNC")),
        (os.O_TMPFILE | os.O_RDWR, ("O_RDWR", "O_TMPFILE")),  # includes O_DIRECTORY's bit
        (os.O_DIRECTORY, ("O_RDONLY", "O_DIRECTORY")),
        (os.O_PATH | os.O_NOFOLLOW, ("O_RDONLY", "O_NOFOLLOW", "O_PATH")),
        (1 << 40 | os.O_APPEND, ("O_RDONLY", "O_APPEND", "0x10000000000")),
    ],
)
def test_open_flags(value, expected):
    assert names.OPEN_FLAGS.names_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, ()), (0x28, ("RESOLVE_BENEATH", "RESOLVE_CACHED")), (0x41, ("RESOLVE_NO_XDEV", "0x40"))],
)
def test_resolve_flags(value, expected):
    assert names.RESOLVE_FLAGS.names_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, ()),
        (signal.SIGCHLD << 56, ("SIGCHLD",)),
        (0x100, ("CLONE_VM",)),
        (0x200000000 | signal.SIGUSR1 << 56, ("CLONE_INTO_CGROUP", "SIGUSR1")),
        (0x1, ("0x1",)),
        (1 << 55, ("0x80000000000000",)),
        (255 << 56, ("SIG255",)),
    ],
)
def test_clone_flags(value, expected):
    assert names.CLONE_FLAGS.names_of(value) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "EPERM"), (11, "EAGAIN"), (22, "EINVAL"), (512, "ERESTARTSYS"), (516, "ERESTART_RESTARTBLOCK"), (0, "0"),
     (515, "ENOIOCTLCMD"), (520, "520"), (531, "ENOGRACE"), (532, "532"), (41, "41"), (133, "EHWPOISON"),
     (4095, "4095"), (65535, "65535")],
)  # fmt: skip
def test_errors(number, expected):
    assert ERRNOS.name_of(number) == expected


def test_every_error_of_the_system_has_its_name():
    known = {**errno.errorcode, 35: "EDEADLK", 95: "EOPNOTSUPP"}  # the C library's EDEADLOCK and ENOTSUP are these
    assert {number: ERRNOS.name_of(number) for number in known} == known


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "SIGHUP"), (9, "SIGKILL"), (15, "SIGTERM"), (0, "SIG0"), (32, "SIG32"), (33, "SIG33"), (34, "SIGRTMIN"),
     (35, "SIGRTMIN+1"), (63, "SIGRTMIN+29"), (64, "SIGRTMAX"), (65, "SIG65"), (127, "SIG127"), (255, "SIG255")],
)  # fmt: skip
def test_signals(number, expected):
    assert names.SIGNALS.name_of(number) == expected


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_composite_flags_stand_before_their_parts(table):
    for place, (bits, name) in enumerate(table.bits):
        inside = [other for part, other in table.bits[:place] if part & bits == part and part != bits]
        assert inside == [], name


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_flag_is_listed_twice(table):
    assert len(dict(table.bits)) == len(table.bits) == len({name for _, name in table.bits})


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@settings(deadline=None, max_examples=300)
@given(value=U64)
def test_no_bit_is_lost(table, value):
    assert table.number_of(table.names_of(value)) == value


def test_every_number_has_a_name_of_its_own():
    signals = [names.SIGNALS.name_of(number) for number in range(256)]
    errors = [ERRNOS.name_of(number) for number in range(2**16)]
    assert len(set(signals)) == 256 and all(re.fullmatch(r"SIG[A-Z0-9+]+", name) for name in signals)
    assert len(set(errors)) == 2**16 and all(re.fullmatch(r"E[A-Z0-9_]+|\d+", name) for name in errors)
