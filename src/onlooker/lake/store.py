"""Objects by name: files below a directory, or in a bucket of S3. Reading and writing them is obstore's."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

from ..errors import PROGRAM, ExtraError, OnlookerError, UsageError

S3 = "s3"
ICEBERG = ("iceberg+http", "iceberg+https")
_LONGEST_REASON = 200
_OPTIONS = ("endpoint", "region", "credentials", "profile", "ca")
_KEYS = {"aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key"}
_KEYS |= {"aws_session_token": "session_token"}


class LakeError(OnlookerError):
    """The lake can't be read or written now."""

    hint = "see that it can be reached: for S3, AWS_ENDPOINT_URL, AWS_REGION and the keys must be right"


class Object(NamedTuple):
    """Its name, how many bytes it has, and when it was written, in seconds since 1970."""

    name: str
    bytes: int
    written: float


class Store(Protocol):
    """A directory or bucket. All raise LakeError."""

    root: str

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


class ObjectStore:
    """By obstore. `root` is what DuckDB takes as the name of it."""

    def __init__(
        self, store: Any, root: str, directory: Path | None = None, options: dict[str, Any] | None = None
    ) -> None:
        from obstore import exceptions

        self.root = root
        self.directory = directory
        self.options = options or {}  # of S3, for whoever else reads it
        self.store = store
        self._missing = (exceptions.NotFoundError, FileNotFoundError)
        self._errors = (exceptions.BaseError, OSError)
        self._exists = exceptions.AlreadyExistsError, exceptions.PreconditionError

    def get(self, name: str) -> bytes | None:
        """None where there is no such object."""
        import obstore

        try:
            return bytes(obstore.get(self.store, name).bytes())
        except self._missing:
            return None
        except self._errors as error:
            raise self._failed("read", name, error) from error

    def put(self, name: str, data: bytes | Path) -> None:
        """Write it, or write over it."""
        import obstore

        try:
            obstore.put(self.store, name, data)
            self._sync(name)
        except self._errors as error:
            raise self._failed("write", name, error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""
        import obstore

        try:
            obstore.put(self.store, name, data, mode="create", use_multipart=False)
            self._sync(name)
        except self._exists:
            return False
        except self._errors as error:
            raise self._failed("write", name, error) from error
        return True

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """All below the prefix."""
        import obstore

        try:
            for some in obstore.list(self.store, prefix, offset=after or None):
                for each in some:
                    yield Object(each["path"], each["size"], each["last_modified"].timestamp())
        except self._missing:
            return
        except self._errors as error:
            raise self._failed("list", prefix, error) from error

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there."""
        import obstore

        try:
            if names:
                with suppress(*self._missing):
                    obstore.delete(self.store, names)
        except self._errors as error:
            raise self._failed("remove", names[0], error) from error

    def _sync(self, name: str) -> None:
        """What was written to a directory lasts, also after a loss of power; S3 sees to that itself."""
        if self.directory is None:
            return
        path = self.directory / name
        for each, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
            descriptor = os.open(each, flags | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _failed(self, what: str, name: str, error: BaseException) -> LakeError:
        return LakeError(f"can't {what} {name!r} of the lake {self.root}: {reason(error)}")


def reason(error: BaseException) -> str:
    """What the server says, or where it is not reached, the system."""
    text = str(error)
    said = [found[1] for name in ("Code", "Message") if (found := re.search(f"<{name}>([^<]*)</{name}>", text))]
    if said:
        return ": ".join(said)[:_LONGEST_REASON]
    first = next((line for line in text.splitlines() if line), type(error).__name__)
    return first.rpartition(" - ")[2][:_LONGEST_REASON]


def is_url(lake: str) -> bool:
    """Whether it is a bucket, and no directory."""
    return lake.startswith(f"{S3}://")


def store_of(lake: str, *, is_new: bool = False) -> ObjectStore:
    """Of s3://BUCKET/PREFIX?endpoint=URL&region=NAME&credentials=FILE, or a directory, which `is_new` makes where it is
    missing. What a URL does not say is in the usual variables: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and so
    on, or AWS_SHARED_CREDENTIALS_FILE. Raises UsageError, ExtraError and LakeError.
    """
    try:
        from obstore.store import LocalStore, S3Store
    except ImportError:
        raise ExtraError("a lake", "obstore", "lake") from None
    if not is_url(lake):
        directory = Path(lake)
        if not is_new and not directory.is_dir():
            raise UsageError(f"there is no lake {lake!r}", f"{PROGRAM} collect nats://localhost/onlooker --lake {lake}")
        try:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"can't make the lake {lake!r}: {error.strerror}", "choose another: --lake DIR") from error
        return ObjectStore(LocalStore(directory.resolve()), str(directory), directory.resolve())
    bucket, prefix, config = _s3(lake)
    try:
        options = {"config": config, "client_options": {"allow_http": True}}
        made = S3Store(bucket, prefix=prefix or None, **options)
    except Exception as error:
        raise UsageError(f"not a lake: {lake!r:.100}: {error!s:.100}", "s3://BUCKET/PREFIX?endpoint=URL") from error
    return ObjectStore(made, f"{S3}://{bucket}{f'/{prefix}' if prefix else ''}", options=options)


def _s3(lake: str) -> tuple[str, str, Any]:
    """The bucket, the prefix, and what obstore is told."""
    parts = urlsplit(lake)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in given:
        if name not in _OPTIONS:
            error = UsageError.unknown("option", name, _OPTIONS)
            raise UsageError(f"{lake!r:.100}: {error}", error.hint)
    if not parts.netloc or "@" in parts.netloc:
        raise UsageError(
            f"no bucket is named: {lake!r:.100}", "s3://BUCKET/PREFIX; keys are in a file: ?credentials=FILE"
        )
    return parts.netloc, parts.path.strip("/"), credentials_of(given)[0]


def credentials_of(given: Mapping[str, str]) -> tuple[Any, dict[str, Any]]:
    """How S3 is reached, by options and variables, as obstore takes it. Raises UsageError."""
    environ = os.environ
    config: dict[str, Any] = {"virtual_hosted_style_request": False}
    if endpoint := given.get("endpoint") or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"):
        config["endpoint"] = endpoint
    region = given.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    config["region"] = region or "us-east-1"
    if path := given.get("credentials") or environ.get("AWS_SHARED_CREDENTIALS_FILE"):
        config |= _credentials(path, given.get("profile") or environ.get("AWS_PROFILE") or "default")
    return config, {"allow_http": True}


def _credentials(path: str, profile: str) -> dict[str, str]:
    """Of a file such as ~/.aws/credentials. Raises UsageError."""
    parser = ConfigParser(interpolation=None)
    try:
        with Path(path).open(encoding="utf-8") as file:
            parser.read_file(file)
        return {_KEYS[key]: value for key, value in parser[profile].items() if key in _KEYS}
    except (OSError, Error, KeyError, UnicodeDecodeError) as error:
        hint = f"it holds [{profile}], aws_access_key_id = ID and aws_secret_access_key = KEY"
        raise UsageError(f"can't read credentials from {path!r}: {error}", hint) from error
