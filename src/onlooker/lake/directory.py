"""Objects as files below a directory. What is written lasts, also after a loss of power, before anybody can see it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..recordings.manifest import sync_directory
from .hints import directory_hint, reason
from .objects import SCRATCH, LakeError, Object

_OLD_SECONDS = 86_400.0  # of what a writer left that was killed


class DirectoryStore:
    """All raise LakeError."""

    def __init__(self, directory: Path) -> None:
        self.root = str(directory)
        self.directory: Path = directory.resolve()
        self.options: dict[str, Any] = {}

    def get(self, name: str) -> bytes | None:
        """None where there is no such object."""
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", name, error) from error

    def put(self, name: str, data: bytes | Path) -> None:
        """Write it, or write over it."""
        try:
            made = self._write(data)
            try:
                made.replace(self._path(name))
            finally:
                made.unlink(missing_ok=True)
            sync_directory(self._path(name).parent)
        except OSError as error:
            raise self._failed("write", name, error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""
        try:
            made = self._write(data)
            try:
                os.link(made, self._path(name))
            except FileExistsError:
                return False
            finally:
                made.unlink(missing_ok=True)
            sync_directory(self._path(name).parent)
        except OSError as error:
            raise self._failed("write", name, error) from error
        return True

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """All below the prefix."""
        for parent, _, names in os.walk(self.directory / prefix):
            for each in names:
                path = Path(parent) / each
                name = path.relative_to(self.directory).as_posix()
                if name <= after:
                    continue
                with suppress(FileNotFoundError):  # it has just gone
                    found = path.stat()
                    yield Object(name, found.st_size, found.st_mtime)

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there."""
        for name in names:
            try:
                (self.directory / name).unlink(missing_ok=True)
            except OSError as error:
                raise self._failed("remove", name, error) from error

    def now(self) -> float:
        """By the file system's clock; and what writers left here that were killed goes."""
        name = f"{SCRATCH}/{os.urandom(8).hex()}"
        self.put(name, b"")
        try:
            now = (self.directory / name).stat().st_mtime
        except OSError as error:
            raise self._failed("read", name, error) from error
        self.delete([name, *(each.name for each in self.list(SCRATCH) if now - each.written > _OLD_SECONDS)])
        return now

    def _write(self, data: bytes | Path) -> Path:
        """A file that lasts, and has no name yet that counts."""
        scratch = self.directory / SCRATCH
        self._make(scratch)
        made = scratch / f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with open(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640), "wb") as file:  # noqa: PTH123
                file.write(data.read_bytes() if isinstance(data, Path) else data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        return made

    def _path(self, name: str) -> Path:
        """Where it is to be; the directory is there then."""
        path = self.directory / name
        self._make(path.parent)
        return path

    def _make(self, directory: Path) -> None:
        """And each that is missing above it, so that it lasts."""
        if directory.is_dir():
            return
        self._make(directory.parent)
        with suppress(FileExistsError):
            directory.mkdir(mode=0o750)
        sync_directory(directory.parent)

    def _failed(self, what: str, name: str, error: OSError) -> LakeError:
        why = error.strerror or reason(error)
        return LakeError(f"can't {what} {name!r} of the lake {self.root}: {why}", directory_hint(self.root))
