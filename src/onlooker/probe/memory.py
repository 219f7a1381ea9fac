"""How much memory this process may take: the least limit of its control groups; cgroups(7)."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MEMBERSHIP = Path("/proc/self/cgroup")
# where the hierarchy that controls memory is mounted, and what its limit is called: version 2, also beside version 1
V2 = ((Path("/sys/fs/cgroup"), "memory.max"), (Path("/sys/fs/cgroup/unified"), "memory.max"))
V1 = ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),)


def limit_bytes() -> int | None:
    """None where there is none, or it can't be read."""
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    """Those of every group from its own to the root; version 1 shows "no limit" as a number near 2**63."""
    with suppress(OSError):
        for line in MEMBERSHIP.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            number, controllers, path = line.split(":", 2)
            mounts = V2 if number == "0" else V1 if "memory" in controllers.split(",") else ()
            group = Path(path.lstrip("/"))
            for root, name in mounts:
                for each in (group, *group.parents):
                    with suppress(OSError, ValueError):  # ValueError: "max"
                        yield int((root / each / name).read_text(encoding="ascii"))
