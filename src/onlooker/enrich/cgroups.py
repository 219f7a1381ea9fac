"""The paths of control groups in the version 2 hierarchy, whose ids are the inode numbers of their directories."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))  # the second beside version 1
PROC = Path("/proc")
MOST_NAMES = 10_000
# A walk through a thousand directories takes 10 ms: it takes a twentieth of the time at most, where there is always one
# that is not found.
_LEAST_SECONDS, _MOST_SECONDS, _PART = 0.02, 1.0, 20


class Cgroups:
    """The paths of cgroups by id, such as "/system.slice/ssh.service". One that was removed keeps its path, where it
    was known; one that had ended before anybody looked has none. `root` is the hierarchy's directory, None without one.
    """

    def __init__(self, roots: tuple[Path, ...] = ROOTS, proc: Path = PROC) -> None:
        self.root = next((root for root in roots if (root / "cgroup.controllers").exists()), None)
        self._proc = proc
        self._paths: dict[int, str] = {}
        self._next_walk = 0.0

    def name(self, cgroup_id: int, pid: int) -> str:
        """The path, or "cgroup ID". `pid` is a process that was in it: where it still is, that tells at once."""
        return self.path(cgroup_id, pid) or f"cgroup {cgroup_id}"

    def path(self, cgroup_id: int, pid: int) -> str | None:
        """The same; None where it is not known."""
        found = self._paths.get(cgroup_id)
        if found is None and self.root is not None:
            self._look(self.root, cgroup_id, pid)
            found = self._paths.get(cgroup_id)
        return found

    def learn(self, directory: str) -> tuple[int | None, str]:
        """The id of the cgroup of a directory, and its path, which is known from now on. None where it is gone."""
        inode, path = _inode(directory), directory.removeprefix(str(self.root)) or "/"
        if inode is not None and (inode in self._paths or len(self._paths) < MOST_NAMES):
            self._paths[inode] = path
        return inode, path

    def age(self, path: str) -> float | None:
        """Since when there is a cgroup, in seconds, or since it was changed; None where it is gone."""
        if self.root is not None:
            with suppress(OSError):
                return time.time() - (self.root / path.lstrip("/")).stat().st_ctime
        return None

    def all(self) -> list[int]:
        """The ids of all that there are now."""
        return self._walk(self.root) if self.root is not None else []

    def _look(self, root: Path, cgroup_id: int, pid: int) -> None:
        if len(self._paths) >= MOST_NAMES:
            self._paths.clear()
        path = self._of(pid)
        if path is not None and _inode(root / path.lstrip("/")) == cgroup_id:
            self._paths[cgroup_id] = path
        elif time.monotonic() >= self._next_walk:
            self._walk(root)

    def _walk(self, root: Path) -> list[int]:
        began = time.monotonic()
        found: list[int] = []
        for directory in _directories(str(root)):
            inode = _inode(directory)
            if inode is None:
                continue
            found.append(inode)
            if inode in self._paths or len(self._paths) < MOST_NAMES:
                self._paths[inode] = directory.removeprefix(str(root)) or "/"
        ended = time.monotonic()
        self._next_walk = ended + min(max(_LEAST_SECONDS, _PART * (ended - began)), _MOST_SECONDS)
        return found

    def _of(self, pid: int) -> str | None:
        try:
            text = (self._proc / str(pid) / "cgroup").read_text("utf-8", "surrogateescape")
        except OSError:
            return None
        return next((line.removeprefix("0::") for line in text.split("\n") if line.startswith("0::")), None)


def _directories(root: str) -> Iterator[str]:
    """This one and all below it; what can't be read is left out."""
    yield root
    try:
        with os.scandir(root) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for each in below:
        yield from _directories(each)


def _inode(directory: str | Path) -> int | None:
    try:
        return os.stat(directory).st_ino  # noqa: PTH116 - thousands of them
    except OSError:
        return None
