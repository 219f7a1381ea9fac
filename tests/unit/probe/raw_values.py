"""What the members of a record can hold, and the event that must come of it, written out by hand for each event."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from onlooker import Chmod, Chown, Event, Exec, Exit, Fork, Link, Mkdir, Open, Rename, Rmdir, Symlink, Truncate, Unlink
from onlooker.events import names
from onlooker.events.errnos import errno_name
from onlooker.schema.kinds import Choice, Kind, Op

from ..records import LAYOUTS, Raw, members

LATEST = 2**62 - 1  # of boot_ns, and of the offset to the wall clock: their sum is a time in the year 2262
OFFSETS = st.integers(0, LATEST)

TEXT = st.binary(max_size=40)
ARGUMENT = st.lists(st.integers(1, 255), max_size=10).map(bytes)
NAME = st.lists(st.integers(1, 255), max_size=16).map(bytes)
FILE_NAME = st.binary(min_size=1, max_size=12).map(lambda raw: raw.translate(None, b"\0/") or b"x")
FILE_NAMES = st.lists(FILE_NAME, max_size=4).map(b"/".join)
PATH = st.one_of(FILE_NAMES, FILE_NAMES.map(lambda names: b"/" + names))  # one without the root is cut; empty: absent


def values(name: str, kind: Kind) -> st.SearchStrategy[Any]:
    """Everything that the probe could write into a member of that kind."""
    if name == "boot_ns":
        return st.integers(0, LATEST)
    if isinstance(kind, Choice):
        return st.integers(1 if kind.absent is None else 0, len(kind.names))
    texts = {Op.NAME: NAME, Op.TEXT: TEXT, Op.TEXTS: st.lists(ARGUMENT, max_size=5).map(tuple)}
    texts |= {Op.PATH: PATH, Op.JOINED: PATH}
    if kind.op in texts:
        return texts[kind.op]
    bits = 8 * kind.size
    if kind.op is Op.SIGNED:
        ordinary = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    else:
        ordinary = st.integers(0, 2**bits - 1)
    return ordinary if kind.absent is None else st.one_of(ordinary, st.just(kind.absent))


def raws(event: str) -> st.SearchStrategy[Raw]:
    """The members of a record of that event."""
    fields = {name: values(name, f.kind) for name, f in members(event).items() if name not in ("kind", "cut")}
    return st.fixed_dictionaries({**fields, "cut": st.integers(0, 2 ** len(LAYOUTS[event].cuttable) - 1)})


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def unless(absent: object, value: Any) -> Any:
    return None if value == absent else value


def path(raw: bytes) -> str | None:
    return text(raw) or None


def joined(directory: bytes, raw: bytes) -> str | None:
    """As os.path.join, but an absolute path too is put behind the directory, which is then the root."""
    if not directory or not raw:
        return path(directory)
    return text(directory.removesuffix(b"/") + b"/" + raw.removeprefix(b"/"))


def which_file(raw: Raw) -> dict[str, Any]:
    states = (None, "deleted", "tmpfile", "memfd", "pseudo", "detached")
    return {
        "joined_path": joined(raw["joined_path"], raw["path"]),
        "file_state": states[raw["file_state"]],
        "device": unless(0, raw["device"]),
        "inode": unless(0, raw["inode"]),
    }


def rfc3339(wall_ns: int) -> str:
    seconds, rest = divmod(wall_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def cut(raw: Raw, *cuttable: str) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(cuttable) if raw["cut"] >> bit & 1)


def who(raw: Raw, offset_ns: int) -> dict[str, Any]:
    """The fields that all events of a process share."""
    same = ("boot_ns", "pid", "tid", "ppid", "uid", "gid", "start_ns", "cgroup_id", "ns_pid")
    return {
        "time": rfc3339(raw["boot_ns"] + offset_ns),
        "comm": text(raw["comm"].partition(b"\0")[0]),
        **{name: raw[name] for name in same},
    }


def fork(raw: Raw, offset_ns: int) -> Fork:
    return Fork(
        **who(raw, offset_ns),
        child_pid=raw["child_pid"],
        child_tid=raw["child_tid"],
        child_start_ns=raw["child_start_ns"],
        child_ppid=raw["child_ppid"],
        thread=raw["thread"] != 0,
        kernel=raw["kernel"] != 0,
        syscall=(None, "clone", "clone3", "fork", "vfork")[raw["syscall"]],
        clone_flags=names.clone_flag_names(raw["clone_flags"]),
        cut=cut(raw, "clone_flags"),
    )


def exec_(raw: Raw, offset_ns: int) -> Exec:
    return Exec(
        **who(raw, offset_ns),
        path=text(raw["path"]),
        argv=tuple(map(text, raw["argv"])),
        interpreter=unless("", text(raw["interpreter"])),
        errno=unless("0", errno_name(raw["errno"])),
        exe=path(raw["exe"]),
        cwd=path(raw["cwd"]),
        **which_file(raw),
        loginuid=unless(2**32 - 1, raw.get("loginuid", 2**32 - 1)),
        session=unless(2**32 - 1, raw.get("session", 2**32 - 1)),
        missing_interpreter=unless("", text(raw.get("missing_interpreter", b""))),
        cut=cut(raw, "path", "argv", "interpreter", "exe", "cwd", "joined_path", "missing_interpreter"),
    )


def exit_(raw: Raw, offset_ns: int) -> Exit:
    return Exit(
        **who(raw, offset_ns),
        core_dumped=raw["core_dumped"] != 0,
        duration_ns=raw["duration_ns"],
        exit_code=unless(-1, raw["exit_code"]),
        signal=unless("SIG0", names.signal_name(raw["signal"])),
    )


def open_(raw: Raw, offset_ns: int) -> Open:
    return Open(
        **who(raw, offset_ns),
        syscall=("open", "openat", "openat2", "creat", "open_by_handle_at", "io_uring")[raw["syscall"] - 1],
        path=text(raw["path"]),
        flags=names.open_flag_names(raw["flags"]),
        fd=unless(-1, raw["fd"]),
        errno=unless("0", errno_name(raw["errno"])),
        dirfd=unless(-(2**31), raw["dirfd"]),
        mode=unless(2**63 - 2, raw["mode"]),
        resolve=names.resolve_flag_names(raw["resolve"]),
        real_path=path(raw["real_path"]),
        **which_file(raw),
        created=raw.get("created", 0) != 0,
        unproven=raw.get("unproven", 0) != 0,
        cut=cut(raw, "path", "flags", "fd", "mode", "resolve", "real_path", "joined_path", "created"),
    )


_MAKERS = {"fork": fork, "exec": exec_, "exit": exit_, "open": open_}

# of calls on files: the class, the names of the calls, what can be cut
_FILE_CALLS: dict[str, tuple[type[Event], tuple[str, ...], tuple[str, ...]]] = {
    "rename": (
        *(Rename, ("rename", "renameat", "renameat2")),
        ("path", "new_path", "joined_path", "joined_new_path"),
    ),
    "unlink": (Unlink, ("unlink", "unlinkat"), ("path", "joined_path")),
    "mkdir": (Mkdir, ("mkdir", "mkdirat"), ("path", "joined_path")),
    "rmdir": (Rmdir, ("rmdir", "unlinkat"), ("path", "joined_path")),
    "link": (Link, ("link", "linkat"), ("path", "new_path", "joined_path", "joined_new_path", "real_path")),
    "symlink": (Symlink, ("symlink", "symlinkat"), ("target", "path", "joined_path")),
    "chmod": (Chmod, ("chmod", "fchmod", "fchmodat", "fchmodat2"), ("path", "joined_path", "real_path")),
    "chown": (
        *(Chown, ("chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32")),
        ("path", "joined_path", "real_path"),
    ),
    "truncate": (
        *(Truncate, ("truncate", "ftruncate", "truncate64", "ftruncate64")),
        ("path", "joined_path", "real_path"),
    ),
}
_FLAGS = {"rename": names.rename_flag_names, "link": names.at_flag_names}


def file_call(event: str, raw: Raw, offset_ns: int) -> Event:
    cls, calls, cuttable = _FILE_CALLS[event]
    by_path_only = event in ("chmod", "chown", "truncate")
    fields: dict[str, Any] = {
        **who(raw, offset_ns),
        "syscall": calls[raw["syscall"] - 1],
        "path": unless("", text(raw["path"])) if by_path_only else text(raw["path"]),
        "errno": unless("0", errno_name(raw["errno"])),
        "unproven": raw.get("unproven", 0) != 0,
        "joined_path": joined(raw["joined_path"], raw["path"]),
        "cut": cut(raw, *cuttable),
    }
    fields |= {name: unless(-(2**31), raw[name]) for name in ("dirfd", "new_dirfd", "fd") if name in raw}
    fields |= {name: raw[name] for name in ("mode", "length") if name in raw}
    fields |= {name: text(raw[name]) for name in ("new_path", "target") if name in raw}
    fields |= {name: unless(2**32 - 1, raw[name]) for name in ("owner", "group") if name in raw}
    if "flags" in raw:
        fields["flags"] = _FLAGS.get(event, names.at_flag_names)(raw["flags"])
    if "new_path" in raw:
        fields["joined_new_path"] = joined(raw["joined_new_path"], raw["new_path"])
    if "real_path" in raw:
        fields |= {"real_path": path(raw["real_path"]), **which_file(raw)}
    return cls(**fields)


def expected(event: str, raw: Raw, offset_ns: int) -> Event:
    """The event that a record with these members stands for."""
    return _MAKERS[event](raw, offset_ns) if event in _MAKERS else file_call(event, raw, offset_ns)
