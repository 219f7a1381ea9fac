"""strace: how it is started so that its output has one meaning only, and that output taken apart.

- `-ff`: a file for each task. In one file for all, calls are torn apart (`<unfinished ...>`, `<... resumed>`) wherever
  two tasks take turns; here only where a thread replaces the program of its process.
- `-xx`: every string in hex, paths behind descriptors too. No byte of a file's name can look like strace's own words.
- `-s`: as long as the longest argument that Linux takes (MAX_ARG_STRLEN, 128 KiB), so nothing is cut but paths beyond
  PATH_MAX, which no kernel takes.
- `-y`: the path behind each descriptor, as /proc/PID/fd has it: a second opinion on what a path led to.
- `--seccomp-bpf`: only the calls that are asked for are stopped, the others run at full speed. Not where a thread
  executes a program: strace 6.1 then prints garbage for the result, and misses the call that follows.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .facts import UNKNOWN

CALLS = ("open", "openat", "openat2", "creat", "execve", "execveat", "fork", "vfork", "clone", "clone3")
LONGEST_STRING = 128 * 1024


class UnclearError(ValueError):
    """strace's output does not tell what happened: strace lost its count where a thread died or executed a program."""


def command(output: Path, *, seccomp: bool = True, calls: Sequence[str] = CALLS) -> list[str]:
    """The command line to which a program and its arguments are added; writes `output`.TID for each task."""
    # a "?" before a name: the call does not exist on every machine
    trace = ",".join(f"?{name}" for name in calls)
    options = ["-ff", "-xx", "-y", f"--string-limit={LONGEST_STRING}", f"--trace={trace}", f"--output={output}"]
    return ["strace", *options, *(["--seccomp-bpf"] if seccomp else []), "--"]


@dataclass(frozen=True)
class Call:
    """A system call: `result` is a number, an error's name, or UNKNOWN where the task did not live to see it.

    `moved` is the task as which it went on: a thread that replaces the program becomes the main one.
    """

    name: str
    arguments: tuple[str, ...]
    result: str
    path: bytes | None = None  # of the descriptor that it returned
    deleted: bool = False  # that path is no longer there
    moved: int | None = None


@dataclass(frozen=True)
class End:
    """The task ended."""

    code: int | None
    signal: str | None
    core_dumped: bool


@dataclass(frozen=True)
class Superseded:
    """The task, a main thread, is now what another thread was, which has executed a program."""

    by: int


@dataclass(frozen=True)
class Unread:
    """The task was at the beginning of some call, and gone before strace could look which."""


@dataclass(frozen=True)
class Garbled:
    """A thread has executed a program, and strace 6.1 has lost its count: it misses the call that follows."""


Line = Call | End | Superseded | Unread | Garbled

_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>.*)")
_ABANDONED = re.compile(r"(?P<name>\w+)\((?P<arguments>.*) <unfinished \.\.\.>")
_UNREAD = re.compile(r"\?\?\?\(.*")
_MOVED = re.compile(r"(?P<name>\w+)\((?P<arguments>.*) <pid changed to (?P<pid>\d+) \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. execve(at)? resumed>.*\) += 0")
_GARBLED = re.compile(r"<\.\.\. execve(at)? resumed>.*\) += -1 \(errno \d{20}\)")
_EXITED = re.compile(r"\+\+\+ exited with (?P<code>\d+) \+\+\+")
_KILLED = re.compile(r"\+\+\+ killed by (?P<signal>\w+)(?P<core> \(core dumped\))? \+\+\+")
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (?P<pid>\d+) \+\+\+")
_SIGNAL = re.compile(r"--- .* ---")
_RESULT = re.compile(
    r"(?P<number>\d+)(<(?P<path>[^>]*)>(?P<deleted>\(deleted\))?)?"
    r"|-1 (?P<error>E\w+) \(.*\)"
    r"|\? (?P<restart>ERESTART\w+) \(.*\)"
    r"|(?P<unknown>\?)"
)
_GARBAGE = re.compile(r"-1 \(errno \d{20}\)")  # no error has such a number
_UNFINISHED = " <unfinished ...>"


