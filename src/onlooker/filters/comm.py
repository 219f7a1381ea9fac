"""Matching process names as the kernel keeps them: at most 15 bytes."""

import msgspec

from ..errors import UsageError
from ..schema.fields import COMM_BYTES

LONGEST = COMM_BYTES - 1
STAR = "a name, or the start of one and a single * at its end"


class CommPattern(msgspec.Struct, frozen=True):
    """`name` in bytes, at most 15 of them; `prefix`: whether anything may follow. `note`: why it may match nothing."""

    name: bytes
    prefix: bool
    note: str = ""

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
            f"{STAR}: comm=['nginx*']",
            f"{STAR}: --filter 'nginx*'",
        )
    try:
        name = body.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"not a process name: {text!r}", "bytes that are not UTF-8 are given as os.fsdecode does"
        ) from error
    cut = len(name) > LONGEST
    name = name[:LONGEST]
    note = _doubt(text)
    if cut and not note:
        note = f"process names have at most 15 bytes: comparing with {name.decode('utf-8', 'replace')!r}"
    return CommPattern(name, body != text and not cut, note)


def _doubt(text: str) -> str:
    """A note on a name that looks like the syntax of another tool, or "". It is no mistake: a process can
    name itself so, and kernel threads have a "/" in their names.

    >>> _doubt("/usr/bin/cat")
    "'/usr/bin/cat' is compared with process names, which have no directory: for that program type 'cat'"
    """
    rest = text[1:]
    last = text.rpartition("/")[2]
    if last not in (text, "", "*"):
        return f"{text!r} is compared with process names, which have no directory: for that program type {last!r}"
    if text[0] == "-" and rest.endswith("sh"):
        return (
            f"{text!r} is compared with process names: a login shell's is {rest!r}, only its first argument has the '-'"
        )
    if text[0] in "!^-" and rest.strip("*"):
        return f"{text!r} is compared as it is: it does not exclude {rest!r}, and shows only processes named so"
    if text[0] == "[" and text[-1] == "]" and rest != "]":
        return f"{text!r} is compared as it is: for the kernel thread that ps shows so type {text[1:-1]!r}"
    return ""
