"""Answers to what a shell really did, 23 times."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import json

from .commands import ONLOOKER, started, watching
from .conftest import Workloads, fresh_name

TIMES = 23


def shell(workloads: Workloads) -> Path:
    """Its own name is its process's."""
    path = workloads.directory / fresh_name()
    shutil.copy(Path(shutil.which("bash") or "").resolve(), path)
    return path


def ask(command: Sequence[str], options: Sequence[str], *run: str | Path) -> list[dict[str, Any]]:
    """The rows of the answer to what was run meanwhile."""
    with watching(*options, "--output-format", "json", command=(*ONLOOKER, *command)) as running:
        subprocess.run(run, check=False, stderr=subprocess.DEVNULL)
        ended = running.end()
    assert ended.code == 0 and "complete" in ended.err.splitlines()[-1].split("; "), ended
    return [json.decode(line) for line in ended.lines]


def test_reads(workloads: Workloads, scratch: Path) -> None:
    program = shell(workloads)
    Path("f").touch()
    rows = ask(["reads"], ["--filter", program.name], program, "-c", f"for i in {{1..{TIMES}}}; do : < f; done")
    found = {row["file"]: (row["count"], row["actions"]) for row in rows}
    assert found[f"{scratch}/f"] == (TIMES, ["read"])
    assert found[str(program)] == (1, ["executed"])


def test_writes(workloads: Workloads, scratch: Path) -> None:
    program = shell(workloads)
    rows = ask(["writes"], ["--filter", program.name], program, "-c", f"for i in {{1..{TIMES}}}; do : >> f; done")
    found = {row["file"]: (row["count"], row["actions"]) for row in rows}
    assert found == {f"{scratch}/f": (TIMES, ["created", "appended"])}


def test_missing(workloads: Workloads, scratch: Path) -> None:
    """A search through $PATH is one row; execvp(3) searches by executing, a shell by stat(2)."""
    program = shell(workloads)
    name = fresh_name()
    rows = ask(["missing"], ["--filter", program.name], program, "-c", f"for i in {{1..{TIMES}}}; do : < {name}; done")
    assert [(row["count"], row["places"]) for row in rows if row["name"] == name] == [(TIMES, [f"{scratch}/"])]
    for place in "abc":
        Path(place).mkdir()
    Path("c", name).symlink_to(shutil.which("true") or "")
    path = ":".join(f"{scratch}/{place}" for place in "abc")
    for command in (("env", f"PATH={path}", name), (program, "-c", f"PATH={path} {name}")):
        rows = ask(["missing"], ["--filter", f"env,{name},{program.name}"], *command)
        [row] = [row for row in rows if row["name"] == name]
        assert (row["places"], row["found"]) == ([f"{scratch}/a/", f"{scratch}/b/"], f"{scratch}/c/")


MISSING_CALLS = {
    "unlink": "remove", "rmdir": "remove", "mkdir": "create", "rename": "rename", "link": "link", "symlink": "symlink",
    "chmod": "chmod", "chown": "chown", "truncate": "truncate", "utime": "set times", "setxattr": "set xattr",
    "removexattr": "remove xattr", "readlink": "read link", "chdir": "enter", "stat": "stat", "access": "ask",
    "open": "read",
}  # fmt: skip
MISS = """
import os, sys
more = {"rename": ("no/new",), "link": ("no/new",), "chmod": (0,), "chown": (0, 0), "truncate": (0,), "access": (0,),
    "setxattr": ("user.x", b""), "removexattr": ("user.x",), "open": (0,)}
for call in sys.argv[2:]:
    for number in range(int(sys.argv[1])):
        try:
            first = ("target",) if call == "symlink" else ()
            getattr(os, call)(*first, f"no/./{call}" if number % 2 else f"no//{call}", *more.get(call, ()))
        except FileNotFoundError:
            pass
"""


def test_every_call_that_misses_a_file(scratch: Path) -> None:
    """However the path is spelt, it is one row."""
    rows = ask(["missing"], [], sys.executable, "-c", MISS, str(TIMES), *MISSING_CALLS)
    found = {row["name"]: row for row in rows if row["places"] == [f"{scratch}/no/"]}
    assert {name: (row["count"], row["wanted"]) for name, row in found.items()} == {
        call: (TIMES, [wanted]) for call, wanted in MISSING_CALLS.items()
    }
    assert found["rename"]["new_file"] == found["link"]["new_file"] == f"{scratch}/no/new"


