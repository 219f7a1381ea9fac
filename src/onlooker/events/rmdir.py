"""A directory was removed, or could not be."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import choice, doc
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedPath, PassedPath, Unproven
from .words import file_call


class Rmdir(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="rmdir"):
    """A process removed a directory; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; rmdir(2), unlinkat(2) with AT_REMOVEDIR.
    """

    event: ClassVar[str] = "rmdir"

    syscall: Annotated[str, choice("rmdir", "unlinkat"), doc("The system call used.")]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        return f"directory {lines.escape_path(self.path)}"

    def _did(self) -> str:
        return file_call(self, "removed", "remove")
