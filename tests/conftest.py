"""What all tests share: a directory for temporary files in which stat(2) tells of files what the kernel thinks of them.

On an overlay it does not: st_dev is made up for each layer (Documentation/filesystems/overlayfs.rst, "Inode
properties"), and docs/limits.md says so. The tests have overlays of their own for what is to hold there.
"""

import os
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")


def file_system(path: Path) -> str:
    """Its type, as /proc/self/mounts names it."""
    found = ("", "")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
        _, mount_point, kind, *_ = line.split(" ")
        if path.is_relative_to(mount_point) and len(mount_point) >= len(found[0]):
            found = (mount_point, kind)
    return found[1]


def pytest_configure() -> None:
    """Go where there is no overlay, if programs can be run there."""
    if file_system(Path(tempfile.gettempdir()).resolve()) != "overlay" or not SHARED_MEMORY.is_dir():
        return
    if file_system(SHARED_MEMORY) == "tmpfs" and not os.statvfs(SHARED_MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(SHARED_MEMORY)
