"""A file's permissions were changed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names, unsigned
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import AT_FLAGS
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = f"mode of {GIVEN_FILE} to {{mode:octal}}"

SYSCALLS = (
    Syscall("chmod", x86_64=90, i386=15, arm=15),
    Syscall("fchmod", x86_64=91, i386=94, aarch64=52, arm=94),
    Syscall("fchmodat", x86_64=268, i386=306, aarch64=53, arm=333),
    Syscall("fchmodat2", x86_64=452, i386=452, aarch64=452, arm=452, since="6.6"),
)


class Chmod(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chmod"):
    """A process changed the permissions of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; chmod(2).
    """

    event: ClassVar[str] = "chmod"
    number: ClassVar[int] = 11
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    mode: Annotated[int, unsigned(32), doc("The permission bits asked for.")]
    path: OptionalPath = None
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[tuple[str, ...], flag_names(32, AT_FLAGS), doc("Names of the flags of fchmodat2.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("changed", "change", _WHAT, GIVEN_NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"mode": 0o644}
