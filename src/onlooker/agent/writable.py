"""Whether the files and spools of a configuration can be written to, as far as this user can know."""

import errno
import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..errors import PROGRAM
from ..sinks.target import Target

# of the package's unit: LogsDirectory= and StateDirectory=
_MADE_BY_SYSTEMD = ("/var/log/onlooker", "/var/lib/onlooker")
_ASK_AS_THE_AGENT = f"who runs the agent can tell: sudo -u onlooker {PROGRAM} agent check"
# what stays so until somebody changes the configuration or the machine; a full disk may not stay full
FOR_GOOD = (
    errno.EACCES,
    errno.EINVAL,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
)


class Obstacle(msgspec.Struct, frozen=True):
    """What is in the way, and what to do; `is_certain`: for whoever runs the agent."""

    text: str
    hint: str
    is_certain: bool = True


def obstacles(targets: Iterable[Target]) -> Iterator[tuple[Target, Obstacle]]:
    """Of each target that writes to a file or has a spool. Nothing is made."""
    for target in targets:
        if target.scheme == "file" and (found := obstacle(target.topic)):
            yield target, found
        if target.spool is not None and (found := obstacle(target.spool, is_spool=True)):
            yield target, found


def obstacle(path: str, *, is_spool: bool = False) -> Obstacle | None:
    """To append to a file, which is made if it is missing; or to write to a spool, which is made with what is above."""
    place = Path(path)
    other = f"choose another {'directory: spool = DIR' if is_spool else 'file: file:FILE'}"
    try:
        if (found := _status(place)) is not None:
            if stat.S_ISDIR(found.st_mode) is not is_spool:
                return Obstacle(f"{path!r} is {'no' if is_spool else 'a'} directory", other)
        else:
            place = place.parent
            while is_spool and _status(place) is None:
                place = place.parent
            if (found := _status(place)) is None:
                return _missing(str(place))
            if not stat.S_ISDIR(found.st_mode):
                return Obstacle(f"{str(place)!r} is no directory", other)
        return _right(place, found, other, asks_root=str(place) == path or not is_spool)
    except PermissionError as error:
        return Obstacle(f"{str(place)!r} can't be looked at: {error.strerror}", _ASK_AS_THE_AGENT, is_certain=False)
    except (OSError, ValueError) as error:
        return Obstacle(f"{path!r}: {getattr(error, 'strerror', None) or error}", other)


def _status(place: Path) -> os.stat_result | None:
    """None where nothing is there."""
    try:
        return place.stat()
    except FileNotFoundError:
        return None


def _missing(directory: str) -> Obstacle:
    hint = f"mkdir -p {shlex.quote(directory)}, as who runs the agent"
    if directory in _MADE_BY_SYSTEMD:
        return Obstacle(f"the directory {directory!r} is missing; the package's unit makes it", hint, is_certain=False)
    return Obstacle(f"the directory {directory!r} is missing", hint)


def _right(place: Path, found: os.stat_result, other: str, *, asks_root: bool) -> Obstacle | None:
    is_root = os.geteuid() == 0
    is_directory = stat.S_ISDIR(found.st_mode)
    if not os.access(place, os.W_OK | (os.X_OK if is_directory else 0), effective_ids=True):
        if os.statvfs(place).f_flag & os.ST_RDONLY:
            return Obstacle(f"{str(place)!r} is on a file system that is read-only", other)
        if is_root:
            return Obstacle(f"not even root may write to {str(place)!r}", other)
        text = f"this user may not write to {str(place)!r}, and the agent's user may be another"
        return Obstacle(text, _ASK_AS_THE_AGENT, is_certain=False)
    others = stat.S_IWOTH | (stat.S_IWGRP if found.st_gid else 0)
    if is_root and asks_root and found.st_uid == 0 and not found.st_mode & others:
        text = f"only root may write to {str(place)!r}, and the agent's user may be another"
        return Obstacle(text, _ASK_AS_THE_AGENT, is_certain=False)
    return None
