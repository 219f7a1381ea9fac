"""The servers of one test each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import Server, nats_server


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    """NATS with JetStream."""
    with nats_server(tmp_path) as server:
        yield server
