"""Calls that change files or ask about them, as strace and onlooker tell of them: one table for all."""

import os
import stat
from collections.abc import Iterable, Mapping

import onlooker
from onlooker.events.names import (
    ACCESS_FLAGS,
    ACCESS_MODES,
    AT_FLAGS,
    FILE_TYPES,
    OPEN_FLAGS,
    RENAME_FLAGS,
    RESOLVE_FLAGS,
    STAT_FLAGS,
    XATTR_FLAGS,
)

from .facts import Change
from .strace import Call, members, number, split, string

# the event, and the arguments by letter: which field of the event each of them is; "-": none
CALLS: Mapping[str, tuple[str, str]] = {
    "rename": ("rename", "pP"),
    "renameat": ("rename", "dpDP"),
    "renameat2": ("rename", "dpDPa"),
    "unlink": ("unlink", "p"),
    "unlinkat": ("unlink", "dpa"),
    "mkdir": ("mkdir", "pm"),
    "mkdirat": ("mkdir", "dpm"),
    "rmdir": ("rmdir", "p"),
    "link": ("link", "pP"),
    "linkat": ("link", "dpDPa"),
    "symlink": ("symlink", "tp"),
    "symlinkat": ("symlink", "tdp"),
    "chmod": ("chmod", "pm"),
    "fchmod": ("chmod", "fm"),
    "fchmodat": ("chmod", "dpm"),
    "chown": ("chown", "pog"),
    "lchown": ("chown", "pog"),
    "fchown": ("chown", "fog"),
    "fchownat": ("chown", "dpoga"),
    "chown32": ("chown", "pog"),
    "lchown32": ("chown", "pog"),
    "fchown32": ("chown", "fog"),
    "truncate": ("truncate", "pl"),
    "ftruncate": ("truncate", "fl"),
    "truncate64": ("truncate", "pl"),
    "ftruncate64": ("truncate", "fl"),
    "access": ("access", "pA"),
    "faccessat": ("access", "dpA"),
    "faccessat2": ("access", "dpAa"),
    "stat": ("stat", "p-"),
    "lstat": ("stat", "p-"),
    "newfstatat": ("stat", "dp-a"),
    "statx": ("stat", "dpa--"),
    "oldstat": ("stat", "p-"),
    "oldlstat": ("stat", "p-"),
    "stat64": ("stat", "p-"),
    "lstat64": ("stat", "p-"),
    "fstatat64": ("stat", "dp-a"),
    "readlink": ("readlink", "pT-"),
    "readlinkat": ("readlink", "dpT-"),
    "chdir": ("chdir", "p"),
    "fchdir": ("chdir", "f"),
    "mknod": ("mknod", "pkr"),
    "mknodat": ("mknod", "dpkr"),
    "bind": ("bind", "fs-"),
    "setxattr": ("xattr", "px-za"),
    "lsetxattr": ("xattr", "px-za"),
    "fsetxattr": ("xattr", "fx-za"),
    "removexattr": ("xattr", "px"),
    "lremovexattr": ("xattr", "px"),
    "fremovexattr": ("xattr", "fx"),
    "utime": ("utime", "p-"),
    "utimes": ("utime", "p-"),
    "futimesat": ("utime", "dp-"),
    "utimensat": ("utime", "dp-a"),
    "utimensat_time64": ("utime", "dp-a"),
}
FIELDS = {
    "p": "path",
    "P": "new_path",
    "t": "target",
    "d": "dirfd",
    "D": "new_dirfd",
    "f": "fd",
    "m": "mode",
    "o": "owner",
    "g": "group",
    "l": "length",
    "a": "flags",
    "A": "access_mode",
    "T": "target",
    "k": "file_type",
    "r": "rdev",
    "s": "name",
    "x": "attribute",
    "z": "size",
}
TEXTS = "pPtx"  # strings, which must be whole
FLAGS = "aA"
EVENTS = tuple(sorted({event for event, _ in CALLS.values()}))
AT_REMOVEDIR = 0x200
AT_EMPTY_PATH = 0x1000
MODE_BITS = 0o7777
TABLES = (AT_FLAGS, RENAME_FLAGS, OPEN_FLAGS, RESOLVE_FLAGS, ACCESS_FLAGS, ACCESS_MODES, STAT_FLAGS, XATTR_FLAGS)
BITS = {
    **{name: bits for table in TABLES for bits, name in table.bits},
    **{name: value for value, name in enumerate(OPEN_FLAGS.low)},
    # strace's names for what onlooker shows as numbers; include/uapi/asm-generic/fcntl.h
    **{"AT_RECURSIVE": 0x8000, "__O_SYNC": 0x100000, "__O_TMPFILE": 0x400000, "FASYNC": os.O_ASYNC},
    **{"F_OK": 0, "AT_STATX_SYNC_AS_STAT": 0, "AT_STATX_SYNC_TYPE": 0x6000},
}
Value = bytes | int | None


