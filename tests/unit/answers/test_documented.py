"""docs/answers.md has every field of every answer's objects."""

import re
from pathlib import Path

import pytest

from onlooker import Batch
from onlooker.answers.denied import Denied
from onlooker.answers.files import Reads, Writes
from onlooker.answers.missing import Missing
from onlooker.answers.top import Counts
from onlooker.answers.top import rows as top_rows
from onlooker.answers.who import Who
from onlooker.enrich.processes import ProcessTable
from onlooker.testing import make

DOCS = Path(__file__).parents[3] / "docs" / "answers.md"
EVENTS = [
    make("exec", pid=7, ppid=5, argv=("sh",), start_ns=9),
    make("open", path="/d/f", real_path="/d/f", flags=("O_RDWR",), pid=7, ppid=5, start_ns=9),
    make("open", path="/d/f", errno="EPERM", flags=("O_RDWR",), pid=7, ppid=5, start_ns=9),
    make("rename", path="/d/no", new_path="/d/x", errno="ENOENT"),
]


def fields_of(what):
    """Of the table below the paragraph that names the answers."""
    text = DOCS.read_text("utf-8").partition("\n## JSON\n")[2]
    [table] = re.findall(rf"^{re.escape(what)},.*:\n\n((?:\|.*\n)+)", text, re.M)
    return re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.M)


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("`who`", lambda: Who(["/d"], ProcessTable(None))),
        ("`reads` and `writes`", Reads),
        ("`reads` and `writes`", Writes),
        ("`missing`", Missing),
        ("`denied`", Denied),
    ],
)
def test_every_field_is_documented(what, answer):
    asked = answer()
    rows = [row for batch in Batch.of(EVENTS) for row in asked.take(batch)] + [*asked.rows()]
    assert rows
    kinds = {str: "text", int: "number", list: "list", tuple: "list", bool: "true"}
    for row in rows:
        found = {name: kind.removesuffix(", or absent") for name, kind in fields_of(what)}
        assert [*row] == [*found]
        assert {name: kinds[type(value)] for name, value in row.items() if value is not None}.items() <= found.items()
        assert {name for name, value in row.items() if value is None} <= {
            name for name, kind in fields_of(what) if kind.endswith(", or absent")
        }


def test_every_field_of_top_is_documented():
    [row] = top_rows({"a": Counts()}, 1.0)
    assert [*row] == [name for name, _ in fields_of("`top`")]
