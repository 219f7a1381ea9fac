"""The native part of records built once more, with sanitizers, and put in the place of the installed one."""

import fcntl
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import sysconfig
from importlib.machinery import ModuleSpec
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "onlooker" / "records" / "_records.pyx"
PACKAGE = SOURCE.parents[1]
NATIVE = SOURCE.parent / "native"
NAME = "onlooker.records._records"
BUILT = "_records.abi3.so"
IN_PLACE = "ONLOOKER_TEST_RECORDS"  # the environment variable with the path of what was built
FLAGS = (
    "-std=gnu11",
    "-Werror=implicit-function-declaration",
    "-O0",  # compiles in a third of the time of -O1, and few cases are run
    "-g",
    "-fPIC",
    "-shared",
    "-D_GNU_SOURCE",
    "-DCYTHON_LIMITED_API=1",
    "-DPy_LIMITED_API=0x030b0000",
)
# an address sanitizer sees what lies beyond a buffer only if Python takes each from malloc. What is still allocated at
# the end is not looked for: Python itself never frees all
SETTINGS = {
    "PYTHONMALLOC": "malloc",
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:handle_segv=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def build(directory: Path, compiler: list[str], sanitizers: str) -> Path:
    """Translate and compile; needs Cython and Python's headers, as building the package does."""
    directory.mkdir(parents=True, exist_ok=True)
    translated, built = directory / "_records.c", directory / BUILT
    generate = [sys.executable, PROJECT / "tools" / "generate.py", "printable", directory / "printable.h"]
    subprocess.run(generate, check=True)
    subprocess.run([sys.executable, "-m", "cython", "-3", SOURCE, "-o", translated], check=True)
    includes = [
        f"-I{sysconfig.get_path('include')}",
        *(f"-I{place}" for place in (NATIVE, PACKAGE, PACKAGE / "escaping", directory)),
        *("-include", PACKAGE / "cython.h"),
    ]
    checks = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=undefined"]
    subprocess.run(
        [*compiler, *FLAGS, *checks, *includes, translated, *sorted(NATIVE.glob("*.c")), "-o", built], check=True
    )
    return built


def build_once(directory: Path, compiler: list[str], sanitizers: str) -> Path:
    """`build`, unless it was done since a source changed. It takes 20 s, so the others wait for who is first."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = directory / "stamp", _digest([*compiler, sanitizers])
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            build(directory, compiler, sanitizers)
            stamp.write_text(wanted)
    return directory / BUILT


def _digest(words: list[str]) -> str:
    """Of all that is compiled, and how."""
    sources = [PROJECT / "tools" / "generate.py", Path(__file__)]
    sources += sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".c", ".h", ".pyx", ".pxd"})
    digest = hashlib.sha256(repr((words, sys.version)).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def put_in_place() -> None:
    """From now on `onlooker.records._records` is the one that IN_PLACE names, if it names one."""
    if path := os.environ.get(IN_PLACE):
        assert NAME not in sys.modules
        sys.meta_path.insert(0, _Finder(path))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, path: str) -> None:
        self._path = path

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != NAME:
            return None
        loader = importlib.machinery.ExtensionFileLoader(name, self._path)
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)
