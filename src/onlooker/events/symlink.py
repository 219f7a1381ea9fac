"""A symbolic link was created, or could not be."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import choice, doc, text
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedPath, PassedPath, Unproven
from .words import file_call


class Symlink(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="symlink"):
    """A process created a symbolic link; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; symlink(2).
    """

    event: ClassVar[str] = "symlink"

    syscall: Annotated[str, choice("symlink", "symlinkat"), doc("The system call used.")]
    target: Annotated[str, text(), doc("What the link holds; a relative one starts from where the link is.")]
    path: PassedPath
    errno: Errno = None
    dirfd: DirFd = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        return f"symbolic link {lines.escape_path(self.path)} to {lines.escape_path(self.target)}"

    def _did(self) -> str:
        return file_call(self, "created", "create")
