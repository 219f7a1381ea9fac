"""Objects by name: files below a directory, or in a bucket of S3. Reading and writing them is obstore's."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import PROGRAM, ExtraError, UsageError
from .directory import DirectoryStore
from .hints import reason as reason
from .hints import s3_hint
from .objects import EVENTS as EVENTS
from .objects import SCRATCH, Object
from .objects import LakeError as LakeError
from .objects import Store as Store

S3 = "s3"
ICEBERG = ("iceberg+http", "iceberg+https")
# a request may take a minute, where much is sent; then it is tried again for half a minute
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
CONNECT_SECONDS = 5
READ_SECONDS = 30  # for which a query waits for the next byte; an object may take longer
_OPTIONS = ("endpoint", "region", "credentials", "profile")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_ENDPOINT = re.compile(r"https?://([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9_./~-]*)?")
_REGION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_PLAIN = re.compile(r"[!-~]+")  # of a key
_KEYS = {"aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key"}
_KEYS |= {"aws_session_token": "session_token"}


class ObjectStore:
    """In a bucket, by obstore. `root` is what DuckDB takes as the name of it."""

    directory: Path | None = None

    def __init__(self, store: Any, root: str, options: dict[str, Any] | None = None) -> None:
        from obstore import exceptions

        self.root = root
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
        except self._errors as error:
            raise self._failed("write", name, error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""
        import obstore

        try:
            obstore.put(self.store, name, data, mode="create", use_multipart=False)
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

    def now(self) -> float:
        """By the clock that says when objects were written."""
        import obstore

        name = f"{SCRATCH}/{os.urandom(8).hex()}"
        self.put(name, b"")
        try:
            return float(obstore.head(self.store, name)["last_modified"].timestamp())
        except self._errors as error:
            raise self._failed("read", name, error) from error
        finally:
            self.delete([name])

    def _failed(self, what: str, name: str, error: BaseException) -> LakeError:
        said = reason(error)
        return LakeError(f"can't {what} {name!r} of the lake {self.root}: {said}", s3_hint(self.root, said))


def check_conditional(store: Store) -> None:
    """Of two that create the same object, one must fail, or commits are lost. Raises LakeError."""
    name = f"{SCRATCH}/{os.urandom(8).hex()}"
    first, second = store.create(name, b"1"), store.create(name, b"2")
    store.delete([name])
    if not first or second:
        hint = "use another server, or a directory: collectors would overwrite each other's commits"
        raise LakeError(f"{store.root} does not know If-None-Match", hint)


def is_url(lake: str) -> bool:
    """Whether it is a bucket, and no directory."""
    return lake.startswith(f"{S3}://")


def check_scheme(lake: str) -> None:
    """A mistyped URL must not become a directory. Raises UsageError."""
    found = _SCHEME.match(lake)
    if found is None or lake.partition("://")[0] in (S3, *ICEBERG):
        return
    hint = UsageError.unknown("scheme", found[1], (S3, *ICEBERG)).hint
    if found[1] in (S3, *ICEBERG):
        hint = f"two slashes: {found[1]}://"
    elif found[1] == "file":
        hint = "a directory is named without a scheme: /srv/lake"
    raise UsageError(f"no lake is known for the URL {lake!r:.100}", hint)


def for_queries(options: dict[str, Any]) -> dict[str, Any]:
    """What obstore is told, where somebody waits for the answer: it is not tried again what nobody answers."""
    client = {**options["client_options"], "timeout": "24h", "read_timeout": f"{READ_SECONDS}s"}
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=0.9 * READ_SECONDS)}
    return {**options, "client_options": client, "retry_config": retries}


def store_of(lake: str, *, is_new: bool = False, is_query: bool = False) -> Store:
    """Of s3://BUCKET/PREFIX?endpoint=URL&region=NAME&credentials=FILE, or a directory, which `is_new` makes where it is
    missing. What a URL does not say is in the usual variables: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and so
    on, or AWS_SHARED_CREDENTIALS_FILE. `is_query`: somebody waits for it.

    Raises UsageError, ExtraError and LakeError.
    """
    check_scheme(lake)
    if not is_url(lake):
        directory = Path(lake)
        if not is_new and not directory.is_dir():
            raise UsageError(f"there is no lake {lake!r}", f"{PROGRAM} collect nats://localhost/onlooker --lake {lake}")
        try:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"can't make the lake {lake!r}: {error.strerror}", "choose another: --lake DIR") from error
        return DirectoryStore(directory)
    try:
        from obstore.store import S3Store
    except ImportError:
        raise ExtraError("a lake in S3", "obstore", "lake") from None
    bucket, prefix, config, client = _s3(lake)
    options: dict[str, Any] = {"config": config, "client_options": client, "retry_config": RETRIES}
    options = for_queries(options) if is_query else options
    try:
        made = S3Store(bucket, prefix=prefix or None, **options)
    except Exception as error:
        raise UsageError(f"not a lake: {lake!r:.100}: {error!s:.100}", "s3://BUCKET/PREFIX?endpoint=URL") from error
    return ObjectStore(made, f"{S3}://{bucket}{f'/{prefix}' if prefix else ''}", options=options)


def _s3(lake: str) -> tuple[str, str, Any, dict[str, Any]]:
    """The bucket, the prefix, and what obstore is told."""
    parts = urlsplit(lake)
    given = options_of(lake, _OPTIONS)
    if not _BUCKET.fullmatch(parts.netloc):
        raise UsageError(
            f"no bucket is named: {lake!r:.100}", "s3://BUCKET/PREFIX; keys are in a file: ?credentials=FILE"
        )
    return parts.netloc, parts.path.strip("/"), *credentials_of(given)


def options_of(lake: str, known: Sequence[str]) -> dict[str, str]:
    """What stands behind `?` of a lake's URL. Raises UsageError where an option is not known."""
    given = dict(parse_qsl(urlsplit(lake).query, keep_blank_values=True))
    for name in given:
        if name not in known:
            error = UsageError.unknown("option", name, known)
            raise UsageError(f"{lake!r:.100}: {error}", error.hint)
    return given


