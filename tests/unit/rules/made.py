"""Rules for tests, as files."""

from pathlib import Path

from onlooker.rules.loading import found_in
from onlooker.rules.rule import Refused, Rule

SIGMA = """\
title: A test
logsource: {{product: linux, category: {category}}}
detection:
{detection}
level: high
tags: [attack.t1059]
"""


def sigma(detection: str, category: str = "process_creation") -> str:
    return SIGMA.format(category=category, detection="\n".join(f"  {line}" for line in detection.splitlines()))


def own(where: str, more: str = "") -> str:
    return f"title: A test\nwhere: {where!r}\n{more}"


def read(directory: Path, text: str | bytes, name: str = "rule.yml") -> list[Rule | Refused]:
    """The rules of a file with that text."""
    file = directory / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(found_in([str(file)]))


def rule(directory: Path, text: str | bytes, name: str = "rule.yml") -> Rule:
    [found] = read(directory, text, name)
    assert isinstance(found, Rule), found
    return found


def refused(directory: Path, text: str | bytes, name: str = "rule.yml") -> Refused:
    [found] = read(directory, text, name)
    assert isinstance(found, Refused), found
    return found
