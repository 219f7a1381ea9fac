"""A process executed a program, or tried to."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, cut_mask, doc, joined, one_of, text, texts, unsigned, walked
from ..schema.syscalls import Syscall
from .base import CHILD_AND_PARENT, TaskEvent
from .errnos import ERRNOS
from .file import FILE_STATE_DOC, FILE_STATES
from .words import FILE_STATE, JOINED, RESULT, file_note

NO_LOGIN = 2**32 - 1  # AUDIT_UID_UNSET and AUDIT_SID_UNSET, include/uapi/linux/audit.h

# a relative path says nothing of where it starts, whatever runs the file
_FILE = file_note("exe")
_WHAT_RUNS = f"{{interpreter?{{/path?{file_note('exe', 'interpreter')}|{_FILE}}}|{_FILE}}}"
_NOTES = f"{JOINED}{{missing_interpreter? [missing: {{missing_interpreter}}]}}{_WHAT_RUNS}{FILE_STATE}"

SYSCALLS = (
    Syscall("execve", x86_64=59, i386=11, aarch64=221, arm=11, x32=520, compat_function="compat_sys_execve"),
    Syscall("execveat", x86_64=322, i386=358, aarch64=281, arm=387, x32=545, compat_function="compat_sys_execveat"),
)


class Exec(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="exec"):
    """A process replaced its program; or failed to, and then `errno` says why.

    After a success, `comm` is the new program's name. Source: tracepoint sched_process_exec, fs/exec.c; failures: the
    exit of execve(2) and execveat(2).
    """

    event: ClassVar[str] = "exec"
    number: ClassVar[int] = 2
    is_default: ClassVar[bool] = True
    is_of_process: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    path: Annotated[
        str,
        text(),
        doc(
            "The program as passed (for a script: the script); /dev/fd/N/NAME where execveat(2) was given a directory."
        ),
    ]
    argv: Annotated[
        tuple[str, ...], texts(), doc("The arguments, up to 256 KiB of them (4 KiB where the call failed).")
    ]
    interpreter: Annotated[
        str | None, text(absent=0), doc("The program that runs the file where that is another one, as for scripts.")
    ] = None
    errno: Annotated[str | None, one_of(16, ERRNOS, absent=0), doc("Name of the error where it failed.")] = None
    exe: Annotated[
        str | None,
        walked(),
        doc("The file that runs now, as /proc/PID/exe has it: an absolute path, all links followed."),
    ] = None
    cwd: Annotated[
        str | None, walked(), doc("The working directory; marked as cut where it is deleted or detached.")
    ] = None
    joined_path: Annotated[
        str | None,
        joined("path"),
        doc("Where it failed: the absolute form of `path`, joined to its directory; symlinks are not followed."),
    ] = None
    file_state: Annotated[str | None, choice(*FILE_STATES, absent=0), doc(FILE_STATE_DOC)] = None
    device: Annotated[
        int | None, unsigned(32, absent=0), doc("Device of exe's filesystem, as st_dev of stat(2) has it.")
    ] = None
    inode: Annotated[int | None, unsigned(64, absent=0), doc("Number of exe's inode.")] = None
    loginuid: Annotated[
        int | None,
        unsigned(32, absent=NO_LOGIN),
        doc("User id at login, which sudo and su do not change; absent without a login, as for services."),
    ] = None
    session: Annotated[
        int | None, unsigned(32, absent=NO_LOGIN), doc("Number of that login, as /proc/PID/sessionid has it.")
    ] = None
    missing_interpreter: Annotated[
        str | None,
        text(absent=0),
        doc(
            "Where it failed with ENOENT although the file is there: the interpreter or loader that the file names, "
            "and that was missing when onlooker looked, a moment later."
        ),
    ] = None
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()

    who: ClassVar[str] = CHILD_AND_PARENT
    phrase: ClassVar[str] = (
        "{errno?failed to execute file {path}: {errno} [{argv}]|"
        "executed file {path}{interpreter? by {interpreter}}: {argv}}" + _NOTES
    )
    result: ClassVar[str] = RESULT
    details: ClassVar[str] = "{path}{interpreter? by {interpreter}}: {argv}" + _NOTES
    example: ClassVar[dict[str, Any]] = {"path": "/usr/bin/fake"}
