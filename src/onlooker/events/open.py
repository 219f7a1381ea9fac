"""A file was opened, or could not be."""

from typing import Annotated, ClassVar

from ..schema.kinds import choice, cut_mask, doc, label, signed, text, unsigned
from .base import TaskEvent
from .names import errno_name, open_flag_names, resolve_flag_names

NO_DIRFD = -(2**31)  # on the wire: the call has no dirfd; AT_FDCWD (-100) is one
NO_MODE = 2**32 - 1


class Open(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="open"):
    """A process opened a file, with `fd`; or tried to, with `errno`. All as passed by the caller.

    Source: the exits of open(2), openat(2), openat2(2) and creat(2), where the arguments still stand in the saved
    registers.
    """

    event: ClassVar[str] = "open"

    syscall: Annotated[str, choice("open", "openat", "openat2", "creat"), doc("The system call used.")]
    path: Annotated[str, text(), doc("The path as passed: relative ones are relative to dirfd.")]
    flags: Annotated[
        tuple[str, ...], label(64, open_flag_names, cuttable=True), doc("Names of the flags, the access mode first.")
    ]
    fd: Annotated[int | None, signed(32, absent=-1), doc("The new descriptor where the call succeeded.")] = None
    errno: Annotated[str | None, label(16, errno_name, absent=0), doc("Name of the error where it failed.")] = None
    dirfd: Annotated[
        int | None,
        signed(32, absent=NO_DIRFD),
        doc("The directory that a relative path starts from; -100 (AT_FDCWD) is the working directory."),
    ] = None
    mode: Annotated[
        int | None, unsigned(32, absent=NO_MODE), doc("Permission bits asked for, where a file may be created.")
    ] = None
    resolve: Annotated[
        tuple[str, ...], label(64, resolve_flag_names), doc("Names of the resolve flags of openat2(2).")
    ] = ()
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()
