"""The C compiler of this machine; the same that built the package is good enough."""

import os
import shlex
import subprocess
from pathlib import Path

CC = shlex.split(os.environ.get("CC", "cc"))
HEADERS = Path(__file__).parents[2] / "src" / "onlooker" / "probe"
STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-D_GNU_SOURCE"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # LeakSanitizer needs ptrace(2), which a container may not have; nothing else is left out
    quiet = {"ASAN_OPTIONS": "detect_leaks=0", "PATH": "/usr/bin:/bin"}
    return subprocess.run([program, *words], env=quiet, capture_output=True, text=True, check=False)


def build(source: Path, directory: Path, *headers: Path) -> Path:
    """The compiled test program: with sanitizers where the compiler and the machine have them, plain elsewhere."""
    built = directory / source.stem
    includes = [f"-I{place}" for place in (HEADERS, *headers)]
    command = [*CC, *STRICT, *includes, source, "-o", built]
    sanitized = subprocess.run([*command, *SANITIZERS], capture_output=True, check=False)
    if sanitized.returncode or run(built).returncode:
        subprocess.run(command, check=True)
    return built
