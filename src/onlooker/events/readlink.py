"""A process read a symbolic link, or could not."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, text
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, PassedPath, RealPath, Unproven
from .words import GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = "link {path?{path}|{fd?descriptor {fd}|{path}}}"
_NOTES = "{target? [holds: {target}]}" + GIVEN_NOTES

SYSCALLS = (
    Syscall("readlink", x86_64=89, i386=85, arm=85),
    Syscall("readlinkat", x86_64=267, i386=305, aarch64=78, arm=332),
)


class Readlink(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="readlink"):
    """A process read what a symbolic link holds; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; readlink(2).
    """

    event: ClassVar[str] = "readlink"
    number: ClassVar[int] = 16
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: PassedPath
    target: Annotated[str | None, text(absent=0), doc("What the caller got of what the link holds.")] = None
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("read", "read", _WHAT, _NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, _NOTES)
    example: ClassVar[dict[str, Any]] = {"path": "/etc/fake"}
