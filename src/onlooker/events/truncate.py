"""A file was made a certain length, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, signed
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = f"{GIVEN_FILE} to {{length}} bytes"

SYSCALLS = (
    Syscall("truncate", x86_64=76, i386=92, aarch64=45, arm=92, compat_function="compat_sys_truncate"),
    Syscall("ftruncate", x86_64=77, i386=93, aarch64=46, arm=93, compat_function="compat_sys_ftruncate"),
    Syscall(
        "truncate64",
        i386=193,
        arm=193,
        compat_function="compat_sys_aarch32_truncate64",
        i386_function="sys_ia32_truncate64",
    ),
    Syscall(
        "ftruncate64",
        i386=194,
        arm=194,
        compat_function="compat_sys_aarch32_ftruncate64",
        i386_function="sys_ia32_ftruncate64",
    ),
)


class Truncate(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="truncate"):
    """A process set the length of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; truncate(2). An open with O_TRUNC is an open only.
    """

    event: ClassVar[str] = "truncate"
    number: ClassVar[int] = 13
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[
        str,
        choice(*names(SYSCALLS)),
        doc("The system call used; those with 64 are 32-bit programs'."),
    ]
    length: Annotated[int, signed(64), doc("The length asked for, in bytes.")]
    path: OptionalPath = None
    errno: Errno = None
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("truncated", "truncate", _WHAT, GIVEN_NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"length": 0}
