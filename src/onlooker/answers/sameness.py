"""What makes two names the same in two runs: temporary names, process ids, random digits, times."""

import re
from functools import lru_cache
from itertools import pairwise

ANY = "#"
# at the beginning of a word, of an option's value, or of one of several paths
_TEMPORARY_PLACE = re.compile(r"(?:^|[=,:\s'\"(]|^-\w)(?=(/(?:tmp|var/tmp|dev/shm)/))")
_NUMBERS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?"  # time
    r"|(?<=/)[0-9a-f]{2}/[0-9a-f]{30,}"  # of git and caches
    r"|(?<![0-9A-Za-z])(?=[a-f]*\d)[0-9a-f]{8,}(?![0-9A-Za-z])"
    r"|(?<=/proc/)\d+(?:/task/\d+)?"
    r"|\d{4,}"
)
_TOKEN = re.compile(r"[0-9A-Za-z_]{6,}")


@lru_cache(1 << 14)
def form(text: str, *, is_temporary: bool = False) -> str:
    """A path or an argument with a mark for what differs from run to run. `is_temporary`: a file that was made and is
    gone again.

    >>> [form(text) for text in ("/tmp/ccO7CT8P.s", "/proc/4711/maps", "a.12345", "/srv/sedOBzR", "/usr/lib/libc.so.6")]
    ['/tmp/#.s', '/proc/#/maps', 'a.#', '/srv/#', '/usr/lib/libc.so.6']
    """
    if found := _TEMPORARY_PLACE.search(text):
        end = found.end(1)
        return f"{_numbered(text[:end])}{_TOKEN.sub(ANY, _numbered(text[end:]))}"
    if is_temporary:
        place, slash, name = text.rpartition("/")
        return f"{_numbered(place)}{slash}{_TOKEN.sub(ANY, _numbered(name))}"
    return _TOKEN.sub(_random, _numbered(text))


def _numbered(text: str) -> str:
    return _NUMBERS.sub(ANY, text) if any("0" <= c <= "9" for c in text) else text


def _random(found: re.Match[str]) -> str:
    """Letters and digits as mktemp(1) makes them: often from small to capital letters, or all three."""
    token = found[0]
    if token.islower() or token.isupper():
        return token
    turns = sum(before.islower() and after.isupper() for before, after in pairwise(token))
    has_all = any(map(str.isdigit, token)) and any(map(str.islower, token)) and any(map(str.isupper, token))
    return ANY if turns > 1 or has_all else token


def in_directory(text: str, directory: str) -> str:
    """With a dot for the directory that a command was recorded in, wherever it is.

    >>> [in_directory(text, "/srv/app") for text in ("/srv/app/a.c", "-I/srv/app", "/srv/app2/x")]
    ['./a.c', '-I.', '/srv/app2/x']
    """
    if len(directory) < 2 or directory not in text:
        return text
    text = text.replace(f"{directory}/", "./")
    return f"{text[: -len(directory)]}." if text.endswith(directory) else text
