"""A file was renamed, or could not be."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import choice, doc, label
from .base import TaskEvent
from .file import Cut, DirFd, Errno, JoinedNewPath, JoinedPath, NewDirFd, NewPath, PassedPath, Unproven
from .names import rename_flag_names
from .words import EXCHANGE, between, file_call


class Rename(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="rename"):
    """A process renamed a file or a directory, or exchanged two; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; rename(2).
    """

    event: ClassVar[str] = "rename"

    syscall: Annotated[str, choice("rename", "renameat", "renameat2"), doc("The system call used.")]
    path: PassedPath
    new_path: NewPath
    errno: Errno = None
    dirfd: DirFd = None
    new_dirfd: NewDirFd = None
    flags: Annotated[tuple[str, ...], label(32, rename_flag_names), doc("Names of the flags of renameat2.")] = ()
    joined_path: JoinedPath = None
    joined_new_path: JoinedNewPath = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        return f"file {lines.escape_path(self.path)} {between(self)} {lines.escape_path(self.new_path)}"

    def _did(self) -> str:
        exchanged = EXCHANGE in self.flags
        return file_call(self, *(("exchanged", "exchange") if exchanged else ("renamed", "rename")))
