"""The examples of README.md, docs/ and docstrings run; no name makes them fail or reaches a terminal unescaped."""

import ast
import doctest
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(page):
    """The Python of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}") for page in PAGES for number, block in enumerate(blocks(page))
]

# what comes before an example: a Monitor that is given no source has one of hostile events
PRELUDE = """
import os, sys
import onlooker
from onlooker.testing import make

assert sys.stdout.errors == "strict", sys.stdout.errors
NAMES = ["/caf\\udce9", "/\\x1b[31mred", "/two\\nlines", "/\\u202etxt.exe", "/\\U000e0041\\xad", "/last"]
events = [make(event, path=name, comm="nginx") for name in NAMES for event in ("open", "exec")]
events.append(onlooker.Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full"))
Monitor = onlooker.Monitor
onlooker.Monitor = lambda *, source=None, **rest: Monitor(source=source or onlooker.FakeSource(events), **rest)


def opened(name):
    import pathlib, tempfile
    from onlooker.recordings.manifest import Manifest, now
    from onlooker.recordings.writer import RecordingWriter

    path = pathlib.Path(tempfile.mkdtemp()) / name
    made = RecordingWriter(path, Manifest.new(start=now()))
    for batch in onlooker.Batch.of(events):
        made.write(batch)
    made.close()
    return open_recording(path)


open_recording, onlooker.open = onlooker.open, opened
"""


@pytest.fixture(scope="module")
def locale(tmp_path_factory):
    """One as people have it: UTF-8, and strict, as C.UTF-8 is not."""
    place = tmp_path_factory.mktemp("locales")
    if program := shutil.which("localedef"):
        subprocess.run([program, "-i", "en_US", "-f", "UTF-8", place / "en_US.UTF-8"], capture_output=True, check=False)
    if not (place / "en_US.UTF-8" / "LC_CTYPE").exists():  # a small system has no sources of locales
        return {"PYTHONIOENCODING": "utf-8:strict"}
    return {"LOCPATH": str(place), "LC_ALL": "en_US.UTF-8"}


def printed(example, locale):
    command = [sys.executable, "-W", "error", "-c", PRELUDE + example]
    done = subprocess.run(command, env={"TZ": "UTC", **locale}, capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert done.returncode == 0
    return done.stdout.decode()


def shows_events(example):
    """And not processes, which have no paths."""
    return ".tree()" not in example and any(isinstance(node, ast.For) for node in ast.walk(ast.parse(example)))


def docstring_examples():
    """Those of them that watch."""
    for module in ("onlooker", "onlooker.monitor", "onlooker.testing"):
        for test in doctest.DocTestFinder(exclude_empty=True).find(import_module(module)):
            source = "".join(example.source for example in test.examples)
            if "onlooker.Monitor(" in source:
                yield pytest.param(source, id=test.name)


EXAMPLES = [*BLOCKS, *docstring_examples()]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_survives_hostile_names(example, locale):
    text = printed(example, locale)
    assert text.replace("\n", "").isprintable()
    if shows_events(example):
        assert "/last" in text, "those behind the hostile ones are shown"
        assert "caf" in text and "red" in text


def test_there_are_examples():
    watching = [param.values[0] for param in EXAMPLES if shows_events(param.values[0])]
    assert len(watching) >= 5
    assert "print(event)" in blocks(PAGES[0])[0]
    assert len(blocks(PROJECT / "docs/python.md")) >= 3
    assert not any(re.search(r"print\(.*event\.(path|comm|argv)", param.values[0]) for param in EXAMPLES)


def test_the_bytes_of_a_name_are_in_the_json(locale):
    [line] = printed('print(onlooker.testing.make("open", path="/\\udce9").to_json())', locale).splitlines()
    assert '"path_bytes":"L+k="' in line
