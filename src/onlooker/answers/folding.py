"""Files folded into their directories, so that thousands fit a screenful."""

from collections.abc import Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


def directory(path: str) -> str:
    """What a path lies in, with a slash at its end; "" where it is no absolute path.

    >>> directory("/etc/passwd"), directory("/etc/"), directory("/"), directory("pipe")
    ('/etc/', '/', '', '')
    """
    return path.rstrip("/").rpartition("/")[0] + "/" if path.startswith("/") and path.strip("/") else ""


class Group(Generic[Item]):
    """Items that make one row: of one path, or below `place`, which ends with a slash. `is_rest`: others below it have
    rows of their own.
    """

    def __init__(self, found: list[tuple[str, Item]], *, is_rest: bool = False) -> None:
        self.items = [item for _, item in found]
        self.is_rest = is_rest
        self.place = _common([path for path, _ in found])
        self.found = found

    def parts(self) -> list[list[tuple[str, Item]]]:
        """By the next name below the place, the largest part first."""
        parts: dict[str, list[tuple[str, Item]]] = {}
        for each in self.found:
            name = _closed(each[0]).removeprefix(self.place).partition("/")[0] if self.place else each[0]
            parts.setdefault(name, []).append(each)
        return sorted(parts.values(), key=lambda part: -len(part))


def folded(items: Sequence[tuple[str, Item]], most: int) -> list[Group[Item]]:
    """The items by path, in their order, as at most so many groups (0: each path is one). Where there are more paths,
    all begin as one group, and again and again the largest that can be is divided: into all that is directly in its
    directory, or where that is too much, into the largest directory in it and the rest.

    >>> [(each.place, each.items) for each in folded([("/a/b/1", 1), ("/a/b/2", 2), ("/a/3", 3), ("/c", 4)], 3)]
    [('/a/b/', [1, 2]), ('/a/3', [3]), ('/c', [4])]
    """
    whole = list(items)
    paths: dict[str, list[tuple[str, Item]]] = {}
    for each in whole:
        paths.setdefault(each[0], []).append(each)
    if not most or len(paths) <= most:
        return [Group(some) for some in paths.values()]
    groups, done = [Group(whole)], list[Group[Item]]()
    while groups and len(groups) + len(done) < most:
        largest = max(groups, key=lambda group: len(group.items))
        groups.remove(largest)
        room = most - len(groups) - len(done)
        parts = largest.parts()
        if len(parts) == 1 or (len(parts) > room and len(parts[0]) == 1):
            done.append(largest)
        elif len(parts) <= room:
            groups += map(Group, parts)
        else:
            first, *others = parts
            rest = [each for part in others for each in part]
            groups += [Group(first), Group(rest, is_rest=True)]
    order = {id(each): number for number, each in enumerate(whole)}
    return sorted((*groups, *done), key=lambda group: order[id(group.found[0])])


def _common(paths: list[str]) -> str:
    """The path, or the deepest directory that all of them lie in; "" where there is none."""
    closed = [_closed(path) for path in dict.fromkeys(paths)]
    if len(closed) == 1:
        return paths[0]
    first, last = min(closed), max(closed)  # all others lie between them
    if not first.startswith("/"):
        return ""
    while first and not last.startswith(first):
        first = directory(first)
    return first


def _closed(path: str) -> str:
    """With a slash at its end: a directory lies in itself, too."""
    return path.rstrip("/") + "/"
