"""What the kernel tests share. They need root, a kernel that onlooker runs on, and a C compiler, or the workloads as
`compile.py` made them, in the directory ONLOOKER_WORKLOADS; nothing else.

Tests look only at processes that they themselves started: every program has a name that starts with a random prefix,
and the monitors watch that prefix.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.probe import setup

from .bpf import scratch_users
from .compile import compile_workload, names
from .flavours import flavours
from .running import close_inherited
from .thinning import PART, is_left_out, variants

COMPILED = os.environ.get("ONLOOKER_WORKLOADS")
DONE = os.environ.get("ONLOOKER_TESTS_DONE")  # a file with the names of tests, a line each


@dataclass(frozen=True)
class Workloads:
    """The compiled workloads. `prefix` starts the names of all of them, and of nothing else on this machine."""

    directory: Path
    prefix: str

    def __getitem__(self, name: str) -> Path:
        return self.directory / f"{self.prefix}{name}"

    @property
    def of_files(self) -> "Workloads":
        """Copies that `file_monitor` watches, and `monitor` does not: each sees only what its own tests do."""
        return Workloads(self.directory, self.prefix.replace("-", "+"))

    def renamed(self, name: str, new: str | None = None) -> Path:
        """A copy under another name, a random one if none is given: no other monitor watches it."""
        path = self.directory / (new or fresh_name())
        shutil.copy(self[name], path)
        return path


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leaves variants out before they are made: to make thousands takes long where that is needed."""
    if PART is not None:
        calls = metafunc._calls  # not public, and the only way
        stay = variants(metafunc.definition.path.name, metafunc.function.__name__, len(calls), int(PART))
        metafunc._calls = [calls[at] for at in stay]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is left out whole, or done already, is counted as deselected."""
    done = set(Path(DONE).read_text(encoding="utf-8").splitlines()) if DONE else set()
    out = {item for item in items if item.nodeid in done}
    if PART is not None:
        out |= {item for item in items if is_left_out(item.path.name, item.name.partition("[")[0], int(PART))}
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


def fresh_name() -> str:
    """A name for a program that nobody else has; 11 bytes."""
    return f"olk{secrets.token_hex(4)}"


@pytest.fixture(scope="session", autouse=True)
def as_root() -> None:
    if os.geteuid():
        pytest.skip("the kernel tests need root")


@pytest.fixture(scope="session")
def workloads(as_root: None) -> Iterator[Workloads]:
    with tempfile.TemporaryDirectory(prefix="onlooker-") as made:
        directory = Path(made)
        directory.chmod(0o755)
        built = Workloads(directory, f"olk{secrets.token_hex(2)}-")
        for name in names():
            if COMPILED:
                shutil.copy(Path(COMPILED, name), built[name])
            else:
                compile_workload(name, built[name])
        yield built


@pytest.fixture(scope="session", params=flavours())
def monitor(request: pytest.FixtureRequest, workloads: Workloads) -> Iterator[Monitor]:
    """Watches all workloads, once with each way to observe system calls."""
    with Monitor(comm=[f"{workloads.prefix}*"], attach=request.param) as monitor:
        yield monitor
        assert not any(scratch_users(monitor))  # whatever the tests have made the programs do


@pytest.fixture(scope="session", params=flavours(without="fexit"))
def file_monitor(request: pytest.FixtureRequest, workloads: Workloads) -> Iterator[Monitor]:
    """Watches the workload `call`, for all events."""
    workloads.renamed("call", workloads.of_files["call"].name)
    with Monitor(events=["all"], comm=[f"{workloads.of_files.prefix}*"], attach=request.param) as monitor:
        yield monitor
        assert not any(scratch_users(monitor))


@pytest.fixture(params=["monitor.bpf.o", "monitor.older.bpf.o"])
def each_object(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe for this kernel, and the one for older ones."""
    if request.param == setup.OLDER_OBJECT.name:
        monkeypatch.setattr(setup, "object_file", lambda: setup.OLDER_OBJECT)


@pytest.fixture
def scratch(workloads: Workloads) -> Iterator[Path]:
    """A directory of the test's own, and the working directory of what it starts."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="onlooker-") as name:
        os.chdir(name)
        yield Path(name)
        os.chdir(before)
        close_inherited()
