"""Commands that ask a recording of a script that does everything an odd number of times."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from .commands import Ended, run

TIMES = 7
SCRIPT = f"""\
for i in $(seq {TIMES}); do cat in/$i.txt > out/$i.txt; done
for i in 1 2 3; do sh -c 'exit 5'; done
sh -c 'kill -TERM $$'
for i in $(seq 5); do cat none-$i.txt; done
( : )
rm in/1.txt in/2.txt in/3.txt
exec sh -c 'exit 0'
"""


@pytest.fixture
def recorded(scratch: Path) -> str:
    """Of the script, in a directory of its own."""
    for name in ("in", "out"):
        (scratch / name).mkdir()
    for number in range(1, TIMES + 1):
        (scratch / "in" / f"{number}.txt").write_text("text")
    (scratch / "script").write_text(SCRIPT)
    done = run("record", "-o", "r.onlook", "--", "sh", "script")
    assert done.code == 0 and done.err.splitlines()[-1].startswith("onlooker: complete"), done
    return "r.onlook"


def rows(*words: str) -> list[dict[str, Any]]:
    done = asked(*words, "--output-format", "json")
    return [json.decode(line) for line in done.lines]


def asked(*words: str, code: int = 0) -> Ended:
    done = run(*words)
    assert (done.code, done.err.splitlines()[-1:]) == (code, ["onlooker: complete"]), done
    return done


def test_tree(recorded: str) -> None:
    found = rows("tree", recorded)
    root, *below = found
    assert (root["argv"], root["depth"], root["exit_code"]) == (["sh", "-c", "exit 0"], 0, 0)
    assert root["executed"] == 2 and len(root["earlier"]) == 1
    assert {each["parent_start_ns"] for each in below if each["depth"] == 1} == {root["start_ns"]}
    argvs = [each["argv"] for each in below]
    assert [argvs.count(["cat", f"in/{number}.txt"]) for number in range(1, TIMES + 1)] == [1] * TIMES
    assert sum(each["argv"] == ["sh", "-c", "exit 5"] and each["exit_code"] == 5 for each in below) == 3
    assert [each["signal"] for each in below if "signal" in each] == ["SIGTERM"]
    assert sum(each["executed"] == 0 for each in below) >= 1
    failed = rows("tree", recorded, "--failed")
    assert len(failed) == 1 + 3 + 1 + 5 and failed[0]["pid"] == root["pid"]
    lines = asked("tree", recorded).lines
    assert sum(" \N{MULTIPLICATION SIGN}7 cat ….txt" in line for line in lines) == 1
    assert sum(" \N{MULTIPLICATION SIGN}5 cat ….txt" in line and " exit 1 " in line for line in lines) == 1


def test_show(recorded: str) -> None:
    root, *below = rows("tree", recorded)
    found = rows("show", recorded, str(root["pid"]))
    assert (found[0]["what"], found[0]["pid"], found[0]["cwd"]) == ("process", root["pid"], str(Path.cwd()))
    children = [each for each in found if each["what"] == "child"]
    assert len(children) == sum(each["depth"] == 1 for each in below)
    files = {each["file"]: each for each in found if each["what"] == "file"}
    for number in range(1, TIMES + 1):
        file = files[f"{Path.cwd()}/out/{number}.txt"]
        assert file["created"] + file["written"] == 2
    assert files[f"{Path.cwd()}/script"]["read"] == 1
    removed = next(each for each in below if each["argv"][0] == "rm")
    files = {each["file"]: each for each in rows("show", recorded, str(removed["pid"])) if each["what"] == "file"}
    gone = [path for path, each in files.items() if "removed" in each]
    assert gone == [f"{Path.cwd()}/in/{number}.txt" for number in (1, 2, 3)]
    missing = next(each for each in below if each["argv"] == ["cat", "none-5.txt"])
    lines = asked("show", recorded, str(missing["pid"])).lines
    [*_, last] = [line.split() for line in lines if line.endswith("none-5.txt")]
    assert last == ["1", "read", f"{Path.cwd()}/none-5.txt"]
    assert "  ended   exit 1" in lines
    assert len(run("show", recorded, "rm").lines) > 10
    assert run("show", recorded, "cat").code == 2


def test_files(recorded: str) -> None:
    here = str(Path.cwd())
    found = {each["file"].removeprefix(f"{here}/"): each for each in rows("files", recorded, "--under", ".")}
    numbers = range(1, TIMES + 1)
    assert [found[f"in/{number}.txt"]["read"] for number in numbers] == [1] * TIMES
    assert [found[f"out/{number}.txt"]["created"] for number in numbers] == [1] * TIMES
    assert [found[f"none-{number}.txt"]["missing"] for number in range(1, 6)] == [1] * 5
    assert [name for name, each in found.items() if "removed" in each] == ["in/1.txt", "in/2.txt", "in/3.txt"]
    read = {name for name, each in found.items() if "read" in each}
    assert read == {"script", *(f"in/{number}.txt" for number in numbers)}


def test_undeclared(recorded: str) -> None:
    system = "script\n/usr/\n/bin/\n/lib/\n/lib64/\n/etc/\n"
    Path("declared").write_text(f"# sources\nin/*.txt\n{system}")
    done = run("files", recorded, "--undeclared-by", "declared")
    assert done.code == 0 and done.lines[-1].endswith(" files that were read: declared"), done
    Path("declared").write_text(system)
    done = run("files", recorded, "--undeclared-by", "declared", "--output-format", "json")
    assert done.code == 1
    found = [json.decode(line)["file"] for line in done.lines]
    assert found == [f"{Path.cwd()}/in/{number}.txt" for number in range(1, TIMES + 1)]


def test_diff(recorded: str, scratch: Path) -> None:
    other = scratch / "other"
    for name in ("in", "out"):
        (other / name).mkdir(parents=True)
    for number in range(1, TIMES + 1):
        (other / "in" / f"{number}.txt").write_text("text")
    (other / "script").write_text(SCRIPT)
    done = run("record", "-o", "same.onlook", "--", "sh", "script", cwd=other)
    assert done.code == 0, done
    done = run("diff", recorded, "other/same.onlook")
    assert (done.code, len(done.lines)) == (0, 1) and done.out.startswith("the same: "), done
    (other / "script").write_text(SCRIPT.replace("exit 5", "exit 6").replace("in/3.txt", "out/1.txt; cat script"))
    for number in (1, 2, 3):
        (other / "in" / f"{number}.txt").touch()
    done = run("record", "-o", "new.onlook", "--", "sh", "script", cwd=other)
    assert done.code == 0, done
    done = run("diff", recorded, "other/new.onlook", "--output-format", "json")
    assert done.code == 1
    found = [json.decode(line) for line in done.lines]
    removed = {each["file"]: (each["first"], each["second"]) for each in found if each.get("how") == "removed"}
    assert removed == {"./in/3.txt": (1, 0), "./out/1.txt": (0, 1)}
    exits = {each["how"]: (each["first"], each["second"]) for each in found if each["kind"] == "failure"}
    assert exits == {"exit 5": (3, 0), "exit 6": (0, 3)}
    programs = {tuple(each["argv"]) for each in found if each["kind"] == "program" and each["second"]}
    assert programs == {("sh", "-c", "exit 6"), ("cat", "script"), ("rm", "in/1.txt", "in/2.txt", "out/1.txt")}
