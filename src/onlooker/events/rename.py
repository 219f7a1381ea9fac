"""A file was renamed, or could not be."""

from typing import Annotated, ClassVar

from ..schema.fields import choice, doc, flag_names
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import (
    CALL_DOC,
    RING,
    Cut,
    DirFd,
    Errno,
    JoinedNewPath,
    JoinedPath,
    NewDirFd,
    NewPath,
    PassedPath,
    Unproven,
)
from .names import RENAME_FLAGS
from .words import RESULT, call_details, call_phrase, joined_pair

_BETWEEN = "{flags~RENAME_EXCHANGE? with | to }"
_NOTES = joined_pair(_BETWEEN)

SYSCALLS = (
    Syscall("rename", x86_64=82, i386=38, arm=38),
    Syscall("renameat", x86_64=264, i386=302, aarch64=38, arm=329),
    Syscall("renameat2", x86_64=316, i386=353, aarch64=276, arm=382),
)


class Rename(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="rename"):
    """A process renamed a file or a directory, or exchanged two; or tried to, with `errno`. Arguments are as passed.

    Source: the exits of the system calls; rename(2).
    """

    event: ClassVar[str] = "rename"
    number: ClassVar[int] = 5
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS), RING), doc(CALL_DOC)]
    path: PassedPath
    new_path: NewPath
    errno: Errno = None
    dirfd: DirFd = None
    new_dirfd: NewDirFd = None
    flags: Annotated[tuple[str, ...], flag_names(32, RENAME_FLAGS), doc("Names of the flags of renameat2.")] = ()
    joined_path: JoinedPath = None
    joined_new_path: JoinedNewPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = (
        "{flags~RENAME_EXCHANGE?"
        + call_phrase("exchanged", "exchange", "file {path} with {new_path}", "")
        + "|"
        + call_phrase("renamed", "rename", "file {path} to {new_path}", "")
        + "}"
        + _NOTES
    )
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(f"file {{path}}{_BETWEEN}{{new_path}}", _NOTES)
