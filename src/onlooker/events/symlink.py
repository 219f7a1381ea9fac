"""A symbolic link was created, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, text
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

_WHAT = "symbolic link {path} to {target}"

SYSCALLS = (
    Syscall("symlink", x86_64=88, i386=83, arm=83),
    Syscall("symlinkat", x86_64=266, i386=304, aarch64=36, arm=331),
)


class Symlink(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="symlink"):
    """A process created a symbolic link; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; symlink(2).
    """

    event: ClassVar[str] = "symlink"
    number: ClassVar[int] = 10
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    target: Annotated[str, text(), doc("What the link holds; a relative one starts from where the link is.")]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("created", "create", _WHAT)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT)
    example: ClassVar[dict[str, Any]] = {"path": "/srv/new"}
