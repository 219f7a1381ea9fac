"""Every error that onlooker raises on purpose.

    OnlookerError
    ├── UsageError (also a ValueError)     a value that makes no sense; exit code 2
    │   ├── ExpressionError                a mistake in an expression; `start` and `end` are its place in `text`
    │   └── QueryError                     a mistake in SQL, in DuckDB's words
    ├── OutputError                        the output could not be written; exit code 1
    ├── RecordingError                     a file is no recording, or can't be read; exit code 2
    ├── ExtraError                         an optional library is not installed; exit code 3
    ├── CommandError                       a command could not be started; exit code 126 or 127
    ├── ForkedError                        a monitor was used in a child of the process that started it; exit code 1
    ├── ResourceError                      out of memory, descriptors or processes; exit code 1
    └── UnsupportedError                   this kernel or this user cannot; exit code 3
        ├── NotLinuxError
        ├── KernelTooOldError
        ├── NoBtfError
        ├── LockdownError
        ├── CapabilityError
        ├── ForbiddenError                 bpf(2), or a part of it, is forbidden to everybody here
        ├── LibbpfError                    libbpf is missing or too old, or the package is not built
        ├── LoadError                      the kernel refused the probe; `log` has the verifier's output
        └── AttachError                    a hook could not be attached

An error's text is one line that says what and where; its `hint` is what to type.
"""

import errno
import os
import sys
from collections.abc import Sequence

_ON_EVERY_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")  # sudo's, too


def called(name: str) -> str:
    """What to type to run the command again, where `name` is what it was run by: its path, unless every shell finds it.

    >>> called(".venv/bin/onlooker"), called("/usr/bin/onlooker"), called("/a b/onlooker"), called("mine.py")
    ('.venv/bin/onlooker', 'onlooker', "'/a b/onlooker'", 'onlooker')
    """
    directory, slash, base = name.rpartition("/")
    if not slash or base != "onlooker" or directory in _ON_EVERY_PATH:
        return "onlooker"
    from shlex import quote

    return quote(name)


PROGRAM = called(sys.argv[0] if sys.argv else "")


class OnlookerError(Exception):
    """The root. `hint` is a remedy, with the command or the argument to type where there is one; `command_hint` is the
    same for the command line where it differs; `exit_code` is the command's.
    """

    hint = ""
    command_hint = ""
    exit_code = 1


class UsageError(OnlookerError, ValueError):
    """A value that an option or argument does not take."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", command_hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.command_hint = command_hint

    @classmethod
    def unknown(cls, what: str, value: object, choices: Sequence[str]) -> "UsageError":
        """`value` is none of `choices`; the hint names the nearest."""
        near = _nearest(value, choices) if isinstance(value, str) else []
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"one of {', '.join(choices)}"
        return cls(f"unknown {what} {value!r}", hint)


class ExpressionError(UsageError):
    """A mistake in an expression: from `start` to `end` in `text`."""

    def __init__(self, message: str, text: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.text = text
        self.start = start
        self.end = end

    @property
    def place(self) -> str:
        """Two lines: the expression, or a part of it where it is long, and below it ^^^ where the mistake is.

        >>> print(ExpressionError("unknown field 'fil'", "not fil == 'a'", 4, 7).place)
        not fil == 'a'
            ^^^
        """
        return _marked(self.text, self.start, self.end)


def _marked(text: str, start: int, end: int) -> str:
    start, end = min(start, len(text)), min(end, len(text))
    first = start - _fitting(text[:start][::-1], _SHOWN_BEFORE)
    before = (_LEFT_OUT if first else "") + _on_one_line(text[first:start])
    last = start + _fitting(text[start:], _SHOWN - columns_of_text(before))
    marked = _on_one_line(text[start : min(end, last)])
    after = _on_one_line(text[end:last]) + (_LEFT_OUT if last < len(text) else "")
    return f"{before}{marked}{after}\n{' ' * columns_of_text(before)}{'^' * max(1, columns_of_text(marked))}"


_SHOWN = 76  # columns of an expression, with 4 before them
_SHOWN_BEFORE = 50
_LEFT_OUT = "..."


def _on_one_line(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def columns_of_text(text: str) -> int:
    """How many columns of a terminal it takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _fitting(text: str, room: int) -> int:
    """How many characters of a text fit into some columns; if not all, with room for what says so."""
    fitting, used = 0, 0
    for number, c in enumerate(text, 1):
        used += columns_of_text(_on_one_line(c))
        if used <= room - len(_LEFT_OUT):
            fitting = number
        if used > room:
            return fitting
    return len(text)


