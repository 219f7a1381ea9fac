"""A decoder for all events, whose report of a corrupt record says nothing but the kind."""

from typing import Any

from onlooker import Event, Lost
from onlooker.probe._decode import Decoder
from onlooker.schema.plan import plan

from ..records import KIND_AT, LAYOUTS, batch


def corrupt(kind: int) -> Lost:
    """What the decoder of these tests gives for a record that makes no sense; `kind` 0 is unknown."""
    return Lost(time="", boot_ns=0, count=1, of=("unknown", *LAYOUTS)[kind], reason="corrupt")


def decoder() -> Decoder:
    return Decoder([plan(number, made) for number, made in enumerate(LAYOUTS.values(), 1)], corrupt)


def decode(*records: bytes, offset_ns: int = 0) -> list[Event]:
    """Each record by itself would give the same."""
    return decoder().decode(batch(*records), offset_ns, KIND_AT)


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
        "exit": {"duration_ns": 2, "exit_code": 0, "core_dumped": 0, "signal": 0},
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
    return {**who, **ids, **own[event]}
