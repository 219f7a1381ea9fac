"""A file's owner or group was changed, or could not be."""

from typing import Annotated, ClassVar

from ..schema.kinds import choice, doc, label, unsigned
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import at_flag_names
from .words import file_call, given_file

UNCHANGED = 2**32 - 1  # chown(2): -1 leaves an id as it is


class Chown(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chown"):
    """A process changed the owner or the group of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; chown(2). Only 32-bit programs have chown32, lchown32 and fchown32, and to
    them chown, lchown and fchown take ids of 16 bits.
    """

    event: ClassVar[str] = "chown"

    syscall: Annotated[
        str,
        choice("chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32"),
        doc("The system call used; those with 32 are 32-bit programs'."),
    ]
    owner: Annotated[
        int | None, unsigned(32, absent=UNCHANGED), doc("User id asked for; absent where it is to stay as it is.")
    ] = None
    group: Annotated[
        int | None, unsigned(32, absent=UNCHANGED), doc("Group id asked for; absent where it is to stay as it is.")
    ] = None
    path: OptionalPath = None
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[tuple[str, ...], label(32, at_flag_names), doc("Names of the flags of fchownat.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    def _object(self) -> str:
        """The ids as chown(1) takes them: nothing stands for one that is to stay as it is."""
        owner, group = ("" if number is None else str(number) for number in (self.owner, self.group))
        return f"owner of {given_file(self)} to {owner}:{group}"

    def _did(self) -> str:
        return file_call(self, "changed", "change")
