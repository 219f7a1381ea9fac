"""A file got another name, or could not."""

from typing import Annotated, ClassVar

from ..schema.fields import choice, doc, flag_names
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import (
    CALL_DOC,
    RING,
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
from .names import AT_FLAGS
from .words import GIVEN, GIVEN_FILE, RESULT, call_details, call_phrase, joined_pair

_WHAT = f"{GIVEN_FILE} as {{new_path}}"
_NOTES = joined_pair(" as ") + GIVEN

SYSCALLS = (
    Syscall("link", x86_64=86, i386=9, arm=9),
    Syscall("linkat", x86_64=265, i386=303, aarch64=37, arm=330),
)


class Link(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="link"):
    """A process gave a file another name, a hard link; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; link(2).
    """

    event: ClassVar[str] = "link"
    number: ClassVar[int] = 9
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    path: PassedPath
    new_path: NewPath
    errno: Errno = None
    dirfd: DirFd = None
    new_dirfd: NewDirFd = None
    flags: Annotated[tuple[str, ...], flag_names(32, AT_FLAGS), doc("Names of the flags of linkat.")] = ()
    joined_path: JoinedPath = None
    joined_new_path: JoinedNewPath = None
    fd: Fd = None
    real_path: RealPath = None
    file_state: FileState = None
    device: Device = None
    inode: Inode = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("linked", "link", _WHAT, _NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, _NOTES)
