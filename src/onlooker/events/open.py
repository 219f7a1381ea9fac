"""A file was opened, or could not be."""

from typing import Annotated, ClassVar

from .. import lines
from ..schema.kinds import boolean, choice, cut_mask, doc, joined, label, signed, text, unsigned, walked
from .base import TaskEvent
from .errnos import errno_name
from .file import FILE_STATE_DOC, FILE_STATES, Unproven
from .names import open_flag_names, resolve_flag_names
from .words import access_note, file_note, joined_note, marks

NO_DIRFD = -(2**31)  # on the wire: the call has no dirfd; AT_FDCWD (-100) is one
NO_MODE = 2**63 - 2  # on the wire; openat2 takes any number and refuses this one


class Open(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="open"):
    """A process opened a file, with `fd`; or tried to, with `errno`. Arguments are as passed by the caller.

    Source: the exits of the system calls, where the arguments still stand in the saved registers; the file that then
    stands behind `fd`; for io_uring, its tracepoints.
    """

    event: ClassVar[str] = "open"

    syscall: Annotated[
        str,
        choice("open", "openat", "openat2", "creat", "open_by_handle_at", "io_uring"),
        doc("The system call used; io_uring where the ring's openat or openat2 was."),
    ]
    path: Annotated[
        str,
        text(),
        doc("The path as passed: relative ones are relative to dirfd. Empty for open_by_handle_at, which takes none."),
    ]
    flags: Annotated[
        tuple[str, ...], label(64, open_flag_names, cuttable=True), doc("Names of the flags, the access mode first.")
    ]
    fd: Annotated[
        int | None, signed(32, absent=-1, cuttable=True), doc("The new descriptor where the call succeeded.")
    ] = None
    errno: Annotated[str | None, label(16, errno_name, absent=0), doc("Name of the error where it failed.")] = None
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
        tuple[str, ...], label(64, resolve_flag_names, cuttable=True), doc("Names of the resolve flags of openat2(2).")
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

    def _notes(self) -> str:
        if self.errno:
            return joined_note(self.path, self.joined_path)
        if self.path == self.real_path and not self.file_state:
            return ""
        return file_note(self.path, self.real_path, self.file_state)

    def _did(self) -> str:
        path = lines.escape_path(self.path)
        said = f"failed to open file {path}: {self.errno}" if self.errno else f"opened file {path}"
        access = access_note(self.flags, self.created, self.errno is not None)
        return f"{said}{access}{self._notes()}{marks(self)}"
