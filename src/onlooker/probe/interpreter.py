"""Why an exec failed with ENOENT although its file is there: the interpreter or loader that the file names is missing.

The kernel does not say so, and has forgotten the file when the call returns, so it is read a moment later. That must
not wait for a file system that a user controls (FUSE) or a network's, nor open what is no ordinary file: paths are only
looked up in the kernel's memory, and only files of local file systems are read.
"""

import errno
import os
import re
import stat
import struct
from collections.abc import Sequence
from pathlib import Path

from ..events import Event
from ..events.exec import Exec
from ..records import Batch

LINE_BYTES = 256  # BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h: so much of a script's first line counts
MOST_HEADERS = 64  # program headers of an ELF file that are looked at
MOST_PATH = 4096
MOST_LOOKUPS = 20  # of some 0.25 ms each; a batch is decoded in about 1 ms
MOST_SCRIPTS = 5  # exec_binprm, fs/exec.c: scripts that run scripts
LOCAL = frozenset(
    ("bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "ramfs", "rootfs", "squashfs")
) | {"tmpfs", "vfat", "xfs", "zfs"}
PT_INTERP = 3


def with_interpreters(batch: Batch) -> Batch:
    """The batch, its failed execs with the interpreter that was missing, where the probe says that it may be looked for
    and it is found: of the first MOST_LOOKUPS in a batch, since one takes longer than the failed exec did.
    """
    left = MOST_LOOKUPS

    def find_text(event: Event) -> bytes | None:
        nonlocal left
        left -= 1
        assert isinstance(event, Exec)
        path = (event.joined_path or "").encode("utf-8", "surrogateescape")
        return missing_interpreter(path) if left >= 0 else None

    return batch.with_text("exec", "missing_interpreter", find_text)


def missing_interpreter(path: bytes) -> bytes | None:
    """The interpreter that the file, or the one that it names, needs and that is not there; None where not known."""
    for _ in range(MOST_SCRIPTS):
        try:
            named = _interpreter_of(path)
        except (OSError, OverflowError, IndexError, struct.error):  # no file, or a damaged one
            return None
        if named is None or not named.startswith(b"/"):  # a relative one begins at a directory that may have changed
            return None
        try:
            os.close(_look_up(named))
        except OSError as error:
            return named if error.errno in (errno.ENOENT, errno.ENOTDIR) else None
        path = named
    return None


def _look_up(path: bytes) -> int:
    """A descriptor for the place only (O_PATH). Raises OSError, with EAGAIN if it is not in the kernel's memory."""
    from ._system import open_cached

    return open_cached(path, os.O_PATH | os.O_CLOEXEC)


def _interpreter_of(path: bytes) -> bytes | None:
    """What the file names as its interpreter. Raises OSError if it can't be read at once."""
    place = _look_up(path)
    try:
        if _file_system(place) not in LOCAL or not stat.S_ISREG(os.fstat(place).st_mode):
            return None
        file = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(place)
    try:
        head = os.pread(file, LINE_BYTES, 0)
        if head.startswith(b"#!"):
            return _of_script(head)
        return _of_elf(file, head) if head.startswith(b"\x7fELF") else None
    finally:
        os.close(file)


def _file_system(place: int) -> str:
    """The type of the file system of a descriptor, which statfs(2) would ask of the file system itself."""
    mount = re.search(r"^mnt_id:\t(\d+)$", Path(f"/proc/self/fdinfo/{place}").read_text(encoding="ascii"), re.MULTILINE)
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        if mount and line.startswith(mount[1].encode() + b" "):
            return line.partition(b" - ")[2].split(b" ")[0].decode("ascii", "replace")
    return ""


def _of_script(head: bytes) -> bytes | None:
    """load_script, fs/binfmt_script.c."""
    line, end, _ = head[2:].partition(b"\n")
    words = line.replace(b"\t", b" ").split(b"\0")[0].split(b" ")
    names = [word for word in words if word]
    if not names or (not end and len(names) == 1 and len(head) == LINE_BYTES):  # the name may be cut
        return None
    return names[0]


def _of_elf(file: int, head: bytes) -> bytes | None:
    """load_elf_binary, fs/binfmt_elf.c: the text of the first PT_INTERP."""
    is_wide, order = head[4] == 2, ">" if head[5] == 2 else "<"
    (start,) = struct.unpack_from(order + ("Q" if is_wide else "I"), head, 32 if is_wide else 28)
    size, count = struct.unpack_from(order + "HH", head, 54 if is_wide else 42)
    for number in range(min(count, MOST_HEADERS)):
        header = os.pread(file, size, start + number * size)
        where = _interpreter_at(header, is_wide, order)
        if where:
            offset, length = where
            return os.pread(file, min(length, MOST_PATH), offset).partition(b"\0")[0] or None
    return None


def _interpreter_at(header: bytes, is_wide: bool, order: str) -> Sequence[int] | None:
    """Offset and length of the name in the file, if this program header has them."""
    fields = struct.unpack_from(order + ("IIQQQQ" if is_wide else "IIIII"), header)
    if fields[0] != PT_INTERP:
        return None
    return (fields[2], fields[5]) if is_wide else (fields[1], fields[4])
