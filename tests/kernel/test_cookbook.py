"""The cookbook: each of its commands is run as it stands there, while something happens that it is to show.

A file below /srv/app is one of the test's own, and ten seconds are fewer. Only what the test itself started is
looked for among what is shown.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .commands import READY
from .running import DEADLINE_SECONDS, SLOWER

COOKBOOK = Path(__file__).parents[2] / "docs/cookbook.md"
RECIPES = dict(re.findall(r"^### (.+)\n\n```\n(.+)\n```$", COOKBOOK.read_text(encoding="utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class Case:
    """What happens, as a script; what is shown of it, each once if not said otherwise; and what is not."""

    script: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...] = ()


NOBODY = "setpriv --reuid=nobody --clear-groups "
READS = "nginx -c 'read x <$APP/key.pem'"

# the programs tool and nginx are shells; in a pattern, APP and BIN are the test's own directories
CASES = {
    "Which programs run on this machine?": Case("tool -c : one", ("executed file BIN/tool: tool -c : one",)),
    "How long does each run, and how does it end?": Case(
        "tool -c 'exit 7'", (r"exit +\d+ +\d+ +0 tool +7 +after 0\.\d+ s",)
    ),
    "Which programs fail or crash?": Case(
        "tool -c 'exit 7'; tool -c 'kill -SEGV $$'; tool -c :",
        ("Process tool .*exited with code 7 ", "Process tool .*was killed by SIGSEGV "),
        ("Process tool .*exited with code 0",),
    ),
    "What does make do, with all that it starts?": Case(
        "",
        (
            "executed file BIN/make",
            r"called sys_vfork \[child \d+\]$",
            r"opened file APP/object \[write, append, created\]",
        ),
    ),
    "Which commands are run with --force?": Case(
        "tool -c : --force; tool -c : --forced", ("tool -c : --force$",), ("--forced",)
    ),
    "Which scripts run, and what interprets them?": Case(
        "script; tool -c :", ("executed file BIN/script by /bin/sh:",), ("BIN/tool",)
    ),
    "What does a user do?": Case(
        f"tool -c 'exit 6'; {NOBODY} $BIN/tool -c 'exit 5'",
        (r"Process tool .*exited with code 5 after .* \[user: nobody\]$",),
        ("exited with code 6",),
    ),
    "What does nginx open?": Case(
        f"{READS}; tool -c 'read x <$APP/key.pem'",
        ("Process nginx .*opened file APP/key.pem$",),
        ("Process tool ",),
    ),
    "Which files does it read, each once?": Case(
        "nginx -c 'for i in 1 2 3; do read x <$APP/key.pem; done'", (r"^ +3 +read +APP/key.pem$",)
    ),
    "What does it look for and not find?": Case(
        "nginx -c 'read x <$APP/none; read x <$APP/key.pem; test -r $APP/no'",
        (r"^ +1 +nginx +\w+ +APP/none$", r"^ +1 +nginx +\w+ +APP/no$"),
        ("APP/key.pem",),
    ),
    "What is denied to anybody?": Case(
        f"{NOBODY} $BIN/tool -c 'read x <$APP/key.pem'; {READS}",
        (r"^ +1 +tool \(\d+\) +\w+ +read +EACCES +APP/key.pem$",),
        ("nginx",),
    ),
    "Who reads this key?": Case(
        f"cd $APP; nginx -c 'read x <key.pem; read x <other.pem'; {READS}",
        ("Process nginx .*opened file APP/key.pem$", r"Process nginx .*opened file key.pem \[file: APP/key.pem\]"),
        ("other.pem",),
    ),
    "Who changes what is below a directory?": Case(
        f"tool -c 'echo 1 >>$APP/log; echo 2 >>$BIN/log'; {READS}; chmod 640 $APP/key.pem",
        (
            r"^root +tool \(\d+\) +tool -c ",
            r"created, appended +APP/log$",
            r"^root +chmod \(\d+\) ",
            r"chmod +APP/key.pem$",
        ),
        ("BIN/log", "nginx"),
    ),
    "Who makes new files there?": Case(
        "tool -c 'echo 1 >$APP/new; echo 2 >$APP/new'",
        (r"Process tool .*opened file APP/new \[write, created\b",),
    ),
    "Who removes or renames files there?": Case(
        "mv $APP/key.pem $APP/old; rm $APP/old; mkdir $APP/d; rmdir $APP/d; touch $BIN/x; rm $BIN/x",
        ("renamed file APP/key.pem to APP/old", "removed file APP/old", "removed directory APP/d"),
        ("BIN/x",),
    ),
    "Which files does a build change?": Case(
        "", (r"^ +1 +created, appended +APP/object$", r"^ +1 +chmod +APP/key.pem$")
    ),
    "Which sockets with a path are made?": Case(
        '$PYTHON -c \'import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ["APP"] + "/socket")\'',
        ("bound a socket to path APP/socket",),
    ),
    "Which files are opened most?": Case(
        "nginx -c 'for i in 1 2 3 4 5 6 7; do read x <$APP/key.pem; done'", ('^ *7 "real_path":"APP/key.pem"$',)
    ),
    "What does a busy program do, without a flood of lines?": Case(
        "nginx -c 'for ((i = 0; i < 500; i++)); do read x <$APP/key.pem; done'",
        (r"over the rate: \d{3} events: nginx ",),
    ),
    "Which steps of a build take how long, and which fail?": Case(
        "", (r"^\d\.\d{3} +\d\.\d{3} +\d+ +└─ chmod 640 APP/key.pem$",)
    ),
    "What does a build read that it does not declare?": Case(
        "", ("^ +1 +make +read +BIN/make$", r"^\d+ of \d+ files that were read: not declared$"), ("/usr/bin/",)
    ),
    "What differs between two builds?": Case("", (r"^the same: ",)),
    "Which files did it write that nothing read?": Case("", (r"^APP/object +1 +\[make\]$",)),
    "Which programs took how long, all processes of each together?": Case("", (r"^chmod +1 +[\d.e-]+$",)),
    "How do I keep it for later?": Case(READS, ('"event":"open",.*"comm":"nginx",.*"path":"APP/key.pem"',)),
    "What did it run that its log does not say?": Case(
        "", (r"^ *\d\.\d{3} +\d+ +make \(\d+\) +chmod 640 APP/key.pem$", "^  line 1: cc -c a.c$")
    ),
    "How do I show a build to somebody else?": Case("", ("<strong>Complete: nothing is missing in this recording.",)),
    "How do I see a build as a time line?": Case(
        "", (r'"ph":"X","name":"chmod",.*"argv":\["chmod","640","APP/key.pem"\]',)
    ),
}


@pytest.fixture
def app(scratch: Path) -> Iterator[dict[str, str]]:
    """The environment of a command and of what happens; its directories are open to everybody."""
    app, programs = scratch / "app", scratch / "bin"
    scratch.chmod(0o755)
    for directory in (app, programs):
        directory.mkdir(mode=0o755)
    for name in ("tool", "nginx"):
        shutil.copy(shutil.which("bash") or "", programs / name)
    scripts = {"sudo": 'exec "$@"', "onlooker": f'exec {sys.executable} -m onlooker "$@"', "script": ":"}
    scripts["make"] = "(: >>$APP/object); chmod 640 $APP/key.pem"
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    for name in ("key.pem", "other.pem"):
        (app / name).touch(mode=0o600)
    path = f"{programs}:{os.environ['PATH']}"
    yield {**os.environ, "PATH": path, "APP": str(app), "BIN": str(programs), "PYTHON": sys.executable}


def happened(process: "subprocess.Popen[str]", script: str, env: dict[str, str]) -> str:
    """Run the script as soon as the command watches; what it said until then."""
    assert process.stderr
    said = next((line for line in process.stderr if line.startswith(READY)), "")
    assert said, f"it did not watch: {process.args!r}"
    subprocess.run(
        ["bash", "-c", f"ulimit -c 0; {script}"], env=env, stderr=subprocess.DEVNULL, timeout=DEADLINE_SECONDS
    )
    return said


def shown(command: str, script: str, env: dict[str, str]) -> str:
    """What a command wrote while the script ran: to both outputs, and to its file."""
    out, files = Path("out"), (Path("events.json"), Path("trace.json"), Path("build.html"))
    command = command.replace("/srv/app", env["APP"]).replace("--duration 10", f"--duration {4 * SLOWER}")
    with (
        out.open("wb") as stdout,
        subprocess.Popen(
            ["bash", "-c", command], env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process,
    ):
        try:
            said = "" if " -- " in command else happened(process, script, env)
            if " -- " not in command and "--duration" not in command:
                os.killpg(process.pid, signal.SIGINT)
            said += process.communicate(timeout=DEADLINE_SECONDS)[1]
        finally:
            process.kill()
    verdict = said.splitlines()[-1].removeprefix("onlooker: ")
    assert "complete" in verdict.split("; ") or "over the rate" in said, said  # others may have a field that is cut
    return out.read_text() + said + "".join(file.read_text() for file in files if file.exists())


def test_there_are_as_many_questions_as_it_says() -> None:
    assert len(RECIPES) == 28
    assert set(RECIPES) == set(CASES)


@pytest.mark.parametrize("question", RECIPES)
def test_the_command_answers(question: str, app: dict[str, str]) -> None:
    case = CASES[question]
    if "onlooker query" in RECIPES[question]:
        pytest.importorskip("duckdb")
    text = shown(RECIPES[question], case.script, app)

    def found(pattern: str) -> list[str]:
        own = pattern.replace("APP", app["APP"]).replace("BIN", app["BIN"])
        return [line for line in text.splitlines() if re.search(own, line)]

    for pattern in case.shown:
        assert len(found(pattern)) == 1, (pattern, text[-3000:])
    for pattern in case.hidden:
        assert not found(pattern)
