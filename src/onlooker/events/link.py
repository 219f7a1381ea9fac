"""A file got another name, or could not."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import choice, doc, label
from .base import TaskEvent
from .file import (
    Cut,
    Device,
    DirFd,
    Errno,
    Fd,
    FileState,
    Inode,
    JoinedNewPath,
    JoinedPath,
    NewDirFd,
    NewPath,
    PassedPath,
    RealPath,
    Unproven,
)
from .names import at_flag_names
from .words import file_call, given_file


class Link(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="link"):
    """A process gave a file another name, a hard link; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; link(2).
    """

    event: ClassVar[str] = "link"

    syscall: Annotated[str, choice("link", "linkat"), doc("The system call used.")]
    path: PassedPath
    new_path: NewPath
    errno: Errno = None
    dirfd: DirFd = None
    new_dirfd: NewDirFd = None
    flags: Annotated[tuple[str, ...], label(32, at_flag_names), doc("Names of the flags of linkat.")] = ()
    joined_path: JoinedPath = None
    joined_new_path: JoinedNewPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        return f"{given_file(self)} as {lines.escape_path(self.new_path)}"

    def _did(self) -> str:
        return file_call(self, "linked", "link")
