"""A lake as an Iceberg table, which Spark, Trino, ClickHouse and others read and write by its catalogue.

Which messages are in it is a property of the table, `onlooker.state`: it changes in the same commit that appends their
events. The catalogue takes a commit only where nobody else committed since it was begun, so each message is there once.
"""

import base64
import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ..errors import PROGRAM, ExtraError, OnlookerError, UsageError
from ..recordings.database import connect
from ..sinks.message import compressed, decompressed
from .aside import POISON
from .columns import iceberg_select
from .compact import LEAST_FILES
from .hints import ICEBERG_EXAMPLE, iceberg_hint
from .iceberg_commit import looked_for
from .objects import Object
from .parts import Held, parts
from .rows import no_rows
from .state import Commit, State, batches_of
from .store import RETRIES, LakeError, credentials_of, for_queries, options_of, reason
from .unpacking import PLANS, Unpacking
from .writer import CLEAN_SECONDS, MEMORY, database_errors, selected_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from .iceberg_merge import Merger

STATE = "onlooker.state"
_PLAN = "onlooker.plan."
_OWN_COLUMNS = {"host", "boot_id", "run", "seq", "event", "date"}
ROLL_BACK = "another program has changed it; set it to what it was in an older version of the table's metadata"
_ASIDE = "_aside"
_RETRIES = "commit.retry.num-retries"
_MOST_TRIES = 200
_OPTIONS = ("warehouse", "endpoint", "region", "credentials", "profile", "login", "token", "oauth")


class Catalogue:
    """Of iceberg+http://HOST:PORT/NAMESPACE.TABLE: `table` is loaded anew by `refresh`."""

    def __init__(self, lake: str, *, is_query: bool = False) -> None:
        """`is_query`: it waits for a server as long as who asks it does. Raises UsageError and ExtraError; nothing is
        reached yet.
        """
        self.root, self.name, self._properties, self.s3 = _target(lake)
        self._is_query = is_query
        if is_query:
            self.s3 = for_queries(self.s3)
        try:
            import pyiceberg.catalog  # noqa: F401 - whether it is there
        except ImportError:
            raise ExtraError("an Iceberg table", "pyiceberg", "iceberg") from None
        self._catalog: Any = None
        self.table: Any = None

    def refresh(self, *, is_new: bool = False) -> State:
        """What the table says of itself; `is_new`: made where it is missing. Raises LakeError."""
        with told(f"read the table {self.name} of {self.root}"):
            if self.table is None:
                self.table = self._load(is_new=is_new)
            else:
                self.table.refresh()
            text = self.table.properties.get(STATE)
            # the library would commit again what was made of an older state; here only, other engines want it
            self.table.metadata.properties[_RETRIES] = "0"
        try:
            return msgspec.msgpack.decode(decompressed(base64.b64decode(text)), type=State) if text else State()
        except (msgspec.MsgspecError, ValueError) as error:
            raise LakeError(f"the property {STATE} of {self.name} makes no sense: {error}", ROLL_BACK) from error

    def aside(self, *, is_new: bool = False) -> Any:
        """The table of what makes no sense; None where there is none."""
        import pyarrow
        from pyiceberg.exceptions import NoSuchTableError

        with told(f"read the table {self.name}{_ASIDE} of {self.root}"):
            try:
                return self._catalogue().load_table(f"{self.name}{_ASIDE}")
            except NoSuchTableError:
                if not is_new:
                    return None
                schema = pyarrow.schema([("name", pyarrow.string()), ("message", pyarrow.binary())])
                return self._catalogue().create_table_if_not_exists(f"{self.name}{_ASIDE}", schema=schema)

    def aside_names(self) -> Sequence[str]:
        """Of what makes no sense, as objects are called in other lakes. Raises LakeError."""
        found = self.aside()
        if found is None:
            return []
        with told(f"read the table {self.name}{_ASIDE} of {self.root}"):
            names = found.scan(selected_fields=("name",)).to_arrow()["name"].to_pylist()
        return sorted({f"{POISON}/{name}" for name in names})

    def aside_data(self, name: str) -> bytes | None:
        """What makes no sense and has that name; None where there is none. Raises LakeError."""
        found = self.aside()
        if found is None:
            return None
        with told(f"read the table {self.name}{_ASIDE} of {self.root}"):
            return next(iter(found.scan(_named(name)).to_arrow()["message"].to_pylist()), None)

    def tasks(self, row_filter: Any = None) -> list[Any]:
        """What is to be read: the files of the table, with what was deleted of their rows. Raises LakeError."""
        with told(f"read the table {self.name} of {self.root}"):
            scan = self.table.scan() if row_filter is None else self.table.scan(row_filter)
            return list(scan.plan_files())

    def _catalogue(self) -> Any:
        if self._catalog is None:
            from pyiceberg.catalog import load_catalog

            # what it warns of, such as an old file that another one has removed, is nobody's loss
            logging.getLogger("pyiceberg").addHandler(logging.NullHandler())
            properties = {"type": "rest", **self._properties}
            load: Any = load_catalog
            if self._is_query:
                from .iceberg_session import load_impatient

                load = load_impatient
            self._catalog = looked_for(load("onlooker", **properties))
        return self._catalog

    def _load(self, *, is_new: bool) -> Any:
        from pyiceberg.exceptions import NoSuchTableError

        catalog = self._catalogue()
        if not is_new:
            try:
                return self._checked(catalog.load_table(self.name))
            except NoSuchTableError as error:
                if warehouse := self._properties.get("warehouse"):
                    where = f"{self.root}, warehouse {warehouse}"
                else:
                    where = self.root
                hint = f"{PROGRAM} collect nats://localhost/onlooker --lake '{ICEBERG_EXAMPLE}'"
                raise UsageError(f"there is no table {self.name} in {where}", hint) from error
        catalog.create_namespace_if_not_exists(self.name.rpartition(".")[0])
        table = self._checked(catalog.create_table_if_not_exists(self.name, schema=_schema(), properties=_FORMAT))
        if not table.spec().fields and table.current_snapshot() is None:
            with table.update_spec() as update:
                update.add_identity("date")
                update.add_identity("host")
        if {each.name for each in _schema()} - {each.name for each in table.schema().fields}:
            with table.update_schema() as update:
                update.union_by_name(_schema())
        return table

    def _checked(self, table: Any) -> Any:
        """Raises UsageError for a table that is somebody else's: it would get all our columns."""
        if missing := sorted(_OWN_COLUMNS - {each.name for each in table.schema().fields}):
            made = f"{self.name.rpartition('.')[0]}.onlooker"
            raise UsageError(
                f"the table {self.name} of {self.root} is none of onlooker: it has no column {', '.join(missing)}",
                f"name one that is not there yet, as {made}, and it is made",
            )
        return table


