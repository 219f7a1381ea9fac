"""A directory was removed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import (
    CALL_DOC,
    RING,
    Cut,
    DirFd,
    Errno,
    JoinedPath,
    PassedPath,
    Unproven,
)
from .words import RESULT, call_details, call_phrase

SYSCALLS = (
    Syscall("rmdir", x86_64=84, i386=40, arm=40),
    Syscall("unlinkat", x86_64=263, i386=301, aarch64=35, arm=328, told_as="unlink"),
)


class Rmdir(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="rmdir"):
    """A process removed a directory; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; rmdir(2), unlinkat(2) with AT_REMOVEDIR.
    """

    event: ClassVar[str] = "rmdir"
    number: ClassVar[int] = 8
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("removed", "remove", "directory {path}")
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details("directory {path}")
    example: ClassVar[dict[str, Any]] = {"path": "/srv/fake.d"}
