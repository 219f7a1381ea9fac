"""Files folded into their directories, so that thousands fit a screenful."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def directory(path: str) -> str:
    """What a path lies in, with a slash at its end; "" where it is no absolute path.

    >>> directory("/etc/passwd"), directory("/etc/"), directory("/"), directory("pipe")
    ('/etc/', '/', '', '')
    """
    return path.rstrip("/").rpartition("/")[0] + "/" if path.startswith("/") and path.strip("/") else ""


def folded(items: Sequence[tuple[str, Item]], most: int) -> list[tuple[str, list[Item]]]:
    """The items by path, in their order; where there are more than `most` (0: never), those of one directory become
    one, whose path ends with a slash: the deepest directories first, and of these the fullest. The root is never one.

    >>> folded([("/a/b/1", 1), ("/a/b/2", 2), ("/a/3", 3), ("/c", 4)], 3)
    [('/a/b/', [1, 2]), ('/a/3', [3]), ('/c', [4])]
    """
    groups: dict[str, list[tuple[str, Item]]] = {}
    for path, item in items:
        groups.setdefault(path, []).append((path, item))
    while most and len(groups) > most:
        below: dict[str, list[str]] = {}
        for path in groups:
            below.setdefault(directory(path), []).append(path)
        depth = max((place.count("/") for place in below if place not in ("", "/")), default=0)
        if not depth:
            break
        level = {place: len(paths) for place, paths in below.items() if place.count("/") == depth and place != "/"}
        groups = _merged(groups, _chosen(level, len(groups) - most))
    return [(_common([path for path, _ in some]), [item for _, item in some]) for some in groups.values()]


def _chosen(level: dict[str, int], surplus: int) -> set[str]:
    """The directories with most items, as many as are needed to have so many fewer; all where that is not enough: an
    item that is alone may be together with others one level up.
    """
    chosen: set[str] = set()
    for place, count in sorted(level.items(), key=lambda each: -each[1]):
        if surplus <= 0:
            return chosen
        if count > 1:
            chosen.add(place)
            surplus -= count - 1
    return chosen if surplus <= 0 else {*level}


def _merged(groups: dict[str, list[Item]], chosen: set[str]) -> dict[str, list[Item]]:
    merged: dict[str, list[Item]] = {}
    for path, some in groups.items():
        place = directory(path)
        merged.setdefault(place if place in chosen else path, []).extend(some)
    return merged


def _common(paths: list[str]) -> str:
    """The path, or the deepest directory that all of them lie in."""
    first, *rest = dict.fromkeys(paths)
    if not rest:
        return first
    place = directory(first)
    while not all(path.startswith(place) for path in rest):
        place = directory(place)
    return place