class IcebergWriter(Unpacking):
    """Appends to the table. One thread uses it."""

    def __init__(self, lake: str, *, is_new: bool = True) -> None:
        """`is_new`: makes the table where it is missing. Raises LakeError, UsageError and ExtraError."""
        self._catalogue = Catalogue(lake)
        super().__init__(_Properties(self._catalogue))
        self._connection: DuckDBPyConnection = connect("a lake", threads=2, memory=MEMORY)
        self._catalogue.refresh(is_new=is_new)
        self._merger: Merger | None = None
        # that several which start at once don't merge the same
        self._commits = random.randrange(LEAST_FILES)  # noqa: S311 - since it was looked what to merge
        self._files = 0  # that were written since then
        self._expire_at = time.monotonic() + random.uniform(0, CLEAN_SECONDS)  # noqa: S311

    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the table yet, which are returned. Raises LakeError."""
        from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException

        fresh: list[Held] = []
        rows: Any = None
        is_unknown = False  # whether the last commit succeeded
        for tries in range(_MOST_TRIES):
            state = self._catalogue.refresh()
            wanted = state.fresh(held)
            if not wanted:
                return fresh if is_unknown else []
            if wanted != fresh:
                fresh, rows = wanted, self._rows(wanted)
            state.apply(Commit(batches=batches_of(fresh)), state.number + 1)
            try:
                with told(f"write the table {self._catalogue.name}"), self._catalogue.table.transaction() as change:
                    change.append(rows)  # also where there are none: only a snapshot is compared with the last one
                    change.set_properties({STATE: _packed(state)})
                return fresh
            except LakeError as error:
                if not isinstance(error.__cause__, CommitFailedException | CommitStateUnknownException):
                    raise
                is_unknown = isinstance(error.__cause__, CommitStateUnknownException)
                time.sleep(min(1.0, 0.02 * tries))
        raise LakeError(f"others were faster {_MOST_TRIES} times", "commit less often: a larger --every")

    def tidy(self) -> None:
        """Now and then merge the small files of days and hosts, where there are many, and let go of old snapshots.
        Raises LakeError.
        """
        from .iceberg_merge import Merger

        self._merger = self._merger or Merger(self._catalogue)
        self._commits += 1
        if self._commits >= LEAST_FILES:  # to look means to read what lists the files
            most, self._commits, self._files = 1 + self._files // LEAST_FILES, 0, 0
            self._merger.run(most=most)
        if time.monotonic() >= self._expire_at:
            self._expire_at = time.monotonic() + CLEAN_SECONDS
            self._merger.expire()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _rows(self, held: Sequence[Held]) -> Any:
        """As Arrow."""
        import pyarrow

        found = []
        for part in parts(held):
            with database_errors("make rows for the table"), selected_of(self._connection, part) as select:
                made = self._connection.sql(iceberg_select(select, part.date)).to_arrow_table()
                found.append(made.cast(_schema()))
        self._files += len(found)
        return pyarrow.concat_tables(found) if found else _schema().empty_table()


class _Properties:
    """Plans are properties of the table, and what makes no sense is in a table beside it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def get(self, name: str) -> bytes | None:
        """None where there is none."""
        if name.startswith(POISON):
            return self._catalogue.aside_data(name)
        self._catalogue.refresh()
        text = self._catalogue.table.properties.get(_key(name))
        return decompressed(base64.b64decode(text)) if text else None

    def put(self, name: str, data: bytes) -> None:
        """Where it is not there yet: a plan never changes."""
        if self.get(name) is not None:
            return
        text = base64.b64encode(compressed(data)).decode()
        with told(f"write the table {self._catalogue.name}"), self._catalogue.table.transaction() as change:
            change.set_properties({_key(name): text})

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""
        import pyarrow

        aside = self._catalogue.aside(is_new=True)
        if self._catalogue.aside_data(name) is not None:
            return False
        name = name.removeprefix(f"{POISON}/")
        with told(f"write the table {self._catalogue.name}{_ASIDE}"):
            aside.append(pyarrow.table({"name": [name], "message": [data]}, schema=aside.schema().as_arrow()))
        return True

    def list(self, prefix: str) -> Iterator[Object]:
        """Of what makes no sense: there are no others to be listed."""
        for name in self._catalogue.aside_names():
            yield Object(name, 0, 0.0)

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there."""
        for name in names:
            if aside := self._catalogue.aside():
                with told(f"write the table {self._catalogue.name}{_ASIDE}"):
                    aside.delete(_named(name))


def _named(name: str) -> Any:
    from pyiceberg import expressions

    equal_to: Any = expressions.EqualTo
    return equal_to("name", name.removeprefix(f"{POISON}/"))


_FORMAT = {"write.parquet.compression-codec": "zstd", "write.metadata.delete-after-commit.enabled": "true"}
_FORMAT |= {"write.metadata.previous-versions-max": "20", "commit.manifest-merge.enabled": "true"}
# a commit every ten seconds is 360 snapshots an hour, of a kilobyte in what each commit writes anew
_FORMAT |= {"history.expire.max-snapshot-age-ms": str(3600 * 1000)}


def _schema() -> Any:
    """The columns, as pyarrow has them. DuckDB says which types they are."""
    with connect("a lake") as database:
        return database.sql(iceberg_select(no_rows(), "1970-01-01")).to_arrow_table().schema


def _key(name: str) -> str:
    return _PLAN + name.removeprefix(f"{PLANS}/").removesuffix(".json")


def _packed(state: State) -> str:
    return base64.b64encode(compressed(msgspec.msgpack.encode(state))).decode()


@contextmanager
def told(what: str) -> Iterator[None]:
    """What goes wrong in the library, as a LakeError that says what could not be done."""
    from pyarrow import ArrowException
    from pyiceberg.exceptions import RESTError, ValidationError  # both have all the library's own below them
    from requests import RequestException

    known = _errors()
    try:
        yield
    except OnlookerError:
        raise
    except (*known, RESTError, ValidationError, RequestException, ArrowException, OSError, ValueError) as error:
        why = reason(error)
        raise LakeError(f"can't {what}: {why}", iceberg_hint(f"{why} {type(error).__name__}")) from error


def _errors() -> tuple[type[Exception], ...]:
    """All errors of the library: they have no common base."""
    from pyiceberg import exceptions

    found = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
    return tuple(found)


def _target(lake: str) -> tuple[str, str, dict[str, str], dict[str, Any]]:
    """The catalogue, the table, what pyiceberg is told, and what obstore is told. Raises UsageError."""
    parts_ = urlsplit(lake)
    given = options_of(lake, _OPTIONS)
    name = parts_.path.strip("/")
    if not parts_.netloc or "@" in parts_.netloc or "." not in name.strip("."):
        raise UsageError(f"no catalogue and table are named: {lake!r:.100}", ICEBERG_EXAMPLE)
    uri = f"{parts_.scheme.partition('+')[2]}://{parts_.netloc}"
    properties = {"uri": uri}
    if "warehouse" in given:
        properties["warehouse"] = given["warehouse"]
    for option, key in (("login", "credential"), ("token", "token")):
        if option in given:
            properties[key] = _text(given[option], option)
            properties["oauth2-server-uri"] = given.get("oauth", f"{uri}/v1/oauth/tokens")
    s3, client = credentials_of(given)
    for key, own in (("endpoint", "s3.endpoint"), ("region", "s3.region"), ("session_token", "s3.session-token"),
                     ("access_key_id", "s3.access-key-id"), ("secret_access_key", "s3.secret-access-key")):  # fmt: skip
        if key in s3:
            properties[own] = s3[key]
    return uri, name, properties, {"config": s3, "client_options": client, "retry_config": RETRIES}


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"can't read the {option} from {path!r}: {why}", f"{option}=FILE, with ID:SECRET") from error
