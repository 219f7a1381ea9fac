"""What a unit of systemd says: its settings, and the system calls that it allows."""

import re
import subprocess
from functools import cache
from pathlib import Path


def settings(unit: str | Path) -> dict[str, list[str]]:
    """The words of each setting, of all lines."""
    found: dict[str, list[str]] = {}
    for line in Path(unit).read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@cache
def calls(name: str) -> frozenset[str]:
    """Those of a group, as systemd knows it; or the call itself."""
    if not name.startswith("@"):
        return frozenset({name})
    said = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    words = [line.strip() for line in said.splitlines()[1:]]
    return frozenset().union(*(calls(word) for word in words if re.fullmatch(r"@?[a-z0-9_-]+", word)))


def allowed_calls(lines: list[str]) -> set[str]:
    found: set[str] = set()
    for line in lines:
        named = frozenset().union(*map(calls, line.lstrip("~").split()))
        found = found - named if line.startswith("~") else found | named
    return found | calls("@default")  # which systemd always allows
