"""A file was opened, or could not be."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import boolean, choice, cut_mask, doc, flag_names, joined, one_of, signed, text, unsigned, walked
from ..schema.syscalls import Syscall, names
from .base import TaskEvent
from .errnos import ERRNOS
from .file import FILE_STATE_DOC, FILE_STATES, Unproven
from .names import OPEN_FLAGS, RESOLVE_FLAGS
from .words import ACCESS, FILE_STATE, JOINED, file_note

NO_DIRFD = -(2**31)  # on the wire: the call has no dirfd; AT_FDCWD (-100) is one
NO_MODE = 2**63 - 2  # on the wire; openat2 takes any number and refuses this one

_NOTES = JOINED + file_note("real_path") + FILE_STATE

SYSCALLS = (
    Syscall("open", x86_64=2, i386=5, arm=5, compat_function="compat_sys_open"),
    Syscall("openat", x86_64=257, i386=295, aarch64=56, arm=322, compat_function="compat_sys_openat"),
    Syscall("openat2", x86_64=437, i386=437, aarch64=437, arm=437),
    Syscall("creat", x86_64=85, i386=8, arm=8),
    Syscall(
        "open_by_handle_at", x86_64=304, i386=342, aarch64=265, arm=371, compat_function="compat_sys_open_by_handle_at"
    ),
)


class Open(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="open"):
    """A process opened a file, with `fd`; or tried to, with `errno`. Arguments are as passed by the caller.

    Source: the exits of the system calls, where the arguments are still in the saved registers, and the file of `fd` at
    that moment; for io_uring, its tracepoints.
    """

    event: ClassVar[str] = "open"
    number: ClassVar[int] = 4
    is_default: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS

    syscall: Annotated[
        str,
        choice(*names(SYSCALLS), "io_uring"),
        doc("The system call used; io_uring where the ring's openat or openat2 was."),
    ]
    path: Annotated[
        str,
        text(),
        doc("The path as passed: relative ones are relative to dirfd. Empty for open_by_handle_at, which takes none."),
    ]
    flags: Annotated[
        tuple[str, ...], flag_names(64, OPEN_FLAGS, cuttable=True), doc("Names of the flags, the access mode first.")
    ]
    fd: Annotated[
        int | None, signed(32, absent=-1, cuttable=True), doc("The new descriptor where the call succeeded.")
    ] = None
    errno: Annotated[str | None, one_of(16, ERRNOS, absent=0), doc("Name of the error where it failed.")] = None
    dirfd: Annotated[
        int | None,
        signed(32, absent=NO_DIRFD),
        doc("The directory that a relative path starts from; -100 (AT_FDCWD) is the working directory."),
    ] = None
    mode: Annotated[
        int | None,
        unsigned(64, absent=NO_MODE, cuttable=True),
        doc("Permission bits asked for, where a file may be created; openat2: as passed, even if wrong."),
    ] = None
    resolve: Annotated[
        tuple[str, ...], flag_names(64, RESOLVE_FLAGS, cuttable=True), doc("Names of the resolve flags of openat2(2).")
    ] = ()
    real_path: Annotated[
        str | None,
        walked(),
        doc("Where the call succeeded: the absolute path of the file that was opened, all links followed."),
    ] = None
    joined_path: Annotated[
        str | None,
        joined("path"),
        doc("Where the call failed: the absolute form of `path`, joined to its directory; symlinks are not followed."),
    ] = None
    file_state: Annotated[str | None, choice(*FILE_STATES, absent=0), doc(FILE_STATE_DOC)] = None
    device: Annotated[
        int | None, unsigned(32, absent=0), doc("Device of the file's filesystem, as st_dev of stat(2) has it.")
    ] = None
    inode: Annotated[int | None, unsigned(64, absent=0), doc("Number of the file's inode.")] = None
    created: Annotated[
        bool, boolean(cuttable=True), doc("Whether this very open made the file; absent where it was there before.")
    ] = False
    unproven: Unproven = False
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()

    phrase: ClassVar[str] = "{errno?failed to open file {path}: {errno}|opened file {path}}" + ACCESS + _NOTES
    result: ClassVar[str] = "{errno?{errno}|fd {fd}}"
    # the flags last: where a row is too narrow, they go first
    details: ClassVar[str] = "{path}{created? [created]}" + _NOTES + "{flags?  {flags:words}}"
    example: ClassVar[dict[str, Any]] = {"syscall": "openat", "path": "/etc/fake.conf", "dirfd": -100}
    success: ClassVar[dict[str, Any]] = {"fd": 3}
