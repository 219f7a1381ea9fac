"""Cgroups of version 2 and their directories: cgroups(7)."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..filters.links import absolute

MOUNTS = Path("/proc/self/mountinfo")
LISTING = "cat /proc/PID/cgroup shows that of a process behind 0::"
MOST_LOOKED_AT = 10000  # directories, for a hint


class Mount(msgspec.Struct, frozen=True):
    """A hierarchy at `point`, or the part of it below the cgroup `root`."""

    point: str
    root: str
    is_version_2: bool


def notes_on(paths: Sequence[str]) -> list[str]:
    """Notes about those that no process is in. Raises UsageError for one that is not there."""
    return [f"no process is in the cgroup {path!r} now" for path in paths if _is_empty(directory_of(path))]


def directory_of(path: str) -> str:
    """That of a cgroup, which is given as its directory or as /proc/PID/cgroup has it. Raises UsageError where there is
    no such cgroup of version 2.
    """
    mounts = list(_mounts())
    hierarchies = [mount for mount in mounts if mount.is_version_2]
    if not hierarchies:
        hint = "mount -t cgroup2 none DIRECTORY, where the kernel has it"
        raise UsageError("cgroups of version 2 are not mounted, and no others can be chosen", hint)
    for mount in hierarchies:
        for candidate in _candidates(path, mount):
            with suppress(OSError):
                if Path(candidate).is_dir() and Path(candidate).stat().st_dev == Path(mount.point).stat().st_dev:
                    return candidate
    here = _from_here(path)
    if any(_is_below(here, mount.point) for mount in mounts if not mount.is_version_2) and Path(here).is_dir():
        raise UsageError(f"{path!r} is a cgroup of version 1, and only those of version 2 can be chosen", LISTING)
    near = next(islice(_alike(path, hierarchies[0]), 1), None)
    raise UsageError(f"no such cgroup: {path!r}", f"did you mean {near!r}?" if near else LISTING)


def _candidates(path: str, mount: Mount) -> Iterator[str]:
    directory = _from_here(path)
    if _is_below(directory, mount.point):
        yield directory
    inside = os.path.normpath(f"/{path.lstrip('/')}")
    if _is_below(inside, mount.root):
        yield mount.point + inside.removeprefix(mount.root.rstrip("/"))


def _from_here(path: str) -> str:
    """The directory of that path; "" where the working directory is gone, for it may still be a cgroup's name."""
    with suppress(UsageError):
        return absolute(path)
    return ""


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _alike(path: str, mount: Mount) -> Iterator[str]:
    """Those of the same last name."""
    last = Path(path).name
    wanted = (last, f"{last}.service", f"{last}.slice", f"{last}.scope")
    for directory, _, _ in islice(os.walk(mount.point), MOST_LOOKED_AT):
        if Path(directory).name in wanted:
            yield mount.root.rstrip("/") + directory.removeprefix(mount.point)


def _mounts() -> Iterator[Mount]:
    """See proc(5): spaces and the like are octal there."""
    with suppress(OSError), MOUNTS.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            before, _, after = line.partition(" - ")
            root, point = (_unescaped(field) for field in before.split(" ")[3:5])
            if after.startswith(("cgroup ", "cgroup2 ")):
                yield Mount(point, root, after.startswith("cgroup2 "))


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def _is_empty(directory: str) -> bool:
    """Whether no process is in the cgroup or below; the root, which is never empty, has no such file."""
    with suppress(OSError):
        return "populated 0\n" in Path(directory, "cgroup.events").read_text(encoding="ascii")
    return False
