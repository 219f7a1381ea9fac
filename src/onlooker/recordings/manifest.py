"""What a recording says of itself: `recording.json` in its directory."""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from .._version import __version__
from ..summary import Summary

LAYOUT_VERSION = 1  # of the directory; see docs/recordings.md
FILE_NAME = "recording.json"
MOST_BYTES = 16 << 20  # of it: a command of 2 MB takes six times as much as JSON at the most
_MOST_NS = (1 << 63) - 1
_BILLION = 1_000_000_000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

Decoded = TypeVar("Decoded")
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Loss(msgspec.Struct, frozen=True):
    """How many events of one kind were lost, and why."""

    of: str
    reason: str
    count: int


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording ended. `time`: when the watching did, RFC 3339 in UTC; `seconds`: since the start; `unwritten`:
    how many events were seen and not written; `exit_code`: the command's, where one was recorded.
    """

    time: str
    seconds: float
    events: dict[str, Count]
    lost: tuple[Loss, ...]
    cut: Count
    unwritten: Count
    complete: bool
    verdict: str
    exit_code: int | None = None

    @classmethod
    def of(cls, summary: Summary, time: str, exit_code: int | None = None) -> "End":
        """Of the summary of a session."""
        return cls(
            time=time,
            seconds=summary.seconds,
            events=dict(summary.shown),
            lost=tuple(Loss(of, reason, count) for (of, reason), count in summary.lost.items()),
            cut=summary.cut,
            unwritten=summary.unwritten,
            complete=summary.complete,
            verdict=summary.verdict,
            exit_code=exit_code,
        )


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`recording`: the version of the layout; `onlooker`: the program's version; `id`: random, never used twice;
    `start`: when the watching began, RFC 3339 in UTC, and until then when the recorder did; `command`: its words;
    `settings`: what was asked for, as arguments of `Monitor`, and options of the recorder; `redacted`: the rules by
    which secrets were taken out; `rotated`: how many of the oldest events were removed; `end`: None while it is being
    written, and for ever where the recorder was killed.
    """

    recording: int
    onlooker: str
    id: str
    start: str
    host: str
    kernel: str
    machine: str
    boot_id: str = ""
    command: tuple[str, ...] | None = None
    directory: str | None = None
    settings: dict[str, Any] = {}
    redacted: tuple[str, ...] = ()
    rotated: Count = 0
    end: End | None = None

    @classmethod
    def new(
        cls,
        *,
        start: str,
        command: Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        redacted: tuple[str, ...] = (),
    ) -> "Manifest":
        """Of this machine, now."""
        system = os.uname()
        directory = None
        with suppress(OSError):
            directory = _shown(str(Path.cwd())) if command else None
        return cls(
            recording=LAYOUT_VERSION,
            onlooker=__version__,
            id=os.urandom(16).hex(),
            start=start,
            host=system.nodename,
            kernel=system.release,
            machine=system.machine,
            boot_id=boot_id(),
            command=None if command is None else tuple(map(_shown, command)),
            directory=directory,
            settings=_printable(settings or {}),
            redacted=redacted,
        )

    def write(self, directory: Path) -> None:
        """In place of what is there, all or nothing, also after a loss of power. Raises OSError."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
        write_whole(directory / FILE_NAME, text)

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Raises OSError, and msgspec.ValidationError, msgspec.DecodeError or ValueError for what is none."""
        return decoded(text_of(directory), cls)


def text_of(directory: Path) -> bytes:
    """What `recording.json` has. Raises OSError, and ValueError for what it can't be."""
    # without O_NONBLOCK a FIFO keeps who opens it waiting
    with os.fdopen(os.open(directory / FILE_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES} bytes")
    return text


def decoded(text: bytes, into: type[Decoded]) -> Decoded:
    """Raises msgspec.MsgspecError, and ValueError."""
    try:
        return msgspec.json.decode(text, type=into)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step, and see that it lasts. Only its owner may read it. Raises OSError."""
    temporary = path.with_name(f"{path.name}.tmp")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(descriptor)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """The names in a directory last. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return _shown(value)
    if isinstance(value, dict):
        return {name: _printable(each) for name, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list | tuple) else value


def _shown(text: str) -> str:
    """JSON is UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def boot_id() -> str:
    """Of this machine, since it was started; "" where it says none."""
    with suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return ""


def now() -> str:
    """The time, in RFC 3339 and UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def time_of(wall_ns: int, *, is_end: bool = False) -> str:
    """RFC 3339 of nanoseconds since 1970. A beginning is rounded down and an end up, so that all is between them.

    >>> time_of(1_500_000_001), time_of(1_500_000_001, is_end=True)
    ('1970-01-01T00:00:01.500000Z', '1970-01-01T00:00:01.500001Z')
    """
    seconds, microseconds = divmod(-(-wall_ns // 1000) if is_end else wall_ns // 1000, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{microseconds:06}Z"


def wall_ns(time: str) -> int | None:
    """Nanoseconds since 1970, of RFC 3339 with microseconds; None for what is no time, or too far for 64 bits.

    >>> wall_ns("1970-01-01T00:00:01.500000Z"), wall_ns("yesterday")
    (1500000000, None)
    """
    try:
        moment = datetime.fromisoformat(time)
        found = int(moment.replace(microsecond=0).timestamp()) * _BILLION + moment.microsecond * 1000
        return found if -_MOST_NS <= found <= _MOST_NS else None
    except (ValueError, OverflowError, OSError):  # a damaged description may say anything
        return None
