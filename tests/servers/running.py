"""Servers that a test starts, ends and starts again, each on a port of its own on the loopback device."""

import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

START_SECONDS = 20.0
UNPACKED = Path(__file__).parents[2] / "build/prometheus/usr/bin"
KEYS = ("tests", "a-secret-of-tests")  # of the user of S3


def free_port() -> int:
    """One that nobody has, by chance, below those that connections get (ip_local_port_range, ip(7)): one of these would
    be taken now and then before the server starts.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as made, suppress(OSError):
            made.bind(("127.0.0.1", port))
            return port


def program(name: str) -> str:
    """Its path: of a package beside this Python, unpacked by tools/system-packages.sh, or of the system."""
    places = (Path(sys.executable).parent / name, UNPACKED / name)
    found = next((str(path) for path in places if path.exists()), None) or shutil.which(name)
    assert found, f"{name} is not installed"
    return found


class Server:
    """A process that listens. `log` has what it says."""

    def __init__(self, words: list[str], port: int, log: Path, **options: int) -> None:
        self.port = port
        self.options = options  # other ports
        self.log = log
        self._words, self._own = words, len(words)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, *words: str) -> None:
        """What it is started with the next time, besides."""
        self._words = [*self._words[: self._own], *words]

    def start(self) -> Self:
        """Until it takes connections."""
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(self._words, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        wait_for(self._listens, START_SECONDS, lambda: self.log.read_text(errors="replace")[-2000:])
        return self

    def kill(self) -> None:
        """As a machine that fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In good order."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """It answers nothing any more, and its connections stay."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After a pause."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.kill()

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(START_SECONDS)

    def _listens(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        with socket.socket() as made:
            made.settimeout(1)
            return made.connect_ex(("127.0.0.1", self.port)) == 0


def wait_for(is_so: Callable[[], object], seconds: float, say: Callable[[], object] = lambda: "") -> None:
    """Look again and again; fails with what `say` gives."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, say()
        time.sleep(0.02)


def nats_server(directory: Path, *options: str) -> Server:
    """With JetStream, which keeps its streams below the directory."""
    port = free_port()
    words = [program("nats-server"), "-js", "-sd", str(directory / "jetstream"), "-a", "127.0.0.1", "-p", str(port)]
    return Server([*words, *options], port, directory / "nats.log")


def s3_server(directory: Path) -> Server:
    """SeaweedFS, which speaks S3 and is an Iceberg catalogue; with one user, `KEYS`. `options` says how to reach it."""
    ports = [free_port() for _ in range(9)]
    users = {"name": "tests", "credentials": [{"accessKey": KEYS[0], "secretKey": KEYS[1]}], "actions": ["Admin"]}
    (directory / "s3.json").write_text(json.dumps({"identities": [users]}))
    (directory / "volumes").mkdir()
    words = [program("weed"), "-logtostderr", "server", f"-dir={directory / 'volumes'}", "-ip=127.0.0.1"]
    words += ["-ip.bind=127.0.0.1", "-s3", f"-s3.config={directory / 's3.json'}", "-master.volumeSizeLimitMB=64"]
    names = ("s3", "master", "volume", "filer")
    words += [f"-{name}.port={port}" for name, port in zip(names, ports, strict=False)]
    words += [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[4:], strict=False)]
    words += [f"-s3.port.iceberg={ports[8]}", "-s3.port.lance=0", "-volume.max=50"]
    others = {
        "iceberg": ports[8],
        "master": ports[1],
        "filer": ports[3],
        "master_grpc": ports[5],
        "filer_grpc": ports[7],
    }
    return Server(words, ports[0], directory / "weed.log", **others)


def make_tables(server: Server) -> None:
    """The bucket "tables", in which the catalogue keeps tables."""
    at = {name: f"127.0.0.1:{server.options[name]}.{server.options[f'{name}_grpc']}" for name in ("master", "filer")}
    words = [program("weed"), "shell", f"-master={at['master']}", f"-filer={at['filer']}"]
    asked = b"s3tables.bucket -create -name tables -account tests\n"

    def is_made() -> bool:
        said = subprocess.run(words, input=asked, capture_output=True, check=False).stdout
        return b"ARN:" in said or b"exist" in said

    wait_for(is_made, 30)
