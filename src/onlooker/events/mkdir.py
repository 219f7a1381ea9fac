"""A directory was created, or could not be."""

from typing import Annotated, ClassVar

from ..schema.kinds import choice, doc, unsigned
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedPath, PassedPath, Unproven


class Mkdir(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="mkdir"):
    """A process created a directory; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; mkdir(2).
    """

    event: ClassVar[str] = "mkdir"

    syscall: Annotated[str, choice("mkdir", "mkdirat"), doc("The system call used.")]
    path: PassedPath
    mode: Annotated[int, unsigned(32), doc("Permission bits asked for, before the umask is applied.")]
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()
