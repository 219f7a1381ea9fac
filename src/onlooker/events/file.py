"""The fields that all events share which name a file or come from a call on files."""

from typing import Annotated

from ..schema.fields import boolean, choice, cut_mask, doc, joined, one_of, signed, text, unsigned, walked
from .errnos import ERRNOS

# on the wire by their number, from 1; absent for a file that has a name in a directory, as most have
FILE_STATES = ("deleted", "tmpfile", "memfd", "pseudo", "detached")

FILE_STATE_DOC = (
    "Why the path does not lead to the file: deleted, tmpfile (made with O_TMPFILE, never had a name), memfd, "
    "pseudo (a pipe, a namespace, ...), detached (its mount hangs nowhere, or is out of reach). Else absent."
)

NO_FD = -(2**31)  # on the wire: the call has no such descriptor; AT_FDCWD (-100) is one, and -1 may be passed

RING = "io_uring"  # where there is no system call
CALL_DOC = "The system call used; io_uring where a ring did the same."

Errno = Annotated[str | None, one_of(16, ERRNOS, absent=0), doc("Name of the error where it failed.")]
Unproven = Annotated[
    bool,
    boolean(),
    doc(
        "True where the call reported success, but nothing proves that the kernel ran it: a seccomp filter or a "
        "debugger may have made that up. Else absent."
    ),
]
Cut = Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")]

PassedPath = Annotated[
    str, text(), doc("The path as passed: a relative one starts from dirfd or the working directory.")
]
NewPath = Annotated[
    str, text(), doc("The new path as passed: a relative one starts from new_dirfd or the working directory.")
]
OptionalPath = Annotated[
    str | None, text(absent=0), doc("The path as passed; absent where the call takes a descriptor only.")
]
DirFd = Annotated[
    int | None,
    signed(32, absent=NO_FD),
    doc("The directory that a relative path starts from; -100 (AT_FDCWD) is the working directory."),
]
NewDirFd = Annotated[int | None, signed(32, absent=NO_FD), doc("The same for new_path.")]

_JOINED = "joined to its directory; symlinks are not followed."
JoinedPath = Annotated[str | None, joined("path"), doc(f"The absolute form of `path`: {_JOINED}")]
JoinedNewPath = Annotated[str | None, joined("new_path"), doc(f"The absolute form of `new_path`: {_JOINED}")]

Fd = Annotated[
    int | None,
    signed(32, absent=NO_FD),
    doc("The descriptor of the file itself, where the call was given one; with an empty path: AT_EMPTY_PATH."),
]
# where a call follows links, so that the file itself is meant
_GIVEN = "`fd`, or by a path through a descriptor (/proc/self/fd/N, /dev/fd/N, ...)"
RealPath = Annotated[
    str | None, walked(), doc(f"Where the file was given by {_GIVEN}: its absolute path, as the kernel has it.")
]
FileState = Annotated[str | None, choice(*FILE_STATES, absent=0), doc(FILE_STATE_DOC)]
Device = Annotated[
    int | None,
    unsigned(32, absent=0),
    doc("Device of its filesystem, as st_dev of stat(2) has it; where `real_path` is."),
]
Inode = Annotated[int | None, unsigned(64, absent=0), doc("Number of its inode; where `real_path` is.")]
