"""A file that a command makes in one step: all of it or nothing, for its owner only, and over no other one."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from ..errors import OutputError, UsageError
from ..output.file import OpenError
from ..recordings.manifest import FILE_NAME as MANIFEST


def check_parent(path: str) -> None:
    """A new file or directory needs one to be in. Raises OutputError where that is not there."""
    parent = Path(path).parent
    try:
        parent.stat()
    except FileNotFoundError:
        wrong = OutputError(OSError(errno.ENOENT, f"there is no directory {str(parent)!r}"))
        wrong.hint = f"mkdir -p {quote(str(parent))}"
        raise wrong from None
    except (OSError, ValueError):  # it is said where the file is made
        return


def wanted_file(path: str, *, force: bool) -> Path:
    """Whether it may be made is known before anything is done. Raises UsageError."""
    target = Path(path)
    if _is_in_recording(target):
        raise UsageError(f"{path!r} would be in a recording", "choose another place: -o FILE")
    try:
        mode = target.stat().st_mode
    except (OSError, ValueError):  # it is said where it is made
        check_parent(path)
        return target
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path!r} is there, and no file", "choose another file: -o FILE")
    if not force:
        raise _there(path)
    return target


def _is_in_recording(target: Path) -> bool:
    try:
        return any((above / MANIFEST).is_file() for above in Path(os.path.realpath(target)).parents)
    except (OSError, ValueError):  # it is said where it is made
        return False


def _there(path: str) -> UsageError:
    return UsageError(f"{path!r} is there already", f"write over it: --force -o {quote(path)}")


@contextmanager
def new_file(target: Path, *, force: bool) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside it, by its path and open, which takes its name at the end, or goes. Raises OutputError, and
    UsageError where somebody else has made it meanwhile.
    """
    try:
        final = Path(os.path.realpath(target))  # a link stays one
        temporary = final.with_name(f".{final.name[:200]}.{os.urandom(4).hex()}.tmp")
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OpenError(OSError(getattr(error, "errno", 0) or 0, reason, str(target))) from error
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 16) as file:
            yield temporary, file
            file.flush()
            os.fsync(descriptor)
        _take_its_name(temporary, final, target, force=force)
    except OSError as error:
        raise OutputError(OSError(error.errno, error.strerror or str(error), str(target))) from error
    finally:
        temporary.unlink(missing_ok=True)


def _take_its_name(temporary: Path, final: Path, target: Path, *, force: bool) -> None:
    if force:
        temporary.replace(final)
        return
    try:
        os.link(temporary, final)  # fails where somebody else has made it meanwhile
    except FileExistsError:
        raise _there(str(target)) from None
    except OSError:  # a file system without hard links
        temporary.replace(final)
