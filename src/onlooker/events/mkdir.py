"""A directory was created, or could not be."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import choice, doc, unsigned
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedPath, PassedPath, Unproven
from .words import file_call


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

    def _object(self) -> str:
        return f"directory {lines.escape_path(self.path)}"

    def _did(self) -> str:
        return file_call(self, "created", "create")
