"""compile.py DIRECTORY: all workloads, each under its own name; for a machine that has no compiler itself."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "workloads"


def names() -> Iterator[str]:
    """Of the workloads."""
    return (source.stem for source in sorted(SOURCES.glob("*.c")))


def compile_workload(name: str, program: Path) -> None:
    """Compile that workload as `program`."""
    subprocess.run(["cc", "-O1", "-pthread", "-o", program, SOURCES / f"{name}.c"], check=True)


if __name__ == "__main__":
    for workload in names():
        compile_workload(workload, Path(sys.argv[1], workload))
