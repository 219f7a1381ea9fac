"""What maps make of values, be they those of an event or slots: a slot stands for a value while a template is made."""

import re
import secrets
from collections.abc import Callable
from posixpath import basename, dirname, splitext
from typing import Any

import msgspec

Function = Callable[[bytes], bytes]  # from JSON to JSON, or to what stands within a string of it

_NONCE = secrets.token_hex(16)  # no name of a host has it
MARKED = re.compile(rb"%b(\d+)%b" % (_NONCE.encode(), _NONCE.encode()))
# of these fields a map may ask whether they are true or empty: then they are no slots
BRANCHES = ("created", "thread", "unproven", "ppid", "argv", "user", "user_name")
PATHS = ("path", "real_path", "joined_path", "new_path", "joined_new_path", "exe")
TOGETHER = (PATHS, ("pid", "child_ppid"))  # and of these, whether they are equal: then they are one slot
ASKED = frozenset((*BRANCHES, *PATHS))


class Slot:
    """The value of a field, as JSON has it, or what a function makes of that. `used`: all that a template has."""

    def __init__(self, used: "list[Slot]", name: str, *, is_text: bool, function: Function | None = None) -> None:
        self.name = name
        self.is_text = is_text
        self.function = function
        self._used = used

    def through(self, function: Function) -> "Slot":
        """What the function makes of it."""
        return Slot(self._used, self.name, is_text=self.is_text, function=function)

    def mark(self) -> str:
        """For its place in the JSON."""
        self._used.append(self)
        return f"{_NONCE}{len(self._used) - 1}{_NONCE}"

    def __str__(self) -> str:
        return self.through(_inner).mark() if self.is_text else self.mark()

    def __bool__(self) -> bool:
        if self.name not in ASKED:
            raise TypeError(f"no template knows whether {self.name} is empty")
        return True

    def __eq__(self, other: object) -> bool:
        if not (isinstance(other, Slot) and any({self.name, other.name} <= set(group) for group in TOGETHER)):
            raise TypeError(f"no template knows what {self.name} is")
        return self is other

    def __hash__(self) -> int:
        return id(self)


def encoded(slot: object) -> msgspec.Raw:
    """For msgspec, which knows no slots."""
    assert isinstance(slot, Slot)
    return msgspec.Raw(slot.mark().encode())


def joined(words: Any) -> Any:
    """A list of texts as one."""
    return words.through(_joined) if isinstance(words, Slot) else " ".join(words)


def count(values: Any) -> Any:
    """How many are in a list."""
    return values.through(_count) if isinstance(values, Slot) else len(values)


def millis(ns: Any) -> Any:
    """Of nanoseconds."""
    return ns.through(_millis) if isinstance(ns, Slot) else ns // 1_000_000


def names(path: Any) -> dict[str, Any]:
    """Of ECS."""
    if isinstance(path, Slot):  # the first value brings the others along
        return {"path": path, "name": path.through(_names)}
    made = {"path": path, "name": basename(path), "directory": dirname(path) or "."}
    if extension := splitext(path)[1][1:]:
        made["extension"] = extension
    return made


def named(path: Any) -> dict[str, Any]:
    """Of OCSF."""
    if isinstance(path, Slot):
        return {"path": path, "name": path.through(_named)}
    name = basename(path.rstrip("/")) or path or "-"
    return {"path": path or "-", "name": name, "parent_folder": dirname(path) or "."}


def _inner(text: bytes) -> bytes:
    return text[1:-1]


def _joined(words: bytes) -> bytes:
    return msgspec.json.encode(" ".join(msgspec.json.decode(words)))


def _count(values: bytes) -> bytes:
    return b"%d" % len(msgspec.json.decode(values))


def _millis(ns: bytes) -> bytes:
    return b"%d" % (int(ns) // 1_000_000)


# "/" and "." are never escaped in JSON that was written here, and no escape has one


def _names(text: bytes) -> bytes:
    place = text.rfind(b"/") + 1
    name = text[place:-1] if place else text[1:-1]
    before, _, extension = name.rpartition(b".")
    if extension and before.lstrip(b"."):
        return b'"%b","directory":"%b","extension":"%b"' % (name, _directory(text, place), extension)
    return b'"%b","directory":"%b"' % (name, _directory(text, place))


def _named(text: bytes) -> bytes:
    place = text.rfind(b"/") + 1
    name = text[place:-1] if place else text[1:-1]
    if not name:
        name = text[1:-1].rstrip(b"/").rpartition(b"/")[2] or text[1:-1]
    return b'"%b","parent_folder":"%b"' % (name, _directory(text, place))


def _directory(text: bytes, place: int) -> bytes:
    """Of a path in quotes, whose name is at that place."""
    found = text[1:place]
    return found.rstrip(b"/") or found or b"."
