"""The root directory of a process was changed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Errno, JoinedPath, PassedPath, Unproven
from .words import RESULT, call_details, call_phrase

SYSCALLS = (Syscall("chroot", x86_64=161, i386=61, aarch64=51, arm=61),)


class Chroot(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chroot"):
    """A process changed its root directory; or tried to, with `errno`. The path is as passed."""

    event: ClassVar[str] = "chroot"
    number: ClassVar[int] = 14
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: PassedPath
    errno: Errno = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("changed", "change", "root directory to {path}")
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details("to {path}")
    example: ClassVar[dict[str, Any]] = {"path": "/srv"}
