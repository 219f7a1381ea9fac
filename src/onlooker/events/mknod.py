"""A file that is not only data was made, or could not be: a named pipe, a device, a socket."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, one_of, unsigned
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedPath, PassedPath, Unproven
from .names import FILE_TYPES
from .words import RESULT, call_details, call_phrase

_WHAT = "{file_type} {path}{rdev? (device {rdev})}"

SYSCALLS = (
    Syscall("mknod", x86_64=133, i386=14, arm=14),
    Syscall("mknodat", x86_64=259, i386=297, aarch64=33, arm=324),
)


class Mknod(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="mknod"):
    """A process made a named pipe, a device, a socket or an ordinary file by mknod; or tried to, with `errno`.
    mkfifo(3) is such a call. Arguments are as passed.

    Source: the exits of the system calls; mknod(2).
    """

    event: ClassVar[str] = "mknod"
    number: ClassVar[int] = 18
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: PassedPath
    file_type: Annotated[str, one_of(16, FILE_TYPES), doc("What was to be made, by the names of inode(7).")]
    mode: Annotated[int, unsigned(32), doc("Permission bits asked for, before the umask is applied.")]
    rdev: Annotated[
        int | None, unsigned(32, absent=0), doc("Number of the device to be made, as st_rdev of stat(2) has it.")
    ] = None
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("created", "create", _WHAT)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT)
    example: ClassVar[dict[str, Any]] = {"path": "/run/fake.fifo", "file_type": "S_IFIFO", "mode": 0o644}
