"""The collector with the rights and system calls of its unit."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .agents import AS_UNIT, ROOT, Manager, package_for_all
from .running import Server, wait_for
from .sending import batches, rows, sink_to

UNIT = ROOT / "packaging/systemd/onlooker-collect.service"
NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_an_ordinary_user_collects(nats: Server) -> None:
    """It says to the service manager that it is ready and ends well; the lake is that user's, and whole."""
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    manager = Manager()
    with tempfile.TemporaryDirectory(prefix="onlooker-") as made:
        directory = Path(made)
        directory.chmod(0o755)
        lake = directory / "lake"
        lake.mkdir()
        os.chown(lake, NOBODY, NOBODY)
        with sink_to(url) as sink:
            for batch in batches(23):
                sink.write(batch)
        words = [sys.executable, str(AS_UNIT), str(UNIT), "collect", url, "--lake", str(lake), "--every", "300ms"]
        env = {**os.environ, **package_for_all(directory), "NOTIFY_SOCKET": manager.address}
        log = directory / "log"
        with log.open("wb") as file:
            collector = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=env)
        try:
            wait_for(lambda: "READY=1" in manager.lines() or collector.poll() is not None, 30, log.read_text)
            assert collector.poll() is None, log.read_text()
            status = Path(f"/proc/{collector.pid}/status").read_text()
            assert f"Uid:\t{NOBODY}\t" in status and "CapBnd:\t0000000000000000\n" in status
            wait_for(lambda: [*lake.rglob("*.parquet")] and rows(lake) == [(2300, 2300, 2300)], 30, log.read_text)
        finally:
            collector.send_signal(signal.SIGTERM)
            code = collector.wait(60)
            manager.close()
        assert code == 0, log.read_text()
        assert {path.stat().st_uid for path in lake.rglob("*.parquet")} == {NOBODY}
