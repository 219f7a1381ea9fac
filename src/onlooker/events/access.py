"""A process asked whether it may use a file."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, PassedPath, RealPath, Unproven
from .names import ACCESS_FLAGS, ACCESS_MODES
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = f"access to {GIVEN_FILE}{{access_mode? ({{access_mode:words}})}}"

SYSCALLS = (
    Syscall("access", x86_64=21, i386=33, arm=33),
    Syscall("faccessat", x86_64=269, i386=307, aarch64=48, arm=334),
    Syscall("faccessat2", x86_64=439, i386=439, aarch64=439, arm=439),
)


class Access(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="access"):
    """A process asked whether a file exists, or whether it may read, write or execute it; `errno` is a no.

    Source: the exits of the system calls; access(2).
    """

    event: ClassVar[str] = "access"
    number: ClassVar[int] = 14
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: PassedPath
    access_mode: Annotated[
        tuple[str, ...], flag_names(32, ACCESS_MODES), doc("What was asked for; nothing: only whether there is a file.")
    ] = ()
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[tuple[str, ...], flag_names(32, ACCESS_FLAGS), doc("Names of the flags of faccessat2.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("checked", "get", _WHAT, GIVEN_NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"path": "/etc/fake", "access_mode": ("R_OK",)}
