"""What is said of calls on files: of one that renamed a file, "renamed file A to B"."""

from collections.abc import Callable
from typing import Any

from ..events import Chmod, Chown, Link, Mkdir, Rename, Rmdir, Symlink, TaskEvent, Truncate, Unlink
from ..lines import escape, escape_path

FileCall = Rename | Unlink | Mkdir | Rmdir | Link | Symlink | Chmod | Chown | Truncate

_EXCHANGE = "RENAME_EXCHANGE"


def _file(event: Link | Chmod | Chown | Truncate) -> str:
    """What the call was given: a path, or the descriptor of the file itself."""
    by_descriptor = event.fd is not None and not event.path
    return f"file descriptor {event.fd}" if by_descriptor else f"file {escape_path(event.path or '')}"


def _between(event: Rename | Link) -> str:
    if isinstance(event, Link):
        return "as"
    return "with" if _EXCHANGE in event.flags else "to"


def _mode(mode: int) -> str:
    """In octal, as in C."""
    return f"0{mode:03o}"


def _owner(event: Chown) -> str:
    """As chown(1) takes it: nothing stands for an id that is to stay as it is."""
    owner, group = ("" if number is None else str(number) for number in (event.owner, event.group))
    return f"{owner}:{group}"


# past tense, infinitive, and what follows both
_PHRASES: dict[type[TaskEvent], tuple[str, str, Callable[[Any], str]]] = {
    Rename: (
        "renamed",
        "rename",
        lambda event: f"file {escape_path(event.path)} {_between(event)} {escape_path(event.new_path)}",
    ),
    Unlink: ("removed", "remove", lambda event: f"file {escape_path(event.path)}"),
    Mkdir: ("created", "create", lambda event: f"directory {escape_path(event.path)}"),
    Rmdir: ("removed", "remove", lambda event: f"directory {escape_path(event.path)}"),
    Link: ("linked", "link", lambda event: f"{_file(event)} as {escape_path(event.new_path)}"),
    Symlink: (
        "created",
        "create",
        lambda event: f"symbolic link {escape_path(event.path)} to {escape_path(event.target)}",
    ),
    Chmod: ("changed", "change", lambda event: f"mode of {_file(event)} to {_mode(event.mode)}"),
    Chown: ("changed", "change", lambda event: f"owner of {_file(event)} to {_owner(event)}"),
    Truncate: ("truncated", "truncate", lambda event: f"{_file(event)} to {event.length} bytes"),
}


def object_of(event: FileCall) -> str:
    """What was done to what: "file A to B"."""
    return _PHRASES[type(event)][2](event)


def done(event: FileCall) -> str:
    """What a call on files says after the process."""
    past, infinitive, follows = _PHRASES[type(event)]
    if isinstance(event, Rename) and _EXCHANGE in event.flags:
        past, infinitive = "exchanged", "exchange"
    said = f"failed to {infinitive} {follows(event)}: {event.errno}" if event.errno else f"{past} {follows(event)}"
    cut = f" [cut: {', '.join(event.cut)}]" if event.cut else ""
    return f"{said}{whole_paths(event)}{cut}"


def whole_paths(event: FileCall) -> str:
    """What paths that do not begin with "/" stand for, and the file behind a descriptor."""
    return _joined(event) + _behind_descriptor(event)


def _joined(event: FileCall) -> str:
    """What paths that do not begin with "/" stand for; both, where one of two does not."""
    pairs, between = [(event.path, event.joined_path)], ""
    if isinstance(event, Rename | Link):
        pairs.append((event.new_path, event.joined_new_path))
        between = f" {_between(event)} "
    if all(joined is None or (path or "").startswith("/") for path, joined in pairs):
        return ""
    return f" [joined: {between.join(escape(joined or path or '') for path, joined in pairs if joined or path)}]"


def _behind_descriptor(event: FileCall) -> str:
    if not isinstance(event, Link | Chmod | Chown | Truncate):
        return ""
    path = "" if event.real_path is None else f" [file: {escape(event.real_path)}]"
    return f"{path} [{event.file_state}]" if event.file_state else path
