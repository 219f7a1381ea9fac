"""Queries that have a name: those of the package, and those of the user, which count more."""

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import msgspec

from ..errors import UsageError

SUFFIX = ".sql"


class Named(msgspec.Struct, frozen=True):
    """`path` is where it is; empty for one of the package."""

    name: str
    sql: str
    path: str = ""

    @property
    def description(self) -> str:
        r"""The comment in its first line.

        >>> Named("odd", "-- odd process ids\nFROM processes").description
        'odd process ids'
        """
        first = self.sql.lstrip().partition("\n")[0]
        return first.removeprefix("--").strip() if first.startswith("--") else ""


def named(*, own: bool = True) -> dict[str, Named]:
    """All that there are, by name; without the user's `own`, those of the package. Raises UsageError for one that can't
    be read.
    """
    shipped = files(__package__).joinpath("named")
    found = {
        entry.name.removesuffix(SUFFIX): Named(entry.name.removesuffix(SUFFIX), entry.read_text("utf-8"))
        for entry in shipped.iterdir()
        if entry.name.endswith(SUFFIX)
    }
    for directory in user_directories() if own else ():
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            for path in sorted(directory.glob(f"*{SUFFIX}")):
                found[path.stem] = Named(path.stem, _read(path), str(path))
    return dict(sorted(found.items()))


def query_of(name: str) -> str:
    """The SQL of that name. Raises UsageError."""
    every = named()
    if name not in every:
        raise UsageError.unknown("named query", name, tuple(every))
    return every[name].sql


def user_directories() -> Iterator[Path]:
    """Where the user's own are; under sudo, first those of who called it."""
    caller = os.environ.get("SUDO_USER")
    if caller and os.geteuid() == 0:
        with suppress(KeyError):
            yield Path(pwd.getpwnam(caller).pw_dir) / ".config/onlooker/queries"
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    with suppress(RuntimeError):  # no home
        base = Path(configured) if configured.startswith("/") else Path.home() / ".config"
        yield base / "onlooker/queries"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{str(path)!r} is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
