"""What an event did to which file, in words: what it wanted where it failed, what it did where not."""

from collections.abc import Iterator

from ..events import TaskEvent
from ..events.access import Access
from ..events.bind import Bind
from ..events.link import Link
from ..events.open import Open
from ..events.rename import Rename
from ..events.symlink import Symlink
from ..events.xattr import Xattr
from ..filters import sugar
from ..filters.paths import clean

# event -> what it wants, and what it has done
_CALLS = {
    "exec": ("execute", "executed"),
    "unlink": ("remove", "removed"),
    "rmdir": ("remove", "removed"),
    "mkdir": ("create", "created"),
    "chmod": ("chmod", "chmod"),
    "chown": ("chown", "chown"),
    "truncate": ("truncate", "truncated"),
    "mknod": ("create", "created"),
    "bind": ("bind", "bound"),
    "utime": ("set times", "set times"),
    "stat": ("stat", "stat"),
    "readlink": ("read link", "read link"),
    "chdir": ("enter", "entered"),
}
_ACCESSES = {"R_OK": "read", "W_OK": "write", "X_OK": "execute"}
_XATTRS = (("set xattr", "set xattr"), ("remove xattr", "removed xattr"))
_OPENS = {
    "find": "found",
    "list": "listed",
    "read": "read",
    "write": "written",
    "append": "appended",
    "create": "created",
    "truncate": "truncated",
}
_NAMES = {
    "rename": "renamed",
    "rename to": "renamed to",
    "exchange": "exchanged",
    "link": "linked",
    "symlink": "symlinked",
}
# every word for what is wanted, and for what was done; the same for access(2), which does nothing
WORDS = {
    **_OPENS,
    **dict(_CALLS.values()),
    **dict(_XATTRS),
    **_NAMES,
    **{word: word for word in ("ask", *(f"ask to {access}" for access in _ACCESSES.values()))},
}
CHANGES = (Open.event, *sugar.CHANGES)  # events that change files, or can


def file_of(event: TaskEvent) -> str:
    """Which file it is about, whatever the event calls it, without "." and ".."; "" for an empty path, and "?" for what
    can't be told.
    """
    for name in ("exe", "real_path", "joined_path", "path"):
        if found := getattr(event, name, None):
            return cleaned(str(found))
    return "" if getattr(event, "path", None) == "" and "path" not in getattr(event, "cut", ()) else "?"


def new_file_of(event: Rename | Link) -> str:
    """The other file, of two."""
    return cleaned(event.joined_new_path or event.new_path)


def cleaned(path: str) -> str:
    """One file has one name, however a program spells it.

    >>> cleaned("/srv//a/./b/"), cleaned("/srv/.git"), cleaned("a/../b")
    ('/srv/a/b', '/srv/.git', 'b')
    """
    if "//" in path or "/." in path or path[:1] == "." or path[-1:] == "/":
        return clean(path.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    return path


def wanted(event: Open) -> tuple[str, ...]:
    """What a file is opened for. With O_PATH the kernel ignores all other flags."""
    flags = event.flags
    if "O_PATH" in flags:
        return ("find",)
    found = []
    if event.created or "O_TMPFILE" in flags or (event.errno and "O_CREAT" in flags):
        found.append("create")
    elif "O_TRUNC" in flags:
        found.append("truncate")
    if not {"O_WRONLY", "O_RDWR"} & {*flags}:
        found.append("list" if "O_DIRECTORY" in flags else "read")
        return tuple(found)
    if "O_RDWR" in flags:
        found.append("read")
    found.append("append" if "O_APPEND" in flags else "write")
    return tuple(found)


def is_change(event: TaskEvent) -> bool:
    """Whether it changes a file, opens one for that, or would have."""
    if isinstance(event, Open):
        return not {*wanted(event)} <= {"find", "list", "read"}
    return event.event in CHANGES


def done(event: TaskEvent) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files that it is about, with what it did there, or wanted where it failed. A socket with an abstract name is
    no file.
    """
    has_failed = getattr(event, "errno", None) is not None
    file = file_of(event)
    if isinstance(event, Open):
        words = wanted(event)
        yield file, words if has_failed else tuple(map(_OPENS.__getitem__, words))
    elif isinstance(event, Rename):
        new = new_file_of(event)
        pair = ("exchange", "exchange") if "RENAME_EXCHANGE" in event.flags else ("rename", "rename to")
        for each, word in zip((file, new), pair, strict=True):
            yield each, (word if has_failed else WORDS[word],)
    elif isinstance(event, Link | Symlink):
        made = new_file_of(event) if isinstance(event, Link) else file
        yield made, (event.event if has_failed else WORDS[event.event],)
    elif isinstance(event, Access):
        yield file, tuple(f"ask to {_ACCESSES.get(mode, mode)}" for mode in event.access_mode) or ("ask",)
    elif isinstance(event, Xattr):
        yield file, (_XATTRS[event.size is None][not has_failed],)
    elif event.event in _CALLS and not (isinstance(event, Bind) and event.path is None):
        yield file, (_CALLS[event.event][not has_failed],)
