"""Calls that change files (rename, unlink, ...), as strace and onlooker tell of them: one table for all of them."""

import os
from collections.abc import Iterable, Mapping

import onlooker
from onlooker.events.names import AT_FLAGS, OPEN_FLAGS, RENAME_FLAGS, RESOLVE_FLAGS

from .facts import Change
from .strace import Call, number, string

# the event, and the arguments by letter: which field of the event each of them is
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
}
EVENTS = tuple(sorted({event for event, _ in CALLS.values()}))
AT_REMOVEDIR = 0x200
MODE_BITS = 0o7777
BITS = {
    **{name: bits for table in (AT_FLAGS, RENAME_FLAGS, OPEN_FLAGS, RESOLVE_FLAGS) for bits, name in table.bits},
    **{name: value for value, name in enumerate(OPEN_FLAGS.low)},
    # strace's names for what onlooker shows as numbers; include/uapi/asm-generic/fcntl.h
    **{"AT_RECURSIVE": 0x8000, "__O_SYNC": 0x100000, "__O_TMPFILE": 0x400000, "FASYNC": os.O_ASYNC},
}
Value = bytes | int | None


def from_strace(call: Call, pid: int, tid: int) -> Change:
    """What strace tells."""
    event, letters = CALLS[call.name]
    values: dict[str, Value] = {}
    cut = set()
    for letter, text in zip(letters, call.arguments, strict=True):
        name = FIELDS[letter]
        if letter in "pPt":
            values[name], whole = string(text)
            cut |= set() if whole else {name}
        else:
            values[name] = bits(text.split("|")) if letter == "a" else _number(letter, text)
    return Change(pid, tid, *_arguments(event, call.name, values), call.result, frozenset(cut))


def seen(event: onlooker.TaskEvent) -> Change:
    """What onlooker tells."""
    syscall = event.syscall  # type: ignore[attr-defined]
    values: dict[str, Value] = {}
    for letter in CALLS.get(syscall, (event.event, ""))[1]:
        name = FIELDS[letter]
        value = getattr(event, name, None)
        if letter in "pPt":
            value = os.fsencode(value or "")
        elif letter == "a":
            value = bits(value or ()) | (AT_REMOVEDIR if event.event == "rmdir" else 0)
        values[name] = value
    cut = frozenset(values).intersection(event.cut)
    errno = event.errno  # type: ignore[attr-defined]
    return Change(event.pid, event.tid, *_arguments(event.event, syscall, values), errno or "0", cut)


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
