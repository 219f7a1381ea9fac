"""What docs/ci.md and examples/ci show: files that parse, commands and options that exist."""

import re
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from onlooker.cli.main import COMMANDS, command
from onlooker.cli.parser import parse

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples/ci"
SCRIPTS = sorted(EXAMPLES.glob("*.sh"))
PAGE = (PROJECT / "docs/ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = [line for block in BLOCKS for line in block.splitlines() if re.match(r"(sudo )?onlooker [a-z]", line)]


def loaded(name):
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda each: each.name)
def test_scripts(script):
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text(encoding="utf-8").replace("\\\n", " ")
    called = re.findall(r'(?:"\$onlooker"|onlooker\}") ([a-z]+)((?: +(?:--?[a-z-]+|"[^"]*"|[a-z]+))*)', text)
    assert called
    for name, rest in called:
        words = [word for word in shlex.split(rest) if word != "${options[@]}"]
        parse(command(name), name, COMMANDS[name][1], words)


def test_there_are_commands_on_the_page():
    assert {shlex.split(line.removeprefix("sudo "))[1] for line in TYPED} >= {"record", "verify", "check"}


@pytest.mark.parametrize("line", TYPED)
def test_commands_on_the_page(line):
    _, name, *words = shlex.split(line.removeprefix("sudo ").partition(" 2>")[0])
    parse(command(name), name, COMMANDS[name][1], words)


def test_the_action():
    action = loaded("action.yml")
    assert action["runs"]["using"] == "composite"
    steps = action["runs"]["steps"]
    assert all("shell" in step for step in steps if "run" in step)
    assert all("uses" in step or "run" in step for step in steps)
    text = (EXAMPLES / "action.yml").read_text(encoding="utf-8")
    assert {*re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)} == {*action["inputs"]}
    # an expression in a script would run whatever an input holds
    assert not any("${{" in step["run"] for step in steps if "run" in step)
    for step in steps:
        for script in re.findall(r"\$ACTION/([a-z]+\.sh)", step.get("run", "")):
            assert EXAMPLES / script in SCRIPTS
        for name in re.findall(r"\$([A-Z_]+)", step.get("run", "")):
            assert name in step["env"] or name in ("RUNNER_TEMP", "GITHUB_STEP_SUMMARY")


def test_the_example_on_the_page_uses_the_action():
    [block] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    [step] = yaml.safe_load(block)
    assert {*step["with"]} <= {*loaded("action.yml")["inputs"]}
    comment = (EXAMPLES / "action.yml").read_text(encoding="utf-8")
    assert all(f"#         {line}" in comment for line in step["with"]["fail-on"].splitlines())
    for expression in step["with"]["fail-on"].splitlines():
        check_expression(expression)


def check_expression(expression):
    from onlooker.cli.check import any_of

    any_of([expression])


def test_the_gitlab_job():
    [(_, job)] = loaded("gitlab-ci.yml").items()
    assert job["artifacts"]["when"] == "always"
    text = " ".join((*job["script"], *job["after_script"]))
    assert {PROJECT / name for name in re.findall(r"examples/ci/[a-z]+\.sh", text)} == {*SCRIPTS}
    for expression in job["variables"]["FAIL_ON"].splitlines():
        check_expression(expression)
