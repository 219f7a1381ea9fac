"""A file was removed, or could not be."""

from typing import Annotated, ClassVar

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
    Syscall("unlink", x86_64=87, i386=10, arm=10),
    Syscall("unlinkat", x86_64=263, i386=301, aarch64=35, arm=328),
)


class Unlink(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="unlink"):
    """A process removed a name of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; unlink(2). Where unlinkat removes a directory, it is an rmdir.
    """

    event: ClassVar[str] = "unlink"
    number: ClassVar[int] = 6
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("removed", "remove", "file {path}")
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details("file {path}")