_MOST_GUESSES = 3
_ALIKE = 0.7  # of two words of 4 letters, 3; at 0.6 "--interval" is like "--filter"
_ALIKE_IF_LONG, _LONG = 0.68, 8  # "buffer_size" is like "buffer_bytes", and "nobody-is-so" not like "nobody"


def _nearest(value: str, choices: Sequence[str]) -> list[str]:
    """What `value` is the beginning of, or else what it is most like. Dashes at the start and case do not count.

    >>> _nearest("--out", ["--output-format", "-o", "--output"]), _nearest("--json", ["--count"])
    (['--output-format', '--output'], [])
    >>> _nearest("esc", ["ecs", "ocsf"]), _nearest("buffer_size", ["buffer_bytes", "rate"])
    (['ecs'], ['buffer_bytes'])
    """
    from difflib import get_close_matches  # a millisecond, and seldom needed

    bare = {choice: choice.lstrip("-").casefold() for choice in choices}
    typed = value.lstrip("-").casefold()
    begun = [choice for choice, name in bare.items() if len(typed) > 1 and name.startswith(typed)]
    if 0 < len(begun) <= _MOST_GUESSES:
        return begun
    near = get_close_matches(typed, bare.values(), n=1, cutoff=_ALIKE_IF_LONG if len(typed) >= _LONG else _ALIKE)
    near = (
        near or [name for name in bare.values() if len(typed) > 2 and sorted(typed) == sorted(name)][:1]
    )  # "esc": ecs
    return [choice for choice, name in bare.items() if name in near][:1]


class QueryError(UsageError):
    """A mistake in SQL, or a value that it does not take, in DuckDB's words: from `start` to `end` in `text`, a line of
    the SQL, which is empty where the place is not known.
    """

    def __init__(self, message: str, hint: str = "", text: str = "", start: int = 0, end: int = 0) -> None:
        super().__init__(message, hint)
        self.text = text
        self.start = start
        self.end = end

    @property
    def place(self) -> str:
        """Two lines, as in `ExpressionError`; empty where the place is not known.

        >>> print(QueryError("...", text="SELECT pth FROM opens", start=7, end=10).place)
        SELECT pth FROM opens
               ^^^
        """
        return _marked(self.text, self.start, self.end) if self.text else ""


class OutputError(OnlookerError):
    """Writing the output failed; `error` is the system's, with the file's name if known, `cause` its short name."""

    hint = "make room or choose another place for the output, and run it again"

    def __init__(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        where = "" if error.filename is None else f"{error.filename!r}: "
        super().__init__(f"cannot write the output: {where}{reason}")
        self.error = error
        self.cause = _CAUSES.get(error.errno or 0, reason)
        if error.errno == errno.EFBIG:  # setrlimit(2), RLIMIT_FSIZE
            self.hint = "raise the limit (ulimit -f), and run it again"


_CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the limit of file sizes is reached",
    errno.EIO: "the device has failed",
    errno.EROFS: "the file system is read-only",
}


class RecordingError(OnlookerError):
    """A file is no recording, or can't be read: then nothing is known of what was asked, as after a wrong option."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ExtraError(OnlookerError):
    """An optional library is not installed; `extra` is the name that brings it."""

    exit_code = 3

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(f"{what} needs {library}, which is not installed")
        self.hint = f"pip install 'onlooker[{extra}]'"
        self.extra = extra


class CommandError(OnlookerError):
    """A command could not be started, for the reason `errno`; the exit code is the one that a shell gives."""

    def __init__(self, what: str, number: int, hint: str) -> None:
        super().__init__(f"cannot run {what}: {os.strerror(number)}")
        self.errno = number
        self.hint = hint
        self.exit_code = 127 if number == errno.ENOENT else 126


EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)


class ResourceError(OnlookerError):
    """The system ran out of something that watching needs; `error` is the system's."""

    hint = "raise the limit (ulimit -n, ulimit -u, ulimit -v, MemoryMax=), or stop other programs"

    def __init__(self, error: OSError, what: str = "set up the probe") -> None:
        where = "while its programs were loaded" if error.filename == "loading" else error.filename or "system"
        super().__init__(f"cannot {what}: {error.strerror or error} ({where})")
        self.error = error

    @classmethod
    def behind(cls, error: BaseException) -> "ResourceError | None":
        """The same for an error of Python's, if it means that something has run out."""
        if isinstance(error, OSError):
            return cls(error, "continue") if error.errno in EXHAUSTED else None
        text = str(error)
        if isinstance(error, MemoryError) or "map segment" in text or "allocate memory" in text:
            return cls(OSError(errno.ENOMEM, "Cannot allocate memory", "memory"), "continue")
        if "Too many open files" in text:  # dlopen(3), by way of an ImportError
            return cls(OSError(errno.EMFILE, "Too many open files", "libraries"), "continue")
        if isinstance(error, RuntimeError) and "start new thread" in text:
            return cls(OSError(errno.EAGAIN, "Resource temporarily unavailable", "thread"), "continue")
        return None


