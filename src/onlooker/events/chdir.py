"""A process changed its working directory, or could not."""

from typing import Annotated, ClassVar

from ..schema.fields import choice, doc, walked
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Errno, Fd, JoinedPath, OptionalPath, Unproven
from .words import JOINED, RESULT, call_details, call_phrase

_WHAT = "working directory to {path?{path}|{fd?descriptor {fd}|{path}}}"
_NOTES = "{cwd@path? [now: {cwd}]}" + JOINED

SYSCALLS = (
    Syscall("chdir", x86_64=80, i386=12, aarch64=49, arm=12),
    Syscall("fchdir", x86_64=81, i386=133, aarch64=50, arm=133),
)


class Chdir(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="chdir"):
    """A process changed its working directory; or tried to, with `errno`.

    Source: the exits of the system calls; chdir(2).
    """

    event: ClassVar[str] = "chdir"
    number: ClassVar[int] = 17
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    path: OptionalPath = None
    errno: Errno = None
    cwd: Annotated[str | None, walked(), doc("The working directory from then on, where it was changed.")] = None
    joined_path: JoinedPath = None
    fd: Fd = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("changed", "change", _WHAT, _NOTES)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(_WHAT, _NOTES)
