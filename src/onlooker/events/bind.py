"""A local socket got a name, or could not."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, doc, signed, text
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .file import Cut, Errno, JoinedPath, Unproven
from .words import JOINED, RESULT, call_details, call_phrase

_WHAT = "{abstract?abstract name {abstract}|path {path}}"

SYSCALLS = (
    Syscall("bind", x86_64=49, i386=361, aarch64=200, arm=282),
    Syscall("socketcall", i386=102, compat_function="compat_sys_socketcall"),
)


class Bind(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="bind"):
    """A process bound a local socket (AF_UNIX) to a path, which makes a file, or to an abstract name, which makes none;
    or tried to, with `errno`. Sockets of networks are none of these, and neither is a bind without a name.

    Source: the exits of the system calls; bind(2), unix(7).
    """

    event: ClassVar[str] = "bind"
    number: ClassVar[int] = 21
    is_change: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[str, choice(*names(SYSCALLS)), doc("The system call used.")]
    fd: Annotated[int, signed(32), doc("The descriptor of the socket.")]
    path: Annotated[
        str | None, text(absent=0), doc("The path as passed: a relative one starts from the working directory.")
    ] = None
    abstract: Annotated[str | None, text(absent=0), doc("The abstract name, without the NUL before it.")] = None
    errno: Errno = None
    joined_path: JoinedPath = None
    unproven: Unproven = False
    cut: Cut = ()

    phrase: ClassVar[str] = call_phrase("bound a socket to", "bind a socket to", _WHAT, JOINED)
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = call_details(f"socket {_WHAT}")
    example: ClassVar[dict[str, Any]] = {"fd": 3, "path": "/run/fake.sock"}
