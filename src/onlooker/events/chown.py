"""A file's owner or group was changed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names, unsigned
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import AT_FLAGS
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

UNCHANGED = 2**32 - 1  # chown(2): -1 leaves an id as it is

# the ids as chown(1) takes them: empty for one that does not change
_WHAT = f"owner of {GIVEN_FILE} to {{owner}}:{{group}}"

SYSCALLS = (
    Syscall("chown", x86_64=92, i386=182, arm=182, compat_function="sys_chown16"),
    Syscall("lchown", x86_64=94, i386=16, arm=16, compat_function="sys_lchown16"),
    Syscall("fchown", x86_64=93, i386=95, aarch64=55, arm=95, compat_function="sys_fchown16"),
    Syscall("fchownat", x86_64=260, i386=298, aarch64=54, arm=325),
    Syscall("chown32", i386=212, arm=212, compat_function="sys_chown"),
    Syscall("lchown32", i386=198, arm=198, compat_function="sys_lchown"),
    Syscall("fchown32", i386=207, arm=207, compat_function="sys_fchown"),
)


class Chown(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chown"):
    """A process changed the owner or the group of a file; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; chown(2). Only 32-bit programs have chown32, lchown32 and fchown32, and to
    them chown, lchown and fchown take ids of 16 bits.
    """

    event: ClassVar[str] = "chown"
    number: ClassVar[int] = 12
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[
        str,
        choice(*names(SYSCALLS)),
        doc("The system call used; those with 32 are 32-bit programs'."),
    ]
    owner: Annotated[
        int | None, unsigned(32, absent=UNCHANGED), doc("User id asked for; absent where it does not change.")
    ] = None
    group: Annotated[
        int | None, unsigned(32, absent=UNCHANGED), doc("Group id asked for; absent where it does not change.")
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
