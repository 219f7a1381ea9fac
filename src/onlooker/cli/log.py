"""Messages for the user, on standard error; standard output is for data."""

import os
import select
import sys
from contextlib import suppress

from ..errors import PROGRAM, ExpressionError, OnlookerError, OutputError, QueryError, UsageError

LEVELS = ("debug", "info", "warning", "error")
_PATIENCE_MS = 500  # for a standard error that nobody reads; a message takes less than PIPE_BUF


def show(text: str) -> None:
    """All of a command's report, to standard output. Raises OutputError, or BrokenPipeError if nobody reads it."""
    if sys.stdout is None:
        raise UsageError("standard output is closed", f"{PROGRAM} COMMAND > file.txt")
    sys.stdout.flush()
    left = text.encode()
    while left:  # not sys.stdout, which would keep what it could not write, and try again at the very end
        try:
            left = left[os.write(sys.stdout.fileno(), left) :]
        except BlockingIOError:
            select.select([], [sys.stdout], [])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from error


def say(*lines: str) -> None:
    """Lines, each beginning with the program's name."""
    _tell(*(f"onlooker: {line}" for line in lines))


def _tell(*lines: str) -> None:
    """A closed, full or unread standard error must not make the command fail or hang. What would change the look of
    a terminal is escaped, and so are line breaks: a message may repeat what was typed, the name of a file or of a
    process, or what libbpf says.
    """
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        descriptor = sys.stderr.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        for line in lines:
            if not _can_write(poll):
                return
            # not sys.stderr: what it could not write would make Python exit with 120
            os.write(descriptor, f"{_printable(line.expandtabs())}\n".encode())


def _printable(line: str) -> str:
    r"""As repr() would write it, but a byte that is not UTF-8 as an event's line shows it: \xff. Without the native
    module, which may be what is missing.
    """
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    if "\\udc" not in escaped:
        return escaped
    import re  # some milliseconds, and seldom needed

    # it may come from repr(), where an even number of backslashes stands for themselves
    return re.sub(r"(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])", r"\1\\x\2", escaped)


def _can_write(poll: select.poll) -> bool:
    try:
        return bool(poll.poll(_PATIENCE_MS))
    except OSError:  # EINVAL: RLIMIT_NOFILE is 0, so not even one may be polled
        return True


def say_error(error: OnlookerError) -> None:
    """What went wrong and where (in an expression, marked in it), an empty line, what to type."""
    say(_printable(str(error)))  # tabs, too
    if isinstance(error, ExpressionError | QueryError) and error.place:
        _tell(*(f"    {line}" for line in error.place.split("\n")))
    if hint := error.command_hint or error.hint:
        _tell("", f"hint: {_printable(hint)}")


class Log:
    """Prints messages of at least this `level`."""

    def __init__(self, level: str) -> None:
        self._lowest = LEVELS.index(level)

    def says(self, level: str) -> bool:
        """Whether messages of this level are shown."""
        return LEVELS.index(level) >= self._lowest

    def tell(self, *lines: str) -> None:
        """Print the announcement or the summary of a run, unless only errors are wanted."""
        if self.says("warning"):
            say(*lines)

    def __call__(self, level: str, text: str) -> None:
        """Print `text` if its level is high enough."""
        if self.says(level):
            say(f"{level}: {text}")
