"""What the wheel installs for shells and man: made of the real options, and really completing."""

import argparse
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onlooker.cli import main as cli
from onlooker.cli.parser import parser
from onlooker.events import EVENT_GROUPS, TASK_EVENTS

SHARE = Path(sys.prefix, "share")
BASH = SHARE / "bash-completion/completions/onlooker"
ZSH = SHARE / "zsh/site-functions/_onlooker"
FISH = SHARE / "fish/vendor_completions.d/onlooker.fish"
PAGES = SHARE / "man/man1"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def run(*command: object, **options: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True, timeout=60, **options)
    assert done.stderr == ""
    return done.stdout


def options(command: str) -> set[str]:
    """Those that its help shows."""
    made = parser(cli.command(command), command, "x")
    return {name for action in made._actions if action.help != argparse.SUPPRESS for name in action.option_strings}


# what is typed, and what a shell then offers
TYPED = {
    "onlooker wa": {"watch"},
    "onlooker watch --out": {"--output-format", "--output"},
    "onlooker --out": {"--output-format", "--output"},
    "onlooker watch --output-format ": {"text", "json", "table"},
    "onlooker doctor --output-format ": {"text", "json"},
    "onlooker --failed --log-level w": {"warning"},
    "onlooker watch --events ": {*TASK_EVENTS, *EVENT_GROUPS},
    "onlooker watch --events ren": {"rename"},
    "onlooker watch --events open --fai": {"--failed"},
    "onlooker schema --": {"--help"},
    "onlooker who --output-format ": {"text", "json"},
    "onlooker watch --hide ": {"loader", "locale", "proc", "path-search", "noise"},
    "onlooker missing --hide pa": {"path-search"},
    "onlooker top --by c": {"comm", "cgroup"},
    "onlooker files --by ": {"process", "directory"},
    "onlooker diff --only f": {"files", "failures"},
}
# only in bash
LISTS = {
    "onlooker -e open,ren": {"open,rename"},
    "onlooker watch --events open,exec,ren": {"open,exec,rename"},
    "onlooker watch --events open,zz": set(),
    "onlooker reads --hide loader,lo": {"loader,loader", "loader,locale"},
}
COMMANDS = {
    "onlooker watch -- unsh": {"unshare"},
    "onlooker watch -e open,exec -- unsh": {"unshare"},
    "onlooker who /etc -- unsh": {"unshare"},
    "onlooker reads -- cat /etc/hostn": {"/etc/hostname"},
    "onlooker reads -- cat --events /etc/hostn": {"/etc/hostname"},
}


def in_bash(line: str) -> set[str]:
    """As readline asks: the words up to the cursor, and the function that `complete` names."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    script = r"""source "$1"; shift
        found=$(complete -p onlooker); found=${found##*-F }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        "${found%% *}" onlooker "${@: -1}" "${@: -2:1}"
        printf '%s\n' "${COMPREPLY[@]}" """
    return set(run("bash", "--norc", "-c", script, "bash", BASH, *words).split())


@pytest.mark.parametrize(("line", "offered"), (TYPED | LISTS | COMMANDS).items())
def test_bash_completes(line: str, offered: set[str]) -> None:
    assert in_bash(line) == offered


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_bash_completes_every_option(command: str) -> None:
    assert {*in_bash(f"onlooker {command} -"), *in_bash(f"onlooker {command} --")} >= options(command)


def test_bash_completes_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "events.txt").touch()
    (tmp_path / "a,b").touch()
    assert in_bash(f"onlooker watch -o {tmp_path}/a,") == {f"{tmp_path}/a,b"}
    assert in_bash(f"onlooker watch -o {tmp_path}/ev") == {f"{tmp_path}/events.txt"}


@needs("fish")
@pytest.mark.parametrize(("line", "offered"), TYPED.items())
def test_fish_completes(tmp_path: Path, line: str, offered: set[str]) -> None:
    script = f"source {shlex.quote(str(FISH))}; complete -C {shlex.quote(line)}"
    out = run("fish", "--no-config", "-c", script, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert {row.partition("\t")[0] for row in out.splitlines()} == offered


@needs("zsh")
def test_zsh_takes_its_file() -> None:
    run("zsh", "-n", ZSH)
    assert ZSH.read_text().startswith("#compdef onlooker\n")
    words = ZSH.read_text()
    assert all(option in words for command in cli.COMMANDS for option in options(command))


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_option_is_in_the_man_page(command: str) -> None:
    text = (PAGES / f"onlooker-{command}.1").read_text().replace("\\-", "-")
    assert f"onlooker-{command} - {cli.COMMANDS[command][1]}\n" in text
    assert all(f"\\fB{option}\\fR" in text for option in options(command) - {"-h", "--help"})
    assert ".TH ONLOOKER-" in text and ' "1" "" "onlooker ' in text  # no date: every build gives the same page


def test_the_first_page_names_the_others() -> None:
    text = (PAGES / "onlooker.1").read_text().replace("\\-", "-")
    assert all(f"onlooker-{name}(1)" in text for name in cli.COMMANDS)
    assert {path.stem for path in PAGES.glob("onlooker*.1")} == {"onlooker", *(f"onlooker-{n}" for n in cli.COMMANDS)}


@needs("man")
@needs("groff")
@pytest.mark.parametrize("page", ["onlooker", *(f"onlooker-{name}" for name in cli.COMMANDS)])
def test_a_page_renders_without_a_warning(page: str) -> None:
    env = {"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MANROFFOPT": "-ww"}
    shown = run("man", "--warnings", "-l", PAGES / f"{page}.1", env=env)
    lines = shown.splitlines()
    assert lines[0].startswith(page.upper()) and "NAME" in lines
    assert max(map(len, lines)) <= 80
