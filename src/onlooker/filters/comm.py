"""Matching process names as the kernel keeps them: at most 15 bytes."""

import msgspec

from ..errors import UsageError
from ..schema.kinds import COMM_BYTES

LONGEST = COMM_BYTES - 1


class CommPattern(msgspec.Struct, frozen=True):
    """`name` in bytes, at most 15 of them; `prefix`: whether anything may follow. `cut`: the user gave more."""

    name: bytes
    prefix: bool
    cut: bool

    def matches(self, comm: bytes) -> bool:
        """Whether the name of a process fits."""
        return comm.startswith(self.name) if self.prefix else comm == self.name


def comm_pattern(text: str) -> CommPattern:
    """Parse "nginx" or "nginx*".

    >>> comm_pattern("systemd-*").matches(b"systemd-journal")
    True
    >>> comm_pattern("systemd-journald").name
    b'systemd-journal'
    """
    if not isinstance(text, str):
        raise UsageError(f"not a process name: {text!r}", "a str; os.fsdecode makes one of bytes")
    body = text.removesuffix("*")
    if "*" in body or "\0" in body or not text:
        raise UsageError(
            f"not a process name: {text!r}" if text else "a process name can't be empty",
            "a name, or the start of one and a single * at its end: --filter 'nginx*'",
        )
    try:
        name = body.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"not a process name: {text!r}", "bytes that are not UTF-8 are given as os.fsdecode does"
        ) from error
    cut = len(name) > LONGEST
    return CommPattern(name[:LONGEST], body != text and not cut, cut)
