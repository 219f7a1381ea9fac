"""A process asked for the metadata of a file, by a path."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, FileState, Inode, JoinedPath, PassedPath, RealPath, Unproven
from .names import STAT_FLAGS
from .words import GIVEN, JOINED, RESULT, call_details, call_phrase

_NOTES = JOINED + GIVEN

SYSCALLS = (
    Syscall("stat", x86_64=4, i386=106, arm=106, kernel_name="newstat", compat_function="compat_sys_newstat"),
    Syscall("lstat", x86_64=6, i386=107, arm=107, kernel_name="newlstat", compat_function="compat_sys_newlstat"),
    Syscall("newfstatat", x86_64=262, aarch64=79),
    Syscall("statx", x86_64=332, i386=383, aarch64=291, arm=397),
    Syscall("stat64", i386=195, arm=195, i386_function="compat_sys_ia32_stat64"),
    Syscall("lstat64", i386=196, arm=196, i386_function="compat_sys_ia32_lstat64"),
    Syscall("fstatat64", i386=300, arm=327, i386_function="compat_sys_ia32_fstatat64"),
    Syscall("oldstat", i386=18, kernel_name="stat"),
    Syscall("oldlstat", i386=84, kernel_name="lstat"),
)


class Stat(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="stat"):
    """A process asked for the metadata of a file, by a path: whether it exists, its size, its times; or it could not
    get them, with `errno`. A call by a descriptor alone (fstat, or an empty path with AT_EMPTY_PATH) looks for no file,
    and is none of these.

    Source: the exits of the system calls; stat(2), statx(2).
    """

    event: ClassVar[str] = "stat"
    number: ClassVar[int] = 15
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[
        tuple[str, ...], flag_names(32, STAT_FLAGS), doc("Names of the flags of newfstatat, fstatat64 and statx.")
    ] = ()
    joined_path: JoinedPath = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("looked at", "look at", "file {path}", _NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details("file {path}", _NOTES)
    example: ClassVar[dict[str, Any]] = {"path": "/etc/fake"}
