"""docs/traps.md keeps its word: every trap has a test that exists, or a limit that is written down."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAPS = 34
TEST_FILE = re.compile(r"`((?:kernel|unit|meta)/[\w/]+\.py)`: ((?:`\w+`(?:, )?)+)")
LINK = re.compile(r"\[([^]]+)\]\(limits\.md#([\w-]+)\)")


def rows() -> list[list[str]]:
    """The cells of the table: number, trap, tests, limits."""
    lines = (ROOT / "docs/traps.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


ROWS = rows()


@cache
def defined_in(file: str) -> frozenset[str]:
    """The functions that pytest finds in a file of tests."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def anchors(text: str) -> list[str]:
    """Of a page's headings, as Markdown viewers make them: small letters, no punctuation, "-" for a space."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


LIMITS = anchors((ROOT / "docs/limits.md").read_text(encoding="utf-8"))


def test_all_traps_are_there_in_order() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, TRAPS + 1)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_trap_is_closed(row: list[str]) -> None:
    _, trap, tests, limits = row
    assert re.fullmatch(r"[A-Z].+\.", trap)
    named = [(file, name) for file, names in TEST_FILE.findall(tests) for name in re.findall(r"\w+", names)]
    assert [name for file, name in named if name not in defined_in(file)] == []
    linked = [anchor for _, anchor in LINK.findall(limits)]
    assert [anchor for anchor in linked if anchor not in LIMITS] == []
    assert named or linked
    # there is nothing else in the row
    assert TEST_FILE.sub("", tests).strip("; ") == ""
    assert LINK.sub("", limits).strip(", ") == ""


def test_a_limit_has_one_place_and_says_something() -> None:
    assert len(LIMITS) == len(set(LIMITS))
    text = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    sections = re.split(r"^### .*$", text, flags=re.MULTILINE)[1:]
    assert len(sections) == text.count("\n### ")
    assert all(len(re.sub(r"^#.*$", "", section, flags=re.MULTILINE).split()) > 10 for section in sections)


def test_links_to_limits_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        found = re.findall(r"limits\.md#([\w-]+)", page.read_text(encoding="utf-8"))
        assert [anchor for anchor in found if anchor not in LIMITS] == [], page
