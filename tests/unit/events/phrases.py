"""What the native part says of an event by its phrase, as one reads it: slow, and plain."""

import os
import posixpath
from datetime import UTC, datetime

from onlooker import Event
from onlooker.schema.phrase import Choose, Phrase, Text, Value, parse
from onlooker.schema.plan import MARKS

from ..escaping import oracle

# where symbolic links are daily bread: libraries, alternatives, and what was merged into /usr
_USR = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")


def misleads(path: str, real: str) -> bool:
    """Whether a path alone misleads about which file it led to. Symbolic links within /usr do not count."""
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


def _misleads(path: str, real: str) -> bool:
    """A file of O_TMPFILE lies in the directory that was passed, and is called by a number."""
    directory, slash, name = real.rpartition("/")
    places = {real, (directory or "/") if slash and name.startswith("#") else real}
    return path != real and all(misleads(path, place) for place in places)


def _value(piece: Value, event: Event) -> str:
    if piece.field == "own_pid":
        return str(os.getpid())
    value = getattr(event, piece.field, "")
    if piece.field == "argv":
        return oracle.command_line(value)
    if isinstance(value, tuple):
        return (" " if piece.format == "words" else ", ").join(value)
    if value is None:
        return '""' if piece.field in ("path", "new_path", "target", "interpreter") else ""
    if piece.format == "octal":
        return f"0{value:03o}"
    if piece.format == "seconds":
        rounded = (value + 500) // 1000
        return f"{rounded // 10**6}.{rounded % 10**6:06} s"
    return (
        (oracle.escape if piece.field == "comm" else oracle.escape_path)(value)
        if isinstance(value, str)
        else str(value)
    )


def _holds(piece: Choose, event: Event) -> bool:
    value, other = getattr(event, piece.field, None), getattr(event, piece.other, None) if piece.other else None
    if not hasattr(event, piece.field) or value is None:
        return False
    if piece.test == "has":
        return piece.other in value if isinstance(value, tuple) else piece.other == value
    if piece.test == "differs":
        return value != (other or "")
    if piece.test == "misleads":
        return _misleads(other or "", value)
    if piece.test == "absolute":
        return value.startswith("/")
    return value not in (False, "", ()) if not isinstance(value, int) or isinstance(value, bool) else True


def said(phrase: Phrase, event: Event) -> str:
    """The phrase of an event."""
    found = ""
    for piece in phrase:
        if isinstance(piece, Text):
            found += piece.text
        elif isinstance(piece, Value):
            found += _value(piece, event)
        elif isinstance(piece, Choose):
            found += said(piece.yes if _holds(piece, event) else piece.no, event)
        else:
            items = [text for item in piece.items if (text := said(item, event))]
            found += f" [{', '.join(items)}]" if items else ""
    return found


def line(event: Event) -> str:
    """The classic line."""
    moment = datetime.fromisoformat(event.time[:19]).replace(tzinfo=UTC).astimezone()
    who, phrase, marks = (parse(text) for text in (event.who, event.phrase, MARKS))
    return f"[{moment:%Y-%m-%d %H:%M:%S}.{event.time[20:26]}] {said((*who, Text(' '), *phrase, *marks), event)}"