def credentials_of(given: Mapping[str, str]) -> tuple[Any, dict[str, Any]]:
    """How S3 is reached, by options and variables, as obstore takes it. Raises UsageError."""
    environ = os.environ
    config: dict[str, Any] = {"virtual_hosted_style_request": False}
    if endpoint := given.get("endpoint") or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"):
        if not _ENDPOINT.fullmatch(endpoint):  # the library would end with a backtrace
            raise UsageError(
                f"not an endpoint of S3: {endpoint!r:.60}", "endpoint=http://HOST:PORT, or AWS_ENDPOINT_URL"
            )
        config["endpoint"] = endpoint
    region = given.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if not _REGION.fullmatch(region):
        raise UsageError(f"not a region of S3: {region!r:.60}", "region=eu-west-1, or AWS_REGION")
    config["region"] = region
    if path := given.get("credentials") or environ.get("AWS_SHARED_CREDENTIALS_FILE"):
        config |= _credentials(path, given.get("profile") or environ.get("AWS_PROFILE") or "default")
    return config, {"allow_http": True, "connect_timeout": f"{CONNECT_SECONDS}s", "timeout": "60s"}


def _credentials(path: str, profile: str) -> dict[str, str]:
    """Of a file such as ~/.aws/credentials. Raises UsageError."""
    parser = ConfigParser(interpolation=None)
    try:
        with Path(path).open(encoding="utf-8") as file:
            parser.read_file(file)
        found = {_KEYS[key]: value for key, value in parser[profile].items() if key in _KEYS}
        if not all(map(_PLAIN.fullmatch, found.values())):
            raise ValueError("a key has characters that no key has")
    except (OSError, Error, KeyError, ValueError) as error:  # the last is also what is not UTF-8
        why = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        if isinstance(error, KeyError):
            why = f"it has no [{profile}]"
        hint = f"it holds [{profile}], aws_access_key_id = ID and aws_secret_access_key = KEY"
        raise UsageError(f"can't read credentials from {path!r}: {why}", hint) from error
    return found
