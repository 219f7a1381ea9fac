"""`onlooker export` of a script whose files and processes are known."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from .commands import run

TIMES = 7
SCRIPT = f"""\
for i in $(seq {TIMES}); do cat in/$i.txt > out/$i.txt; done
sh -c 'kill -TERM $$'
: > gone.txt
rm gone.txt
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a directory of its own."""
    directory = tmp_path_factory.mktemp("export")
    for name in ("in", "out"):
        (directory / name).mkdir()
    for number in range(1, TIMES + 1):
        (directory / "in" / f"{number}.txt").write_text(f"text {number}")
    (directory / "script").write_text(SCRIPT)
    done = run("record", "-o", "r.onlook", "--", "sh", "script", cwd=directory)
    assert done.code == 0 and done.err.splitlines()[-1].startswith("onlooker: complete"), done
    return directory


def exported(directory: Path, form: str, *words: str) -> Any:
    done = run("export", "r.onlook", "--format", form, *words, cwd=directory)
    assert (done.code, done.err) == (0, "onlooker: complete\n"), done
    return json.decode(done.out)


def test_a_trace(recorded: Path) -> None:
    found = exported(recorded, "trace")["traceEvents"]
    slices = [each for each in found if each["ph"] == "X"]
    assert sum(each["name"] == "cat" for each in slices) == TIMES
    assert [each["name"] for each in found if each.get("cat") == "signal"] == ["SIGTERM"]
    processes = {each["pid"] for each in slices}
    arrows = [each for each in found if each["ph"] == "s"]
    assert len(arrows) == len(processes) - 1  # all but the first have a parent
    order = [each["pid"] for each in found if each["name"] == "process_sort_index"]
    assert {*order} == processes and order[0] == arrows[0]["pid"]


def test_a_statement(recorded: Path) -> None:
    found = exported(recorded, "in-toto")
    made = {Path(each["name"]).name: each["digest"]["sha256"] for each in found["subject"]}
    assert made == {
        f"{number}.txt": hashlib.sha256(f"text {number}".encode()).hexdigest() for number in range(1, TIMES + 1)
    }
    said = found["predicate"]
    assert (said["cmd"], said["exitcode"], said["onlooker"]["complete"]) == (["sh", "script"], 0, True)
    opened = [each["openedfiles"] for each in said["processes"] if each["comm"] == "cat"]
    digests = {digest for files in opened for name, each in files.items() if "/in/" in name for digest in each.values()}
    assert digests == {*made.values()}


def test_a_bill(recorded: Path) -> None:
    found = exported(recorded, "cyclonedx")["components"]
    names = {each["name"] for each in found if each["type"] == "file"}
    assert {str(recorded / "script"), *(str(recorded / f"in/{n}.txt") for n in range(1, TIMES + 1))} <= names
    assert not any("/out/" in name or "gone" in name for name in names)
    programs = {place["location"] for each in found for place in each.get("evidence", {}).get("occurrences", ())}
    assert any(name.endswith("/cat") for name in programs | names)


def test_a_table(recorded: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    done = run("export", "r.onlook", "--format", "parquet", "-o", "r.parquet", cwd=recorded)
    assert done.code == 0, done
    rows = duckdb.read_parquet(str(recorded / "r.parquet")).filter("event = 'exec' and comm = 'cat'").fetchall()
    assert len(rows) == TIMES
