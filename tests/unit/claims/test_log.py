"""Logs of commands: text, and JSON lines."""

from contextlib import suppress

import pytest

from onlooker import UsageError
from onlooker.claims.log import read


def shown(*lines, **how):
    log = read(lines, **how)
    return [(each.line, each.shown) for each in log.claims], [line for line, _ in log.not_understood]


def test_a_command_a_line():
    lines = ["# what I did", "cd x && make", "", "$ git push", ": 1700000000:0;ls", "echo 'a", "b'", "make test"]
    found = [(2, "cd x"), (2, "make"), (4, "git push"), (5, "ls"), (6, "echo $'a\\nb'"), (8, "make test")]
    assert shown(*lines) == (found, [])


def test_a_line_that_is_not_understood_spoils_no_other():
    assert shown("make", "echo don't", "git push") == ([(1, "make"), (3, "git push")], [2])


def test_here_documents_and_functions_go_over_lines():
    lines = ["f() {", "  make", "}", "cat <<E", "rm -rf /", "E", "f"]
    log = read(lines)
    assert [(each.shown, each.is_built_in) for each in log.claims] == [("make", False), ("cat", False), ("f", True)]


@pytest.mark.parametrize("name", ["command", "cmd", "argv"])
def test_json_lines(name):
    lines = [f'{{"{name}":"cd x && make"}}', "", f'{{"{name}":["git","commit","-m","a; b"]}}', '{"other":1}', "{"]
    assert shown(*lines) == ([(1, "cd x"), (1, "make"), (3, "git commit -m 'a; b'")], [5])


def test_json_that_is_nested():
    line = '{"type":"x","message":{"content":[{"name":"B","input":{"command":"make"}},{"input":{"command":"ls"}}]}}'
    assert shown(line, field="command")[0] == [(1, "make"), (1, "ls")]
    assert shown(line, field="message.content.input.command") == shown(line, field="input.command")
    assert shown(line, field="input.command")[0] == [(1, "make"), (1, "ls")]
    assert shown(line, '{"type":"x"}', field="command")[1] == []


def test_json_without_commands():
    line = '{"message":{"tool":"x","code":1},"shell":"make"}'
    with pytest.raises(UsageError, match="the log has no field command, cmd or argv") as error:
        read([line])
    assert error.value.hint.endswith("--field NAME; the log has message.tool, shell")
    with pytest.raises(UsageError, match="the log has no field 'x'"):
        read([line], field="x")


def test_what_was_taken_out_of_the_recording_is_taken_out_of_the_log():
    assert read(["curl -u me:hunter2 x"], change=lambda text: text.replace("hunter2", "***")).claims[0].shown == (
        "curl -u 'me:***' x"
    )


@pytest.mark.parametrize("lines", [[], [""], ["# nothing"], ["\udcff\x00"], ["{" * 100_000]])
def test_odd_logs(lines):
    with suppress(UsageError):
        read(lines)
