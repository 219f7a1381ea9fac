"""An agent that a test runs, and what it tells its service manager."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onlooker

from .running import wait_for

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging/systemd/onlooker.service"
AS_UNIT = Path(__file__).with_name("as_unit.py")
PATIENCE_SECONDS = 30.0


class Manager:
    """As systemd's side of sd_notify(3). `told` has the messages."""

    def __init__(self) -> None:
        self.address = f"@onlooker-test-{secrets.token_hex(8)}"
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.address[1:])
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096):
            self.told.append(message.decode())

    def lines(self) -> list[str]:
        return [line for message in [*self.told] for line in message.split("\n")]

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
            made.sendto(b"", "\0" + self.address[1:])
        self._thread.join()
        self._socket.close()


class Agent:
    """One that runs. `said` is what it has written to standard error."""

    def __init__(self, words: list[str], config: Path, log: Path, manager: Manager, env: dict[str, str]) -> None:
        self.config = config
        self.manager = manager
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*words, "agent", "--config", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "NOTIFY_SOCKET": manager.address, **env},
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for_line(self, line: str, count: int = 1) -> None:
        """Until the service manager was told that so many times."""

        def is_told() -> bool:
            assert self.process.poll() is None, self.said
            return sum(each == line for each in self.manager.lines()) >= count

        wait_for(is_told, PATIENCE_SECONDS, lambda: (self.manager.told, self.said))

    def reload(self, text: str) -> None:
        """Another configuration, until it was read."""
        count = sum(line == "READY=1" for line in self.manager.lines())
        self.config.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_line("READY=1", count + 1)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def agent_of(
    directory: Path, text: str, *, words: list[str] | None = None, env: dict[str, str] | None = None
) -> Iterator[Agent]:
    """One that watches, with that configuration."""
    manager = Manager()
    config = directory / "agent.toml"
    config.write_text(text)
    made = Agent(words or [sys.executable, "-m", "onlooker"], config, directory / "agent.log", manager, env or {})
    try:
        made.wait_for_line("READY=1")
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        manager.close()


def package_for_all(directory: Path) -> dict[str, str]:
    """The environment for a copy of the package that everybody may read."""
    copy = Path(shutil.copytree(onlooker.__path__[0], directory / "copy" / "onlooker")).parent
    return {"PYTHONPATH": os.pathsep.join((str(copy), *filter(None, sys.path)))}


def get(port: int, path: str) -> tuple[int, str]:
    """The status and the text of a page of the agent."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(text: str) -> dict[str, float]:
    """The values of a page of metrics, by name and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and line[0] != "#"]
    return {name: float(value) for name, _, value in lines}


def config_text(watched: str, url: str, port: int | None = None, more: str = "") -> str:
    """Opens below a directory, to that sink."""
    metrics = f'[metrics]\nlisten = "127.0.0.1:{port}"\n' if port else ""
    return f'[watch]\nevents = ["open"]\n{watched}\n[[sinks]]\nurl = {json.dumps(url)}\n{more}\n{metrics}'
