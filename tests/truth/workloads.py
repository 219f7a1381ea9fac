"""What is run under strace and onlooker: what people run all day, and what is hard on a monitor. All of it offline."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pip as pip_package

SOURCES = Path(__file__).parent.parent / "workloads"
PATH = "/usr/local/bin:/usr/bin:/bin"  # not this environment's: that may lie where other users may not look
PYTHON = shutil.which("python3", path=PATH) or "python3"
Words = list[str | Path]


@dataclass(frozen=True)
class Workload:
    """A command, made by `prepare` in an empty directory before anybody watches.

    `at_least`: how many events of each kind it must have caused, so that nothing is ever found equal to nothing.
    `seccomp`: whether strace may use it; see `strace.command`.
    """

    name: str
    prepare: Callable[[Path], Words]
    at_least: Mapping[str, int]
    code: int = 0
    seccomp: bool = True


def environment(directory: Path) -> dict[str, str]:
    """Of every workload: nothing of this machine's user."""
    return {"PATH": PATH, "HOME": str(directory), "TMPDIR": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


SHELL = r"""
set -u
echo one two three > words
cat words | tr ' ' '\n' | sort > sorted
( cd / && cat < etc/hostname ) 2>/dev/null >> words
grep -c two words sorted missing 2>/dev/null
for name in 'with space' 'ünï' "new
line"; do : > "$name"; test -e "$name" && cat "$name"; done
x=$(head -c 3 words; echo "$(wc -l < sorted)")
not-a-command-at-all 2>/dev/null
./words 2>/dev/null
chmod +x words; ./words 2>/dev/null
printf '#!/bin/sh\nexit 7\n' > script; chmod +x script; ./script arg; echo "code $?"
printf '#!/no/interpreter\n' > broken; chmod +x broken; ./broken 2>/dev/null
sh -c 'kill -TERM $$' ; sh -c 'kill -KILL $$'
{ sleep 0.05 & } ; wait
cat no/such/file 2>/dev/null; cat < no/such/file
exit 0
"""
BASH = r"""
diff <(sort words) <(sort sorted) > /dev/null
mapfile -t lines < words
exec 7<> words; read -r -u 7 line; exec 7>&-
coproc { cat; }; echo hi >&"${COPROC[1]}"; exec {COPROC[1]}>&-; wait
cat <<< "here" > string
for i in 1 2 3; do (exit $i) & done; wait
trap 'echo bye > bye' EXIT
"""
ORPHANS = r"""
( setsid sh -c '( sleep 0.1; cat /etc/hostname; exit 23 ) &' & )
for i in 1 2 3 4 5 6 7; do (cat /etc/hostname; cat /nowhere) & done
sh -c 'sh -c "sleep 0.2; cat /etc/passwd" & exit 0'
env sh -c 'not-a-command-at-all'
wait
exit 5
"""


def shell(program: str, script: str) -> Callable[[Path], Words]:
    """A script of a shell."""

    def prepare(directory: Path) -> Words:
        (directory / "script.sh").write_text(script, encoding="utf-8")
        return [program, "script.sh"]

    return prepare


MAKEFILE = """\
OBJECTS := main.o first.o second.o
all: program ; ./program
program: $(OBJECTS) ; $(CC) -o $@ $^
%.o: %.c common.h ; $(CC) -O1 -c -o $@ $<
VERSION := $(shell cat version)
"""


def make(directory: Path) -> Words:
    """A C project of three files, built by two jobs at once."""
    (directory / "Makefile").write_text(MAKEFILE)
    (directory / "version").write_text("1\n")
    (directory / "common.h").write_text("int first(void); int second(void);\n")
    (directory / "main.c").write_text(
        '#include "common.h"\n#include <stdio.h>\nint main(void) { return first() + second(); }\n'
    )
    for name in ("first", "second"):
        (directory / f"{name}.c").write_text(f'#include "common.h"\nint {name}(void) {{ return 0; }}\n')
    return ["make", "-j2"]


GIT = """
set -e
git init -q -b main tree && cd tree
git config user.name T && git config user.email t@example.org
for i in 1 2 3; do echo "$i" > "file $i"; git add . ; git commit -q -m "commit $i"; done
git checkout -q -b side && echo side > side && git add side && git commit -q -m side
git checkout -q main && echo main > "file 1" && git commit -q -a -m main
git merge -q -m merge side
git branch -d side > /dev/null
git log --oneline | cat > /dev/null
git gc -q --prune=now
git fsck > /dev/null 2>&1
! git show nothing 2> /dev/null
"""


def pip(directory: Path) -> Words:
    """A wheel with a package of a few modules and a script; and a copy of pip to install it."""
    shutil.copytree(Path(pip_package.__file__).parent, directory / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    wheel = directory / "thing-1.0-py3-none-any.whl"
    info = "thing-1.0.dist-info"
    files = {
        **{f"thing/{name}.py": f"NAME = {name!r}\n" for name in ("__init__", "first", "second", "third")},
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nthing = thing.first:main\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    offline = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-index", "--no-deps"]
    options = ["--quiet", *offline, "--root-user-action=ignore", "--target", directory / "target"]
    return [PYTHON, "-m", "pip", "install", *options, wheel]


def find(directory: Path) -> Words:
    """A tree of 300 directories, and a program for some of its files."""
    for number in range(300):
        place = directory / f"{number % 10}" / f"{number % 30}" / f"{number}"
        place.mkdir(parents=True)
        (place / f"file-{number}").touch()
    (directory / "9" / "locked").symlink_to("/proc/1/fd")
    return ["find", directory, "-name", "file-*7", "-exec", "cat", "{}", ";"]


SUITE = """
import pathlib, subprocess, tempfile, threading, unittest

class Suite(unittest.TestCase):
    def test_files(self):
        with tempfile.TemporaryDirectory() as place:
            for name in ("a", "b\\n", "\\udcff"):
                (pathlib.Path(place) / name).write_text("x")
            with self.assertRaises(FileNotFoundError):
                open(place + "/missing")

    def test_programs(self):
        self.assertEqual(subprocess.run(["sh", "-c", "exit 3"]).returncode, 3)
        with self.assertRaises(FileNotFoundError):
            subprocess.run(["no-such-program-anywhere"])
        subprocess.run("true; true", shell=True, check=True)

    def test_threads(self):
        threads = [threading.Thread(target=lambda: open("/etc/passwd").close()) for _ in range(7)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
"""


def suite(directory: Path) -> Words:
    """A test suite in Python."""
    (directory / "test_suite.py").write_text(SUITE)
    return [PYTHON, "-m", "unittest", "-q"]


def compiled(name: str, *arguments: str | Path) -> Callable[[Path], Words]:
    """One of the C programs in `tests/workloads`."""

    def prepare(directory: Path) -> Words:
        program = directory / name
        subprocess.run(["cc", "-O1", "-pthread", "-o", program, SOURCES / f"{name}.c"], check=True)
        return [program, *arguments]

    return prepare


WORKLOADS = (
    Workload("sh", shell("sh", SHELL), {"fork": 15, "exec": 15, "exit": 15, "open": 50}),
    Workload("bash", shell("bash", SHELL + BASH), {"fork": 20, "exec": 15, "exit": 20, "open": 50}),
    # daemons and others whose parents end first, and many at once
    Workload("orphans", shell("sh", ORPHANS), {"fork": 20, "exec": 15, "exit": 20, "open": 30}, code=5),
    Workload("make", make, {"fork": 8, "exec": 8, "exit": 8, "open": 200}),
    Workload("git", shell("sh", GIT), {"fork": 20, "exec": 20, "exit": 20, "open": 200}),
    Workload("pip install", pip, {"exec": 1, "exit": 1, "open": 500}),
    Workload("find", find, {"fork": 30, "exec": 30, "exit": 30, "open": 300}),
    Workload("unittest", suite, {"fork": 10, "exec": 4, "exit": 4, "open": 100}),
    # a thread executes a program: with its seccomp filter, strace loses the result and the call after it
    Workload(
        "threads",
        compiled("threads", "8", "9", "/bin/true"),
        {"fork": 177, "exec": 25, "exit": 73, "open": 300},
        code=23,
        seccomp=False,
    ),
    Workload("fork storm", compiled("storm", "500"), {"fork": 499, "exec": 44, "exit": 500, "open": 700}),
)
