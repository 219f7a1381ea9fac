"""ebpf-runner.py, the classic entry: it finds the project's environment by itself, or says how to make it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onlooker import __version__

RUNNER = Path(__file__).parents[3] / "ebpf-runner.py"
STAND_IN = '#!/bin/sh\nprintf "%s|" "$0" "$@"\nexit 23\n'


@pytest.fixture
def checkout(tmp_path):
    """A directory with nothing but the entry."""
    made = tmp_path / "check out"
    made.mkdir()
    shutil.copy(RUNNER, made)
    return made


def run(path, *arguments, **options):
    """By a python that has no onlooker."""
    command = [sys.executable, "-S", "-E", path, *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def built(checkout):
    program = checkout / ".venv" / "bin" / "onlooker"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return program


def test_without_an_environment_it_says_what_to_build(checkout):
    ended = run(checkout / RUNNER.name)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"onlooker: not built here: {checkout}/.venv/bin/onlooker is missing\n\nhint: make -C '{checkout}' build\n"
    )


def test_an_environment_that_was_moved_has_to_be_built_again(checkout):
    program = built(checkout)
    program.write_text("#!/nowhere/python\n")
    ended = run(checkout / RUNNER.name)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"onlooker: not built here: {program} can't be run: No such file or directory\n\n"
        f"hint: make -C '{checkout}' clean build\n"
    )


def test_it_runs_watch_in_its_own_environment(checkout):
    program = built(checkout)
    ended = run(checkout / RUNNER.name, "--filter", "two words", "")
    assert (ended.returncode, ended.stdout, ended.stderr) == (23, f"{program}|watch|--filter|two words||", "")


@pytest.mark.parametrize("words", [["watch"], ["watch", "--failed"], ["who", "--help"], ["doctor"], ["whoo"]])
def test_commands_are_those_of_onlooker(checkout, words):
    """Its hints name them."""
    program = built(checkout)
    assert run(checkout / RUNNER.name, *words).stdout == "|".join([str(program), *words, ""])


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_its_version_is_that_of_onlooker(checkout, option):
    program = built(checkout)
    assert run(checkout / RUNNER.name, option).stdout == f"{program}|{option}|"
    command = [sys.executable, RUNNER, option]
    assert subprocess.run(command, capture_output=True, text=True).stdout == f"onlooker {__version__}\n"


def test_it_follows_a_link_to_itself(checkout, tmp_path):
    program = built(checkout)
    link = tmp_path / "elsewhere"
    link.symlink_to(checkout / RUNNER.name)
    ended = run(link, "--failed")
    assert (ended.returncode, ended.stdout) == (23, f"{program}|watch|--failed|")


def test_it_is_found_from_its_own_directory(checkout):
    program = built(checkout)
    ended = run(RUNNER.name, cwd=checkout)
    assert (ended.returncode, ended.stdout) == (23, f"{program}|watch|")


def test_an_interpreter_that_has_onlooker_will_do(checkout):
    command = [sys.executable, checkout / RUNNER.name, "--filtr"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "onlooker: unknown option '--filtr'\n\nhint: did you mean '--filter'?\n"


def test_it_can_be_executed():
    assert os.access(RUNNER, os.X_OK)