class ForkedError(OnlookerError):
    """A monitor stays with the process that started it: in a child of fork(2) it gives nothing."""

    hint = "start the monitor after the fork, in the daemon or worker itself"

    def __init__(self) -> None:
        super().__init__("this process is a fork of the one that started the monitor")


class UnsupportedError(OnlookerError):
    """This kernel or this user cannot do it."""

    exit_code = 3
    hint = f"{PROGRAM} doctor"


class NotLinuxError(UnsupportedError):
    """The system is not Linux."""

    hint = "run it on Linux 5.10 or newer; recorded and fake events can be used anywhere"

    def __init__(self, system: str) -> None:
        super().__init__(f"onlooker watches Linux kernels, and this system is {system}")
        self.system = system


class KernelTooOldError(UnsupportedError):
    """The kernel lacks what the probe is built on."""

    hint = "boot Linux 5.10 or newer, or an older kernel to which its vendor has added this"

    def __init__(self, release: str, missing: str) -> None:
        super().__init__(f"Linux {release} is too old: {missing}")
        self.release = release


class NoBtfError(UnsupportedError):
    """The kernel does not describe its types."""

    hint = "boot your distribution's kernel, 5.10 or newer, or build yours with CONFIG_DEBUG_INFO_BTF=y"

    def __init__(self, path: str) -> None:
        super().__init__(f"this kernel has no type information (BTF): {path} is missing")
        self.path = path


class LockdownError(UnsupportedError):
    """The kernel is locked down for confidentiality, which forbids BPF to read kernel memory."""

    hint = "boot with lockdown=integrity, or without lockdown=confidentiality, on the kernel's command line"

    def __init__(self, mode: str) -> None:
        super().__init__(f"kernel lockdown is in {mode} mode, which forbids BPF to observe")
        self.mode = mode


class CapabilityError(UnsupportedError):
    """The user may not load or attach BPF programs; `missing` names the capabilities."""

    def __init__(self, missing: Sequence[str], reason: str = "") -> None:
        names = " and ".join(missing)
        super().__init__(reason or f"not permitted to observe the kernel: {names} {_verb(missing)} missing")
        self.missing = tuple(missing)
        self.hint = f"run it as root: sudo {PROGRAM}" if not reason else "run it as root of the machine itself"
        self._sudo_helps = not reason

    def after(self, words: Sequence[str]) -> None:
        """The command line had these words: the hint repeats them, or the first, where they are many."""
        from shlex import join

        typed = join(words)
        if typed and self._sudo_helps:
            again = typed if len(typed) <= _LONGEST_TYPED else f"{join(words[:1])} ..."
            self.command_hint = f"{self.hint} {again}"


_LONGEST_TYPED = 100  # characters


def _verb(items: Sequence[str]) -> str:
    return "is" if len(items) == 1 else "are"


class ForbiddenError(UnsupportedError):
    """Something blocks bpf(2), whatever capabilities the process has; `error` is its answer."""

    def __init__(self, error: OSError, *, by_filter: bool) -> None:
        self.error = error
        if by_filter:
            by = "a seccomp filter may forbid it"
            self.hint = "allow bpf and perf_event_open in the container's seccomp profile or in SystemCallFilter="
        elif error.errno == errno.ENOSYS:
            by = "this kernel is built without it"
            self.hint = "boot a kernel that is built with CONFIG_BPF_SYSCALL=y"
        else:
            by = "a security module may forbid it"
            self.hint = "allow onlooker to use bpf in the policy of SELinux, AppArmor or the like"
        super().__init__(f"bpf(2) is forbidden here: {error.strerror} ({by})")


class LibbpfError(UnsupportedError):
    """The native part can't be used."""

    hint = "apt-get install libbpf1 (or: dnf install libbpf), or install onlooker's wheel, which includes it"


class LoadError(UnsupportedError):
    """The kernel refused the probe; `log` is what libbpf and the verifier said."""

    hint = f"{PROGRAM} --log-level debug shows the verifier's log; please report it with the output of {PROGRAM} doctor"

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


class AttachError(UnsupportedError):
    """No way to observe an event can be attached on this kernel, or not the one that was `forced`; `event` names it."""

    def __init__(self, event: str, reason: str, *, forced: str | None = None) -> None:
        super().__init__(f"cannot observe {event} events {f'by {forced} ' if forced else ''}on this kernel: {reason}")
        self.event = event
        self.reason = reason
        if forced:
            self.hint = f"leave out attach; {PROGRAM} doctor says what works here"
            self.command_hint = self.hint.replace("attach", "--attach", 1)