def test_denied(workloads: Workloads, scratch: Path) -> None:
    program = shell(workloads)
    scratch.chmod(0o755)
    Path("f").touch(0o600)
    script = f"for i in {{1..{TIMES}}}; do : < f; done; : > f; : > g"
    user = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all")
    rows = ask(["denied"], ["--filter", program.name], *user, program, "-c", script)
    here = [row for row in rows if row["file"].startswith(f"{scratch}/")]  # a shell may look at $PWD, too
    found = {(row["file"], ", ".join(row["wanted"])): (row["count"], row["errno"], row["uid"]) for row in here}
    assert found == {
        (f"{scratch}/f", "read"): (TIMES, "EACCES", 65534),
        (f"{scratch}/f", "create, write"): (1, "EACCES", 65534),
        (f"{scratch}/g", "create, write"): (1, "EACCES", 65534),
    }


def test_who(workloads: Workloads, scratch: Path) -> None:
    """A path that is not there at first; each thing once; who started the program that did it."""
    program = shell(workloads)
    script = f"for i in {{1..{TIMES}}}; do : >> d/f; done; mv d/f d/g; cat d/g; :"
    rows = ask(["who", "d"], [], program, "-c", f"mkdir d; {script}")
    found = [(", ".join(row["actions"]), row["file"], row.get("new_file"), row["argv"][0]) for row in rows]
    assert found == [
        ("created", f"{scratch}/d", None, "mkdir"),
        ("created, appended", f"{scratch}/d/f", None, str(program)),
        ("appended", f"{scratch}/d/f", None, str(program)),
        ("renamed", f"{scratch}/d/f", f"{scratch}/d/g", "mv"),
    ]
    made, changed, _, moved = rows
    assert made["parents"][0] == moved["parents"][0] == changed["comm"] == program.name
    assert (
        made["parent_pids"][:2] == [changed["pid"], os.getpid()] and made["parent_pids"][1:] == changed["parent_pids"]
    )
    assert moved["argv"] == ["mv", "d/f", "d/g"] and "unknown_parent" not in moved


def test_top(workloads: Workloads, scratch: Path) -> None:
    program = shell(workloads)
    Path("f").touch()
    # it lives longer than a second, and what it starts less
    script = f"for i in {{1..{TIMES}}}; do : < f; : > g; (:); done; : < no; until ((SECONDS >= 2)); do :; done"
    [row] = ask(
        ["top", "--by", "comm", "--once", "--duration", "1h"], ["--filter", program.name], program, "-c", script
    )
    assert row["group"] == program.name
    assert (row["forks"], row["execs"], row["writes"], row["short"]) == (TIMES, 1, TIMES, TIMES)
    assert row["opens"] >= 2 * TIMES and row["failed"] >= 1 and row["cpu_ns"] > 1e8


def test_top_in_a_terminal(workloads: Workloads, scratch: Path) -> None:
    """It shows its own cost, takes keys, and leaves the terminal as it was, with the last table on it."""
    program = shell(workloads)
    pid, terminal = pty.fork()
    if not pid:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))  # before it looks
        os.execv(sys.executable, [*ONLOOKER, "top", "--interval", "250ms", "--by", "comm", "--filter", program.name])
    shown, sent = b"", b""
    with started(str(program), "-c", "while :; do (:); read -t 0.01 < <(:); done"):
        while True:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # it has ended
                break
            if not sent and shown.count(b" in the kernel") >= 2:
                sent = b"x q"
                os.write(terminal, sent)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    live, last = shown.decode().split("\x1b[?1049l\x1b[?25h")
    assert (status, live.count("\x1b[?1049h")) == (0, 1)
    *_, frame = live.split("\x1b[H")
    assert "paused" in frame
    for rows in (re.sub(r"\x1b\[.", "", frame).split("\r\n"), last.split("\r\n")):
        assert all(len(row) <= 80 for row in rows) and len(rows) <= 24
        assert rows[1].endswith(f"  {program.name}"), rows
    assert last.split("\r\n")[-2].startswith("onlooker: ")