def from_strace(call: Call, pid: int, tid: int) -> Change | None:
    """What strace tells; None for a call that is no event."""
    event, letters = CALLS[call.name]
    values: dict[str, Value] = {}
    cut = set()
    for letter, text in zip(letters, call.arguments, strict=False):
        if letter == "k":
            values |= _made(text, call.arguments[-1])
        elif letter == "s":
            values |= _socket_name(text)
        elif letter in TEXTS:
            values[FIELDS[letter]], whole = string(text)
            cut |= set() if whole else {FIELDS[letter]}
        elif letter == "T":
            values["target"] = string(text)[0] if call.result.isdecimal() and call.result != "0" else b""
        elif letter in FIELDS and letter != "r":
            values[FIELDS[letter]] = bits(text.split("|")) if letter in FLAGS else _number(letter, text)
    if event == "bind" and not {"path", "abstract"} & values.keys():  # another kind of socket, or no name
        return None
    if event == "utime" and "NULL" in call.arguments[:2] and values.get("dirfd", -100) != -100:  # do_utimes: that file
        cut.discard("path")
    if event == "stat" and _is_by_descriptor(values):
        return None
    result = "0" if event == "readlink" and call.result.isdecimal() else call.result
    return Change(pid, tid, *_arguments(event, call.name, values), result, frozenset(cut))


def _is_by_descriptor(values: dict[str, Value]) -> bool:
    flags, dirfd = values.get("flags"), values.get("dirfd")
    return isinstance(flags, int) and bool(flags & AT_EMPTY_PATH) and values["path"] == b"" and dirfd != -100


def _made(mode: str, device: str) -> dict[str, Value]:
    """The arguments of mknod: `S_IFCHR|0644, makedev(0x1, 0x3)`. Without a type, an ordinary file (do_mknodat)."""
    value = sum(map(_mode_bit, mode.split("|")))
    rdev = None
    if device.startswith("makedev("):
        rdev = os.makedev(*(int(part, 0) for part in split(device.removeprefix("makedev(").removesuffix(")"))))
    kind = value & ~MODE_BITS & 0xFFFF
    return {"file_type": kind or FILE_TYPES.number_of("S_IFREG"), "mode": value & MODE_BITS, "rdev": rdev or None}


def _mode_bit(word: str) -> int:
    """
    >>> _mode_bit("S_IFCHR"), oct(_mode_bit("S_ISUID")), oct(_mode_bit("0644"))
    (8192, '0o4000', '0o644')
    """
    plain = word.partition(" ")[0]
    if plain.startswith("S_IF"):
        return FILE_TYPES.number_of(plain)
    return getattr(stat, plain) if plain.startswith("S_IS") else number(plain)


def _socket_name(text: str) -> dict[str, Value]:
    r"""The name of a local socket.

    >>> _socket_name(r'{sa_family=AF_UNIX, sun_path="\x61"}'), _socket_name(r'{sa_family=AF_UNIX, sun_path=@"\x61"}')
    ({'path': b'a', 'abstract': b''}, {'path': b'', 'abstract': b'a'})
    >>> _socket_name("{sa_family=AF_INET, sin_port=htons(0)}")
    {}
    """
    name = members(text).get("sun_path") if text.startswith("{sa_family=AF_UNIX") else None
    if name is None:
        return {}
    if name.startswith("@"):
        return {"path": b"", "abstract": string(name[1:])[0]}
    return {"path": string(name)[0], "abstract": b""}


def seen(event: onlooker.TaskEvent) -> Change:
    """What onlooker tells."""
    syscall = event.syscall  # type: ignore[attr-defined]
    syscall = "bind" if syscall == "socketcall" else syscall  # as strace calls it
    values: dict[str, Value] = {}
    for letter in CALLS.get(syscall, (event.event, ""))[1]:
        values |= _values(event, letter)
    if values.get("dirfd", 0) is None and values.get("path") == b"":  # the descriptor is that of the file itself
        values["dirfd"] = getattr(event, "fd", None)
    cut = frozenset(values).intersection(event.cut)
    errno = event.errno  # type: ignore[attr-defined]
    return Change(event.pid, event.tid, *_arguments(event.event, syscall, values), errno or "0", cut)


def _values(event: onlooker.TaskEvent, letter: str) -> dict[str, Value]:
    """The fields of an argument, as `from_strace` has them."""
    if letter in "-r":
        return {}
    if letter == "k":
        kind = FILE_TYPES.number_of(event.file_type)  # type: ignore[attr-defined]
        return {"file_type": kind, "mode": event.mode, "rdev": event.rdev}  # type: ignore[attr-defined]
    if letter == "s":
        return {name: os.fsencode(getattr(event, name) or "") for name in ("path", "abstract")}
    name = FIELDS[letter]
    value = getattr(event, name, None)
    if letter in TEXTS + "T":
        value = os.fsencode(value or "")
    elif letter in FLAGS:
        value = bits(value or ()) | (AT_REMOVEDIR if event.event == "rmdir" else 0)
    return {name: value}


def _arguments(event: str, syscall: str, values: dict[str, Value]) -> tuple[str, str, tuple[tuple[str, Value], ...]]:
    flags = values.get("flags")
    if syscall == "unlinkat":  # its only flag decides which event it is, and no event shows more of them
        event = "rmdir" if isinstance(flags, int) and flags & AT_REMOVEDIR else "unlink"
        del values["flags"]
    return event, syscall, tuple(values.items())


def _number(letter: str, text: str) -> int | None:
    value = number(text)
    if letter == "m":
        return value & MODE_BITS
    return None if letter in "og" and value in (-1, 0xFFFFFFFF) else value


def bits(names: Iterable[str]) -> int:
    """The number that flags are.

    >>> hex(bits(["AT_EMPTY_PATH", "0x2"])), bits(["0"])
    ('0x1002', 0)
    """
    number = 0
    for name in names:
        plain = name.partition(" ")[0]  # strace adds `/* AT_??? */`
        number |= BITS[plain] if plain in BITS else int(plain, 0)
    return number
