"""An extended attribute of a file was set or removed, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, flag_names, text, unsigned
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Device, DirFd, Errno, Fd, FileState, Inode, JoinedPath, OptionalPath, RealPath, Unproven
from .names import AT_FLAGS, XATTR_FLAGS
from .words import GIVEN_FILE, GIVEN_NOTES, RESULT, call_details, call_phrase

_WHAT = f"attribute {{attribute}} of {GIVEN_FILE}{{size? to {{size}} bytes}}"
_SET = call_phrase("set", "set", _WHAT, GIVEN_NOTES)
_REMOVED = call_phrase("removed", "remove", _WHAT, GIVEN_NOTES)

SYSCALLS = (
    Syscall("setxattr", x86_64=188, i386=226, aarch64=5, arm=226),
    Syscall("lsetxattr", x86_64=189, i386=227, aarch64=6, arm=227),
    Syscall("fsetxattr", x86_64=190, i386=228, aarch64=7, arm=228),
    Syscall("setxattrat", x86_64=463, i386=463, aarch64=463, arm=463, since="6.13"),
    Syscall("removexattr", x86_64=197, i386=235, aarch64=14, arm=235),
    Syscall("lremovexattr", x86_64=198, i386=236, aarch64=15, arm=236),
    Syscall("fremovexattr", x86_64=199, i386=237, aarch64=16, arm=237),
    Syscall("removexattrat", x86_64=466, i386=466, aarch64=466, arm=466, since="6.13"),
)


class Xattr(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="xattr"):
    """A process set an extended attribute of a file (`size` says how many bytes), or removed one; or tried to, with
    `errno`. Capabilities, ACLs and security labels of files are such attributes. Arguments are as passed.

    Source: the exits of the system calls; xattr(7).
    """

    event: ClassVar[str] = "xattr"
    number: ClassVar[int] = 19
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    attribute: Annotated[str, text(), doc("Name of the attribute: security.capability, user.note, ...")]
    path: OptionalPath = None
    size: Annotated[
        int | None, unsigned(64, absent=2**64 - 1), doc("Bytes of the value that was set; absent where it was removed.")
    ] = None
    errno: Errno = None
    dirfd: DirFd = None
    flags: Annotated[
        tuple[str, ...], flag_names(32, XATTR_FLAGS), doc("Names of the flags of setxattr and its kin.")
    ] = ()
    at_flags: Annotated[
        tuple[str, ...], flag_names(32, AT_FLAGS), doc("Names of the other flags of setxattrat and removexattrat.")
    ] = ()
    joined_path: JoinedPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = f"{{size?{_SET}|{_REMOVED}}}"
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(f"{{size?|remove }}{_WHAT}", GIVEN_NOTES)
    example: ClassVar[dict[str, Any]] = {"attribute": "user.note", "path": "/srv/fake"}
