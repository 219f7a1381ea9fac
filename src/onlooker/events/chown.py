"""A file's owner or group was changed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.kinds import choice, doc, flag_names, unsigned
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import AT_FLAGS
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

UNCHANGED = 2**32 - 1  # chown(2): -1 leaves an id as it is

# the ids as chown(1) takes them: nothing stands for one that is to stay as it is
_WHAT = f"owner of {GIVEN_FILE} to {{owner}}:{{group}}"


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
    flags: Annotated[tuple[str, ...], flag_names(32, AT_FLAGS), doc("Names of the flags of fchownat.")] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("changed", "change", _WHAT, GIVEN_NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"owner": 1000, "group": 1000}
