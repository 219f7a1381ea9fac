"""Records as the probe writes them, built from an event's layout and from nothing that the C side says."""

import struct
from collections.abc import Mapping
from typing import Any

from onlooker.events import layouts
from onlooker.schema.fields import Op
from onlooker.schema.layout import Field

LAYOUTS = layouts()
NUMBERS = {event: number for number, event in enumerate(LAYOUTS, 1)}
KIND_AT = next(f.offset for f in LAYOUTS["fork"].header.members if f.name == "kind")

CODES = {"__u8": "B", "__u16": "H", "__u32": "I", "__u64": "Q", "__s32": "i", "__s64": "q", "char": "16s"}

# members that most tests are not about
USUALLY_ABSENT = {"created": 0, "unproven": 0, "loginuid": 2**32 - 1, "session": 2**32 - 1, "missing_interpreter": b""}

Raw = Mapping[str, int | bytes | tuple[bytes, ...]]  # what a record's members hold, by their names


def members(event: str) -> dict[str, Field]:
    """Every member of the event's record, by name."""
    made = LAYOUTS[event]
    return {f.name: f for f in (*made.header.members, *made.body.members)}


def tail_bytes(value: bytes | tuple[bytes, ...]) -> bytes:
    """A text as it is, a list of texts with a NUL after each."""
    return b"".join(text + b"\0" for text in value) if isinstance(value, tuple) else value


def walked(path: bytes) -> bytes:
    """A path as the probe walks it: its names from the last to the first, and an empty one for the root."""
    names = [b""] if path == b"/" else reversed(path.split(b"/"))
    return b"".join(name + b"\0" for name in names)


def record(event: str, raw: Raw) -> bytes:
    """One record, its texts one after the other in the tail; `kind` and `cut` need not be given. Paths that are walked
    are given as paths; of a joined one it is the directory's. What can be absent is so where it is empty, and what is
    USUALLY_ABSENT need not be given.
    """
    made = LAYOUTS[event]
    head, tail = bytearray(made.size), b""
    values = {**USUALLY_ABSENT, "kind": NUMBERS[event], "cut": 0, **raw}
    for name, member in members(event).items():
        if member.type.ctype == "struct span":
            if member.type.absent is not None and not values[name]:
                continue
            is_walked = member.type.op in (Op.PATH, Op.JOINED)
            text = walked(values[name]) if is_walked else tail_bytes(values[name])
            struct.pack_into("=II", head, member.offset, made.size + len(tail), len(text))
            tail += text
        else:
            struct.pack_into(f"={CODES[member.type.ctype]}", head, member.offset, values[name])
    return bytes(head) + tail


def with_span(whole: bytes, event: str, name: str, offset: int, length: int) -> bytes:
    """The record with the span of one text replaced."""
    at = members(event)[name].offset
    return whole[:at] + struct.pack("=II", offset, length) + whole[at + 8 :]


def batch(*records: bytes) -> bytes:
    """Records as `Probe.drain` gives them: for each an 8-byte length, then its bytes padded to 8."""
    return b"".join(struct.pack("=Q", len(each)) + each + bytes(-len(each) % 8) for each in records)


def plain(event: str) -> dict[str, Any]:
    """Members of an ordinary record, for tests that change one of them."""
    who = {"boot_ns": 5, "comm": b"cat", "start_ns": 3, "cgroup_id": 1, "pid": 7, "tid": 8, "ppid": 6, "ns_pid": 2}
    ids = {"uid": 1000, "gid": 100}
    file = {"joined_path": b"", "file_state": 0, "device": 65025, "inode": 23}
    given = {**file, "fd": 3, "real_path": b"/a", "file_state": 1}
    at = {"dirfd": -100, "joined_path": b"/tmp", "errno": 0, "syscall": 2}
    own: dict[str, dict[str, Any]] = {
        "fork": {
            "child_start_ns": 5, "clone_flags": 17 << 56, "child_pid": 9, "child_tid": 9, "child_ppid": 7, "thread": 0,
            "kernel": 0, "syscall": 1,
        },
        "exec": {
            "path": b"/bin/cat", "argv": (b"cat", b"-n"), "interpreter": b"/bin/ld.so", "errno": 0,
            "exe": b"/usr/bin/cat", "cwd": b"/", **file,
        },
        "exit": {"duration_ns": 2, "exit_code": 0, "core_dumped": 0, "signal": 0, "cpu_user_ns": 3, "cpu_system_ns": 1},
        "rename": {
            **at, "path": b"a", "new_path": b"b", "new_dirfd": 4, "joined_new_path": b"/new", "flags": 2, "syscall": 3,
        },
        "unlink": {**at, "path": b"a"},
        "mkdir": {**at, "path": b"a", "mode": 0o755},
        "rmdir": {**at, "path": b"a"},
        "link": {
            **at, **given, "path": b"a", "new_path": b"b", "new_dirfd": 4, "joined_new_path": b"/new", "flags": 0x400,
        },
        "symlink": {**at, "target": b"t", "path": b"a"},
        "chmod": {**at, **given, "path": b"a", "mode": 0o644, "flags": 0},
        "chown": {**at, **given, "path": b"a", "owner": 0, "group": 2**32 - 1, "flags": 0x1000},
        "truncate": {**given, "path": b"a", "joined_path": b"/tmp", "length": 7, "errno": 0, "syscall": 2},
        "open": {
            "flags": 0, "resolve": 0, "path": b"/etc/hostname", "fd": 3, "dirfd": -100, "mode": 2**32 - 1, "errno": 0,
            "syscall": 2, "real_path": b"/etc/hostname", **file,
        },
    }  # fmt: skip
    return {**who, **ids, **(own[event] if event in own else _any(event))}


def _any(event: str) -> dict[str, Any]:
    """Members of a record of an event that nothing is written about here."""
    texts = {"struct span": b"a"}
    return {
        f.name: texts.get(f.type.ctype, 1 if f.type.is_enum and f.type.absent is None else f.type.absent or 0)
        for f in LAYOUTS[event].body.members
    }
