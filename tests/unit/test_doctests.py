"""The examples in docstrings do what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import onlooker

ROOT = Path(onlooker.__file__).parent
MODULES = sorted(
    ".".join(("onlooker", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
    if path.name != "__main__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(import_module(name), raise_on_error=False).failed == 0


def test_there_are_examples():
    found = sum(len(test.examples) for name in MODULES for test in doctest.DocTestFinder().find(import_module(name)))
    assert found >= 10
