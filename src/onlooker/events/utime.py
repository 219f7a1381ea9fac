"""A file's times were set, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import AT_FLAGS
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = f"times of {GIVEN_FILE}"

SYSCALLS = (
    Syscall("utime", x86_64=132, i386=30, compat_function="sys_utime32"),
    Syscall("utimes", x86_64=235, i386=271, arm=269, compat_function="sys_utimes_time32"),
    Syscall("futimesat", x86_64=261, i386=299, arm=326, compat_function="sys_futimesat_time32"),
    Syscall("utimensat", x86_64=280, i386=320, aarch64=88, arm=348, compat_function="sys_utimensat_time32"),
    Syscall("utimensat_time64", i386=412, arm=412, compat_function="sys_utimensat"),
)


class Utime(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="utime"):
    """A process set the times of a file, as touch(1) does; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; utime(2), utimensat(2).
    """

    event: ClassVar[str] = "utime"
    number: ClassVar[int] = 20
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: OptionalPath = None
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[tuple[str, ...], flag_names(32, AT_FLAGS), doc("Names of the flags of utimensat.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("set", "set", _WHAT, GIVEN_NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"path": "/srv/fake"}
