"""Paths as typed, and other names of the same place: by the symbolic links that a machine has at its usual places."""

import os
from collections.abc import Iterator

from ..errors import UsageError

# where systems link directories: /bin, /lib, /usr/sbin, /usr/local/man, /var/run, /var/lock
PLACES = ("/", "/usr", "/usr/local", "/var")


def absolute(path: str) -> str:
    """From the working directory, without "." and ".."; links are not followed. Raises UsageError."""
    try:
        found = os.path.abspath(path)  # noqa: PTH100 (pathlib follows no "..")
    except OSError as error:
        message = f"{path!r:.100} starts from the working directory, which is not there: {error.strerror}"
        raise UsageError(message, "cd to a directory that is there, or give a path that begins with /") from None
    return found[1:] if found.startswith("//") else found


def other_names(path: str) -> list[str]:
    """What the links to a directory call a path at or below it, which need not be there, and has no links in it."""
    return [
        f"{link}{path[len(target.rstrip('/')) :]}"
        for link, target in _links()
        if _is_below(path, target) and os.path.isdir(link)  # noqa: PTH112
    ]


def places_of(path: str) -> list[str]:
    """What a call may name that is done to a file at or below a path: as it is given, with its links followed, and by
    the usual links to it, to what is above it, and to what is below. Raises UsageError.
    """
    given = absolute(path)
    real = os.path.realpath(given)
    return list(dict.fromkeys((given, real, *other_names(real), *_links_into(real))))


def _links_into(directory: str) -> list[str]:
    """The links to directories below that one, from elsewhere."""
    return [
        link
        for link, target in _links()
        if target != directory and _is_below(target, directory) and not _is_below(link, directory)
        if os.path.isdir(link)  # noqa: PTH112
    ]


def _links() -> Iterator[tuple[str, str]]:
    """The links at these places, and where they lead. A place that is itself a link shows nothing new."""
    for place in PLACES:
        try:
            with os.scandir(place) as entries:
                links = [entry.path for entry in entries if entry.is_symlink()]
        except OSError:
            continue
        yield from ((link, os.path.realpath(link)) for link in sorted(links))


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")
