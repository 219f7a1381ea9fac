"""`onlooker verify`: a session of a shell whose commands are known; and the scripts for CI."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from .commands import Ended, run

EXAMPLES = Path(__file__).parents[2] / "examples/ci"
SESSION = """\
cd .
seq 3 | sort -r >out
sh -c 'cat out; cat out' >/dev/null
for i in 1 2 3; do cat "$i.txt"; done
env A=1 nice cat out >/dev/null
false && seq 99
"""


@pytest.fixture(autouse=True)
def files(scratch: Path) -> None:
    """What the session reads."""
    for number in (1, 2, 3):
        (scratch / f"{number}.txt").touch()


@pytest.fixture
def recorded(scratch: Path) -> str:
    """The session as `bash session`, and its log as `said`."""
    (scratch / "session").write_text(SESSION)
    (scratch / "said").write_text(SESSION)
    done = run("record", "-o", "r.onlook", "--", "bash", "session")
    assert done.err.splitlines()[-1].startswith("onlooker: complete"), done
    return "r.onlook"


def rows(recording: str, log: str, *words: str) -> tuple[Ended, list[dict[str, Any]]]:
    done = run("verify", recording, "--against", log, "--output-format", "json", *words)
    return done, [json.decode(line) for line in done.lines]


@pytest.mark.parametrize("strict", [[], ["--strict"]])
def test_the_log_is_all(recorded: str, strict: list[str]) -> None:
    done, found = rows(recorded, "said", *strict)
    assert (done.code, done.err) == (0, "onlooker: complete\n"), done
    assert {row["kind"] for row in found} == {"built_in", "depends", "sum"}
    assert [row["command"] for row in found if row["kind"] == "depends"] == ["seq 99"]
    assert (found[-1]["not_in_log"], found[-1]["did_not_run"]) == (0, 0)


def test_what_is_not_in_the_log_and_what_did_not_run(recorded: str) -> None:
    said = SESSION.replace("seq 3", "seq 4").replace("sort -r", "sort")
    Path("said").write_text(said)
    done, found = rows(recorded, "said")
    assert done.code == 1
    assert [row["argv"] for row in found if row["kind"] == "not_in_log"] == [["seq", "3"], ["sort", "-r"]]
    assert [row["command"] for row in found if row["kind"] == "did_not_run"] == ["seq 4", "sort"]


def test_a_session_that_a_shell_has_traced(scratch: Path) -> None:
    (scratch / "session").write_text(SESSION)
    done = run("record", "-q", "-o", "r.onlook", "--", "bash", "-x", "session")
    Path("said").write_text(done.err)
    checked, found = rows("r.onlook", "said", "--strict")
    # the inner shell does not say what it runs
    assert [row["argv"] for row in found if row["kind"] == "not_in_log"] == [], checked
    assert [row for row in found if row["kind"] == "did_not_run"] == []


def test_the_scripts_for_ci(scratch: Path) -> None:
    program = scratch / "onlooker"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m onlooker "$@"\n')
    program.chmod(0o755)
    env = {**os.environ, "ONLOOKER": str(program), "FAIL_ON": "exit_code == 7\n\nexit_code == 8\n"}
    record = (str(EXAMPLES / "record.sh"),)
    good = run("good.onlook", "seq 3 | sort -r", command=record, env=env)
    assert (good.code, good.out) == (0, "3\n2\n1\n"), good
    bad = run("bad.onlook", "sh -c 'exit 7' || true", command=record, env={**env, "FORMAT": "github"})
    assert bad.code == 1 and "::error" in bad.err, bad
    summed = run("good.onlook", command=(str(EXAMPLES / "summary.sh"),), env=env)
    assert summed.code == 0 and summed.lines[:2] == ["## What it ran", ""], summed
    assert sum(bool(re.match(r"    .* seq 3$", line)) for line in summed.lines) == 1
    assert all(line.startswith("    ") for line in summed.lines[2:])
    assert json.decode(Path("good.onlook.trace.json").read_bytes())["otherData"]["verdict"].startswith("complete")
