"""The decoder built once more, with sanitizers, and put in the place of the installed one."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "onlooker" / "probe" / "_decode.pyx"
NAME = "onlooker.probe._decode"
IN_PLACE = "ONLOOKER_TEST_DECODER"  # the environment variable with the path of what was built
FLAGS = (
    "-std=gnu11",
    "-Werror=implicit-function-declaration",
    "-O1",
    "-g",
    "-fPIC",
    "-shared",
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
    translated, built = directory / "_decode.c", directory / "_decode.abi3.so"
    subprocess.run([sys.executable, "-m", "cython", "-3", SOURCE, "-o", translated], check=True)
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{SOURCE.parent}"]
    checks = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=undefined"]
    subprocess.run([*compiler, *FLAGS, *checks, *includes, translated, "-o", built], check=True)
    return built


def put_in_place() -> None:
    """From now on `onlooker.probe._decode` is the one that IN_PLACE names, if it names one."""
    if path := os.environ.get(IN_PLACE):
        loader = importlib.machinery.ExtensionFileLoader(NAME, path)
        spec = importlib.util.spec_from_file_location(NAME, path, loader=loader)
        assert spec
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        sys.modules[NAME] = module
        import onlooker.probe

        onlooker.probe._decode = module  # type: ignore[attr-defined]
