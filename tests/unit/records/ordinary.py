"""The events of `made_records.plain`, written out by hand."""

_WHO = {
    "time": "1970-01-01T00:00:00.000000005Z", "boot_ns": 5, "comm": "cat", "start_ns": 3, "cgroup_id": 1,
    "pid": 7, "tid": 8, "ppid": 6, "ns_pid": 2, "uid": 1000, "gid": 100, "cut": (),
}  # fmt: skip
_CALL = {**_WHO, "errno": None, "dirfd": -100, "joined_path": "/tmp/a", "path": "a", "unproven": False}
_FILE = {"file_state": "deleted", "device": 65025, "inode": 23}
_GIVEN = {**_CALL, **_FILE, "fd": 3, "real_path": "/a", "joined_path": None}
_OF_AN_EXEC = {"loginuid": None, "session": None, "missing_interpreter": None}
_TRUNCATED = {name: value for name, value in _GIVEN.items() if name != "dirfd"}
_EXITED = {name: value for name, value in _WHO.items() if name != "cut"}

ORDINARY: dict[str, dict[str, object]] = {
    "fork": {
        **_WHO, "child_pid": 9, "child_tid": 9, "child_start_ns": 5, "child_ppid": 7, "thread": False,
        "kernel": False, "syscall": "clone", "clone_flags": ("SIGCHLD",),
    },
    "exec": {
        **_WHO, **_FILE, **_OF_AN_EXEC, "path": "/bin/cat", "argv": ("cat", "-n"), "interpreter": "/bin/ld.so",
        "errno": None, "exe": "/usr/bin/cat", "cwd": "/", "joined_path": None, "file_state": None,
    },
    "exit": {
        **_EXITED, "core_dumped": False, "duration_ns": 2, "exit_code": 0, "signal": None, "cpu_user_ns": 3,
        "cpu_system_ns": 1,
    },
    "open": {
        **_GIVEN, "syscall": "openat", "path": "/etc/hostname", "flags": ("O_RDONLY",), "mode": 2**32 - 1,
        "resolve": (), "real_path": "/etc/hostname", "file_state": None, "created": False,
    },
    "rename": {
        **_CALL, "syscall": "renameat2", "new_path": "b", "new_dirfd": 4, "joined_new_path": "/new/b",
        "flags": ("RENAME_EXCHANGE",),
    },
    "unlink": {**_CALL, "syscall": "unlinkat"},
    "mkdir": {**_CALL, "syscall": "mkdirat", "mode": 0o755},
    "rmdir": {**_CALL, "syscall": "unlinkat"},
    "link": {
        **_GIVEN, "syscall": "linkat", "new_path": "b", "new_dirfd": 4, "joined_new_path": "/new/b",
        "flags": ("AT_SYMLINK_FOLLOW",),
    },
    "symlink": {**_CALL, "syscall": "symlinkat", "target": "t"},
    "chmod": {**_GIVEN, "syscall": "fchmod", "mode": 0o644, "flags": ()},
    "chown": {**_GIVEN, "syscall": "lchown", "owner": 0, "group": None, "flags": ("AT_EMPTY_PATH",)},
    "truncate": {**_TRUNCATED, "syscall": "ftruncate", "length": 7, "joined_path": "/tmp/a"},
}  # fmt: skip
