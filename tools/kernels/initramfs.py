"""The files of the virtual machine: the first archive is of this machine's own files, under the paths that they have
here, so that nothing needs to know that it has moved; the second, behind it, of those that are made for the tests.

The kernel unpacks both into memory, one after the other (Documentation/driver-api/early-userspace/buffer-format.rst).
"""

import lzma
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from .errors import SetupError

PROJECT = Path(__file__).parents[2]
# what the kernel tests import, with all that it needs itself
DISTRIBUTIONS = ("onlooker", "pytest", "pytest-timeout", "pytest-xdist", "jsonschema")
# whose programs the tests may run: what every Debian has
PACKAGES = ("bash", "coreutils", "dash", "findutils", "grep", "mount", "sed", "util-linux", "util-linux-extra")
OTHER_FILES = ("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/ld.so.conf")
# of the standard library; names that begin so
UNUSED = (
    *("config-", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tkinter"),
    *("turtle", "_test", "_tkinter"),
)
DIRECTORIES = ("dev", "proc", "sys", "tmp", "run", "root", "mnt")


def pack(made: Path, archive: Path) -> None:
    """Write the archive: this machine's files, and all that is in `made`, which becomes the root directory."""
    for name in DIRECTORIES:
        (made / name).mkdir(exist_ok=True)
    (made / "tmp").chmod(0o1777)
    with archive.open("wb") as file:
        _cpio(with_parents(_own_files(made)), Path("/"), file.fileno())
        _cpio(_below(made), made, file.fileno())


def add(directory: Path, modules: Iterable[Path], archive: Path) -> None:
    """Append a kernel's own files to its copy of the archive, and its modules: in /modules, in this order."""
    (directory / "modules").mkdir()
    for place, module in enumerate(modules):
        name, content = module.name, module.read_bytes()
        if name.endswith(".xz"):  # not every kernel decompresses what it is given
            name, content = name.removesuffix(".xz"), lzma.decompress(content)
        (directory / "modules" / f"{place}-{name}").write_bytes(content)
    with archive.open("ab") as file:
        _cpio(_below(directory), directory, file.fileno())


def _below(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def _cpio(names: Iterable[str], directory: Path, output: int) -> None:
    command = ["cpio", "--create", "--format=newc", "--null", "--quiet", "--owner=+0:+0"]
    listed = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in names)
    if subprocess.run(command, input=listed, cwd=directory, stdout=output).returncode:
        raise SetupError("cpio could not pack the files of the virtual machine", "look at what it says above")


def _own_files(made: Path) -> Iterator[Path]:
    """Everything of this machine that the tests need, and the libraries that it needs."""
    files = [path for path in _python() if path.is_file() and not path.match("*.opt-?.pyc")]
    files += [Path(name) for name in OTHER_FILES if Path(name).exists()]
    files += _programs()
    files += (path for path in made.rglob("*") if path.is_file())
    yield from files
    yield from libraries(path for path in files if is_elf(path))
    for directory in (PROJECT / "tests", PROJECT / "examples", PROJECT / "tools/kernels"):
        yield from (path for path in directory.rglob("*") if path.suffix in (".py", ".pyc", ".c", ".h", ".sh"))
    yield PROJECT / "ebpf-runner.py"
    yield PROJECT / "pyproject.toml"


def _python() -> Iterator[Path]:
    """The interpreter, its library, and the packages of its virtual environment."""
    environment = Path(sys.prefix)
    yield from (environment / "bin" / name for name in ("python", "python3", "pyvenv.cfg"))
    yield environment / "pyvenv.cfg"
    yield Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    for entry in (*library.iterdir(), *Path(sysconfig.get_path("platstdlib")).glob("lib-dynload")):
        if not entry.name.startswith(UNUSED):
            yield from entry.rglob("*") if entry.is_dir() else [entry]
    for name in sorted(requirements(DISTRIBUTIONS)):
        files = [Path(str(file.locate())) for file in distribution(name).files or ()]
        yield from files
        # what pytest makes of plugins, which is in no list of files
        for directory in {file.parent for file in files}:
            yield from directory.glob("__pycache__/*-pytest-*.pyc")


def requirements(names: Iterable[str]) -> set[str]:
    """These distributions and all that they require, as far as they are installed."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in found:
            continue
        try:
            required = [Requirement(text) for text in distribution(name).requires or ()]
        except PackageNotFoundError:
            continue  # for a platform, or a version of Python, that is not this one
        found.add(name)
        left += [each.name for each in required if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def _programs() -> list[Path]:
    listed = subprocess.run(["dpkg-query", "--listfiles", *PACKAGES], capture_output=True, text=True).stdout
    found = [Path(line) for line in listed.splitlines() if re.match(r"(/usr)?/s?bin/.", line)]
    return [path for path in found if path.exists() and not path.is_dir()] + [Path("/bin/sh")]


def is_elf(path: Path) -> bool:
    """Whether it is a program or a library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(files: Iterable[Path]) -> set[Path]:
    """What the dynamic loader would load for them, itself included."""
    said = subprocess.run(["ldd", *dict.fromkeys(files)], capture_output=True, text=True).stdout
    return {Path(found) for found in re.findall(r"(?:^|=>)\s+(/\S+) \(0x", said, re.MULTILINE)}


def with_parents(paths: Iterable[Path]) -> list[str]:
    """Each path relative to the root, after every directory and symbolic link that leads to it, and what it links to.

    cpio and the kernel take names one by one: a file must not come before its directory.
    """
    entries: dict[str, None] = {}
    for path in paths:
        at, left = Path("/"), list(reversed(path.absolute().parts[1:]))
        while left:
            part = left.pop()
            if part == "..":
                at = at.parent
                continue
            at /= part
            entries.setdefault(str(at)[1:])
            if at.is_symlink():
                left += reversed(at.readlink().parts)
                at = at.parent
            if left and left[-1] == "/":
                at = Path(left.pop())
    return list(entries)