def parse(text: str) -> Iterator[Line]:
    """One task's file. Raises ValueError for a line that it does not know: nothing is skipped that could matter."""
    return filter(None, map(_parse_line, text.splitlines()))


def _parse_line(line: str) -> Line | None:
    if match := _CALL.fullmatch(line):
        return _call(match["name"], match["arguments"], match["result"])
    if match := _MOVED.fullmatch(line):
        # the only calls that move are those of programs that were executed
        return Call(match["name"], split(match["arguments"]), "0", moved=int(match["pid"]))
    if match := _ABANDONED.fullmatch(line):
        return Call(match["name"], split(match["arguments"]), UNKNOWN)
    if _UNREAD.fullmatch(line):
        return Unread()
    if _GARBLED.fullmatch(line):
        return Garbled()
    if match := _EXITED.fullmatch(line):
        return End(int(match["code"]), None, core_dumped=False)
    if match := _KILLED.fullmatch(line):
        return End(None, match["signal"], core_dumped=bool(match["core"]))
    if match := _SUPERSEDED.fullmatch(line):
        return Superseded(int(match["pid"]))
    if _SIGNAL.fullmatch(line) or _RESUMED.fullmatch(line):
        return None
    raise ValueError(f"not known in strace's output: {line}")


def _call(name: str, arguments: str, result: str) -> Call:
    match = _RESULT.fullmatch(result)
    if _GARBAGE.fullmatch(result):
        raise UnclearError(f"strace could not read the result of {name}: {result}")
    if not match:
        raise ValueError(f"not known as a result in strace's output: {result}")
    outcome = match["number"] or match["error"] or match["restart"] or match["unknown"]
    path = None if match["path"] is None else unhex(match["path"])
    return Call(name, split(arguments.removesuffix(_UNFINISHED)), outcome, path, bool(match["deleted"]))


def split(text: str) -> tuple[str, ...]:
    """The arguments of a call, or the members of a list or a structure.

    >>> split("1, [2, 3], {flags=0, mode=0}")
    ('1', '[2, 3]', '{flags=0, mode=0}')
    """
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "[{(") - (char in "]})")
        if char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return (*parts, text[start:].strip()) if text else ()


def members(text: str) -> dict[str, str]:
    """A structure's members.

    >>> members("{flags=O_RDONLY, resolve=RESOLVE_BENEATH}")
    {'flags': 'O_RDONLY', 'resolve': 'RESOLVE_BENEATH'}
    """
    inner = text.removeprefix("{").partition("}")[0]
    pairs = (part.partition("=") for part in split(inner))
    return {name: value for name, _, value in pairs}


def unhex(text: str) -> bytes:
    r"""The bytes that strace printed in hex.

    >>> unhex(r"\x2f\x78")
    b'/x'
    """
    return bytes.fromhex(text.replace("\\x", ""))


def string(text: str) -> tuple[bytes, bool]:
    r"""A string argument and whether it is whole; an address where strace could not read it.

    >>> string(r'"\x2f\x78"'), string(r'"\x2f"...'), string("0x8"), string("NULL")
    ((b'/x', True), (b'/', False), (b'', False), (b'', False))
    """
    if not text.startswith('"'):
        return b"", False
    inner = text[1:]
    return unhex(inner.partition('"')[0]), inner.endswith('"')


def number(text: str) -> int:
    """A number, in any of the bases that strace uses; without the path of a descriptor."""
    plain = text.partition("<")[0]
    if plain == "AT_FDCWD":
        return -100
    octal = len(plain) > 1 and plain.startswith("0") and not plain.startswith("0x")
    return int(plain, 8 if octal else 0)


def behind(text: str) -> bytes | None:
    r"""The path that strace saw for a descriptor.

    >>> behind(r"AT_FDCWD<\x2f>"), behind("-1")
    (b'/', None)
    """
    _, found, path = text.partition("<")
    return unhex(path.partition(">")[0]) if found and "(deleted)" not in path else None


def names(text: str) -> frozenset[str]:
    """The names of flags.

    >>> sorted(names("O_RDONLY|O_CLOEXEC")), sorted(names("0"))
    (['O_CLOEXEC', 'O_RDONLY'], [])
    """
    return frozenset(text.split("|")) - {"0"}
