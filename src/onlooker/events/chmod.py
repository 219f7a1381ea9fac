"""A file's permissions were changed, or could not be."""

from typing import Annotated, ClassVar

from ..schema.kinds import choice, doc, label, unsigned
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import at_flag_names
from .words import file_call, given_file


class Chmod(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chmod"):
    """A process changed the permissions of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; chmod(2).
    """

    event: ClassVar[str] = "chmod"

    syscall: Annotated[str, choice("chmod", "fchmod", "fchmodat", "fchmodat2"), doc("The system call used.")]
    mode: Annotated[int, unsigned(32), doc("The permission bits asked for.")]
    path: OptionalPath = None
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[tuple[str, ...], label(32, at_flag_names), doc("Names of the flags of fchmodat2.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        return f"mode of {given_file(self)} to 0{self.mode:03o}"

    def _did(self) -> str:
        return file_call(self, "changed", "change")
