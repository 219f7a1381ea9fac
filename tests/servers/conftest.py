"""The servers of one test each."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onlooker.lake.store import LakeError, store_of

from .running import KEYS, Server, nats_server, s3_server, wait_for


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that everybody may look into."""
    with tempfile.TemporaryDirectory(prefix="onlooker-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    """NATS with JetStream."""
    with nats_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """S3 with an empty bucket."""
    directory = tmp_path_factory.mktemp("s3")
    with s3_server(directory) as server:
        wait_for(lambda: has_bucket(server, directory), 30, lambda: server.log.read_text(errors="replace")[-2000:])
        yield server


def has_bucket(server: Server, directory: Path) -> bool:
    """Once it has room; the first object makes the bucket."""
    try:
        store_of(lake_in(server, directory, "first")).put("object", b"1")
    except LakeError:
        return False
    return True


def lake_in(server: Server, directory: Path, name: str) -> str:
    """The URL of a lake."""
    credentials = directory / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {KEYS[0]}\naws_secret_access_key = {KEYS[1]}\n")
    return f"s3://tests/{name}?endpoint=http://127.0.0.1:{server.port}&credentials={credentials}"


@pytest.fixture
def lake(s3: Server, tmp_path: Path) -> str:
    """A lake in S3 that is not there yet."""
    return lake_in(s3, tmp_path, tmp_path.name)
