"""The words of the classic lines that several events share."""

import posixpath
import time as clock
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import lines

if TYPE_CHECKING:
    from .base import Event

EXCHANGE = "RENAME_EXCHANGE"

# where symbolic links are daily bread: libraries, alternatives, and what was merged into /usr
_USR = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")


def local_second(time: str) -> str:
    """The local time of one in RFC 3339, UTC, up to the second.

    >>> local_second("2023-10-20T15:30:46.123456789Z")[-4:]
    ':46.'
    """
    # not astimezone(), which refuses some of the zones that TZ can name
    moment = datetime.fromisoformat(time[:19]).replace(tzinfo=UTC).timestamp()
    return clock.strftime("%Y-%m-%d %H:%M:%S.", clock.localtime(moment))


@lru_cache(maxsize=1024)  # most events are by the processes of the events before
def process(comm: str, pid: int, ppid: int | None) -> str:
    """Who did it."""
    parent = "" if ppid is None else f", PPID:{ppid}"
    return f"Process {lines.escape(comm)} (PID:{pid}{parent})"


def seconds(nanoseconds: int) -> str:
    """With microseconds.

    >>> seconds(1_572_099)
    '0.001572 s'
    """
    return f"{nanoseconds / 1e9:.6f} s"


def marks(event: "Event") -> str:
    """What is doubtful of it, or not whole."""
    unproven = " [unproven]" if event.unproven else ""
    return f"{unproven} [cut: {', '.join(cut)}]" if (cut := event.cut) else unproven


def leads_elsewhere(path: str, real: str) -> bool:
    """Whether a path alone misleads about which file it led to. Symbolic links within /usr do not count.

    >>> leads_elsewhere("/etc//passwd", "/etc/passwd"), leads_elsewhere("/lib/libc.so.6", "/usr/lib/libc.so.6")
    (False, False)
    >>> leads_elsewhere("/etc/passwd", "/jail/etc/passwd"), leads_elsewhere("/proc/self/exe", "/usr/bin/cat")
    (True, True)
    """
    if path == real:
        return False
    if not path.startswith("/"):
        return True
    named = "/" + posixpath.normpath(path).lstrip("/") if "//" in path or "/." in path or path[-1] == "/" else path
    if not real.startswith("/"):  # its beginning is not known
        return not named.endswith(f"/{real}")
    if real.startswith("/usr/") and f"{named}/".startswith(_USR):
        return real.endswith(named) and real not in (named, f"/usr{named}")  # a root below /usr
    return real != named


def file_note(path: str, real: str | None, state: str | None) -> str:
    """Which file a path led to, where it does not say so itself, and what it is instead of one with a name."""
    said = f" [{state}]" if state else ""
    if real is None or not leads_elsewhere(path, posixpath.dirname(real) if state == "tmpfile" else real):
        return said
    return f" [file: {lines.escape(real)}]{said}"


def joined_note(path: str, joined: str | None) -> str:
    """What a path was that led to nothing, where it does not say so itself: a relative one, or one in another root."""
    return "" if joined is None or joined == path else f" [joined: {lines.escape(joined)}]"


@lru_cache(maxsize=256)  # most programs use a few; a hostile one can use any
def access_note(flags: tuple[str, ...], created: bool, failed: bool) -> str:
    """What a file was opened for, where that is more than reading.

    >>> access_note(("O_RDONLY", "O_CLOEXEC"), False, False), access_note(("O_WRONLY", "O_CREAT"), True, False)
    ('', ' [write, created]')
    """
    words = []
    if "O_PATH" in flags:  # the kernel ignores the others; do_dentry_open, fs/open.c
        return " [path only]"
    if "O_RDWR" in flags:
        words += ["read", "write"]
    elif "O_WRONLY" in flags:
        words += ["write"]
    if words and "O_APPEND" in flags:
        words += ["append"]
    if created:
        words += ["created"]
    elif failed and "O_CREAT" in flags:
        words += ["create"]
    if "O_TRUNC" in flags and not created:
        words += ["truncate"]
    return f" [{', '.join(words)}]" if words else ""


def given_file(event: Any) -> str:
    """What a call was given: a path, or the descriptor of the file itself."""
    by_descriptor = event.fd is not None and not event.path
    return f"file descriptor {event.fd}" if by_descriptor else f"file {lines.escape_path(event.path or '')}"


def between(event: Any) -> str:
    """The word between the two paths of a rename or a link."""
    if event.event == "link":
        return "as"
    return "with" if EXCHANGE in event.flags else "to"


def call_notes(event: Any) -> str:
    """Of a call on files: what its paths stand for, both where one of two does not say so itself, and the file behind a
    descriptor.
    """
    pairs, middle = [(event.path or "", event.joined_path)], ""
    if event.event in ("rename", "link"):
        pairs.append((event.new_path, event.joined_new_path))
        middle = f" {between(event)} "
    if all(joined is None or path == joined for path, joined in pairs):
        said = ""
    else:
        said = f" [joined: {middle.join(lines.escape(joined or path) for path, joined in pairs if joined or path)}]"
    real, state = getattr(event, "real_path", None), getattr(event, "file_state", None)
    if real is not None:
        said += f" [file: {lines.escape(real)}]"
    return f"{said} [{state}]" if state else said


def file_call(event: Any, past: str, infinitive: str) -> str:
    """What a call on files says after the process: "removed file A"."""
    what = event._object()
    said = f"failed to {infinitive} {what}: {event.errno}" if event.errno else f"{past} {what}"
    return f"{said}{call_notes(event)}{marks(event)}"
