"""Records of calls on files: what is absent, and what is only empty."""

import struct

import pytest

from ..made_records import LAYOUTS, NUMBERS, batch
from .reference import check

FORMATS = {"__u8": "B", "__u16": "H", "__u32": "I", "__u64": "Q", "__s32": "i", "__s64": "q"}
NO_FD = -(2**31)
TWO_PATHS = {"path": b"a", "new_path": b"\xff", "dirfd": NO_FD, "new_dirfd": 7, "errno": 17, "flags": 2}


def record(event, **given):
    """A record as the probe writes it: all zero but what is given; a text that is not given has no place."""
    made = LAYOUTS[event]
    head, tail = bytearray(made.size), b""
    values = {"kind": NUMBERS[event], "syscall": 1, **given}
    for member in (*made.header.members, *made.body.members):
        value = values.get(member.name)
        if value is None:
            continue
        if member.type.ctype == "struct span":
            struct.pack_into("=II", head, member.offset, made.size + len(tail), len(value))
            tail += value
        else:
            struct.pack_into(f"={FORMATS[member.type.ctype]}", head, member.offset, value)
    return bytes(head) + tail


def decoded(event, **given):
    [found] = check(batch(record(event, **given)))
    return found


@pytest.mark.parametrize("event", ["rename", "link"])
def test_two_paths(event):
    found = decoded(event, **TWO_PATHS, joined_path=b"d\0\0", joined_new_path=b"f\0e\0\0", cut=0)
    assert (found.path, found.new_path, found.joined_path, found.joined_new_path) == (
        "a", "\udcff", "/d/a", "/e/f/\udcff",
    )  # fmt: skip
    assert (found.dirfd, found.new_dirfd, found.errno) == (None, 7, "EEXIST")
    assert found.flags == (("RENAME_EXCHANGE",) if event == "rename" else ("0x2",))


@pytest.mark.parametrize("event", ["chmod", "chown", "truncate"])
def test_no_path_is_not_an_empty_one(event):
    by_descriptor = {"fd": 3, "real_path": b"file\0srv\0\0", "inode": 5, "device": 9, "file_state": 1}
    found = decoded(event, **by_descriptor)
    assert (found.path, found.joined_path, found.fd) == (None, None, 3)
    assert (found.real_path, found.file_state, found.inode, found.device) == ("/srv/file", "deleted", 5, 9)
    found = decoded(event, path=b"", fd=NO_FD)
    assert (found.path, found.joined_path, found.fd) == ("", None, None)
    assert (found.real_path, found.file_state, found.inode, found.device) == (None, None, None, None)


def test_descriptors_that_are_none():
    assert decoded("chmod", fd=-1, dirfd=-100, path=b"x").fd == -1
    assert decoded("chmod", fd=NO_FD, dirfd=-100, path=b"x").dirfd == -100
    assert decoded("unlink", dirfd=NO_FD, path=b"x").dirfd is None


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (2**32 - 2, 2**32 - 2), (2**32 - 1, None)])
def test_owners(number, shown):
    found = decoded("chown", owner=number, group=7)
    assert (found.owner, found.group) == (shown, 7)
    assert decoded("chown", owner=7, group=number).group == shown


@pytest.mark.parametrize("length", [0, -1, -(2**63), 2**63 - 1])
def test_lengths(length):
    assert decoded("truncate", length=length).length == length


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("rename", ("path", "new_path", "joined_path", "joined_new_path")),
        ("unlink", ("path", "joined_path")),
        ("mkdir", ("path", "joined_path")),
        ("rmdir", ("path", "joined_path")),
        ("link", ("path", "new_path", "joined_path", "joined_new_path", "real_path")),
        ("symlink", ("target", "path", "joined_path")),
        ("chmod", ("path", "joined_path", "real_path")),
        ("chown", ("path", "joined_path", "real_path")),
        ("truncate", ("path", "joined_path", "real_path")),
    ],
)
def test_what_can_be_cut(event, fields):
    assert decoded(event, path=b"", new_path=b"", target=b"", cut=(1 << len(fields)) - 1).cut == fields
    assert LAYOUTS[event].cuttable == fields
    assert decoded(event, path=b"", new_path=b"", target=b"").cut == ()
