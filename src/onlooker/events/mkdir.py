"""A directory was created, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, unsigned
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
    Syscall("mkdir", x86_64=83, i386=39, arm=39),
    Syscall("mkdirat", x86_64=258, i386=296, aarch64=34, arm=323),
)


class Mkdir(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="mkdir"):
    """A process created a directory; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; mkdir(2).
    """

    event: ClassVar[str] = "mkdir"
    number: ClassVar[int] = 7
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    path: PassedPath
    mode: Annotated[int, unsigned(32), doc("Permission bits asked for, before the umask is applied.")]
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("created", "create", "directory {path}")
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details("directory {path}")
    example: ClassVar[dict[str, Any]] = {"path": "/srv/fake.d", "mode": 0o777}
