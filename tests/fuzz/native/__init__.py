"""The native targets: how each is built, with a fuzzing engine or without."""

import subprocess
from pathlib import Path

from ...unit.compiler import CC

HERE = Path(__file__).parent
HEADERS = HERE.parents[2] / "src" / "onlooker" / "probe"
STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread")
MEMORY = "address,undefined"
# what each is looked at for; the engine drives those that take an input
SANITIZERS = {"ring": MEMORY, "log": MEMORY, "race": "thread"}
DRIVEN = ("ring", "log")
# LeakSanitizer needs ptrace(2), which a container may not have
SETTINGS = {"ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "halt_on_error=1"}


def build(name: str, directory: Path, *, clang: str = "") -> Path:
    """The compiled target: under libFuzzer where `clang` is given, else with the driver beside it, PROGRAM CASES SEED.

    Raises CalledProcessError where the compiler lacks the sanitizers.
    """
    directory.mkdir(parents=True, exist_ok=True)
    built = directory / name
    sources = [HERE / f"{name}.c"]
    sanitizers = SANITIZERS[name]
    if clang and name in DRIVEN:
        sanitizers = f"fuzzer,{sanitizers}"
    elif name in DRIVEN:
        sources.append(HERE / "driver.c")
    compiler = [clang] if clang else CC
    checks = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    command = [*compiler, *STRICT, *checks, "-I", HEADERS, *sources, "-o", built]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return built
