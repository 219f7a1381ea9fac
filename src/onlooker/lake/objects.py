"""What a lake is kept in: objects by name, which are written as a whole."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..errors import OnlookerError

SCRATCH = "_onlooker/scratch"
EVENTS = "events"  # below it are the files
_HINT = "see that it can be reached, and try again"


class LakeError(OnlookerError):
    """The lake can't be read or written now."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or _HINT


class Object(NamedTuple):
    """Its name, how many bytes it has, and when it was written, in seconds since 1970."""

    name: str
    bytes: int
    written: float


class Store(Protocol):
    """A directory or bucket. All raise LakeError. `options`: of a bucket, for whoever else reads it."""

    root: str
    options: dict[str, Any]

    @property
    def directory(self) -> Path | None:
        """Where the files are; None for a bucket."""

    def get(self, name: str) -> bytes | None:
        """None where there is no such object."""

    def put(self, name: str, data: bytes | Path) -> None:
        """Write it, or write over it: all or nothing, and it lasts."""

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new. Of two that do it at once, one succeeds."""

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """All below the prefix, in no order; `after`: only names behind this one."""

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there."""

    def now(self) -> float:
        """By the clock that says when objects were written, in seconds since 1970."""
