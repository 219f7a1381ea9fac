"""The events of calls on files: declared alike, absent by values that nobody can pass."""

import pytest

from onlooker.events import DEFAULT_EVENTS, EVENT_GROUPS, TASK_EVENTS, names
from onlooker.schema.layout import declared
from onlooker.testing import make

FILE_EVENTS = ("rename", "unlink", "mkdir", "rmdir", "link", "symlink", "chmod", "chown", "truncate")
BY_DESCRIPTOR = ("fd", "real_path", "file_state", "device", "inode")
OWN = {
    "rename": ("syscall", "path", "new_path", "errno", "dirfd", "new_dirfd", "flags", "joined_path", "joined_new_path"),
    "unlink": ("syscall", "path", "errno", "dirfd", "joined_path"),
    "mkdir": ("syscall", "path", "mode", "errno", "dirfd", "joined_path"),
    "rmdir": ("syscall", "path", "errno", "dirfd", "joined_path"),
    "link": (
        *("syscall", "path", "new_path", "errno", "dirfd", "new_dirfd", "flags", "joined_path", "joined_new_path"),
        *BY_DESCRIPTOR,
    ),
    "symlink": ("syscall", "target", "path", "errno", "dirfd", "joined_path"),
    "chmod": ("syscall", "mode", "path", "errno", "dirfd", "flags", "joined_path", *BY_DESCRIPTOR),
    "chown": ("syscall", "owner", "group", "path", "errno", "dirfd", "flags", "joined_path", *BY_DESCRIPTOR),
    "truncate": ("syscall", "length", "path", "errno", "joined_path", *BY_DESCRIPTOR),
}
EACH = pytest.mark.parametrize("event", OWN)


def field_types(event):
    return {f.name: f.type for f in declared(TASK_EVENTS[event])}


@EACH
def test_fields_in_the_order_of_the_constructor(event):
    names_ = tuple(f.name for f in declared(TASK_EVENTS[event]))
    assert names_[names_.index("ns_pid") + 1 :] == (*OWN[event], "unproven", "cut")


@EACH
def test_a_field_means_the_same_in_all_of_them(event):
    for other in OWN:
        for name in set(OWN[event]) & set(OWN[other]) - {"syscall", "path", "mode", "flags"}:
            one, two = ({f.name: f for f in declared(TASK_EVENTS[each])}[name] for each in (event, other))
            assert (one.type, one.description) == (two.type, two.description), (name, other)


@EACH
def test_what_may_be_passed_is_not_what_means_absent(event):
    for name in ("dirfd", "new_dirfd", "fd"):
        if declared_type := field_types(event).get(name):
            assert declared_type.absent == -(2**31)
    for name in ("mode", "length"):
        if declared_type := field_types(event).get(name):
            assert declared_type.absent is None


def test_minus_one_leaves_an_owner_as_it_is():
    assert {field_types("chown")[name].absent for name in ("owner", "group")} == {2**32 - 1}


@EACH
def test_a_fake_is_a_success_until_told_otherwise(event):
    assert make(event).errno is None
    assert make(event, errno="EACCES").errno == "EACCES"
    assert make(event).cut == ()


def test_groups():
    assert set(EVENT_GROUPS) & set(TASK_EVENTS) == set()
    assert EVENT_GROUPS["all"] == tuple(TASK_EVENTS)
    assert EVENT_GROUPS["default"] == DEFAULT_EVENTS == ("fork", "exec", "exit", "open")
    assert tuple(TASK_EVENTS)[: len(DEFAULT_EVENTS) + len(OWN)] == (*DEFAULT_EVENTS, *OWN)


@pytest.mark.parametrize(
    ("describe", "number", "expected"),
    [
        (names.RENAME_FLAGS.names_of, 0, ()),
        (names.RENAME_FLAGS.names_of, 7, ("RENAME_NOREPLACE", "RENAME_EXCHANGE", "RENAME_WHITEOUT")),
        (names.RENAME_FLAGS.names_of, 1 << 31, ("0x80000000",)),
        (names.AT_FLAGS.names_of, 0, ()),
        (names.AT_FLAGS.names_of, 0x1400, ("AT_SYMLINK_FOLLOW", "AT_EMPTY_PATH")),
        (
            names.AT_FLAGS.names_of,
            0x1B01,
            ("AT_SYMLINK_NOFOLLOW", "AT_REMOVEDIR", "AT_NO_AUTOMOUNT", "AT_EMPTY_PATH", "0x1"),
        ),
    ],
)
def test_flags(describe, number, expected):
    assert describe(number) == expected
