"""Words that a command does not take, and what was meant by them."""

import pytest

from onlooker.cli.main import main

from .recorded import record, told

HERE = "that is a recording: onlooker"
BEHIND = "the name of the recording comes behind -o: onlooker record -o"
ONE = "one recording at a time; onlooker diff compares two, onlooker query takes more"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "m")
    (tmp_path / "a b").mkdir()


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["record", "-o", "n", "--"], "no command is given behind --", "onlooker record -o n -- make"),
        (["watch", "--"], "no command is given behind --", "onlooker watch -- make"),
        (["who", "a b", "--"], "no command is given behind --", "onlooker who 'a b' -- make"),
        (["record", "x", "--", "make"], "unexpected argument 'x'", f"{BEHIND} x -- make"),
        (["record", "x y", "--", "make", "a b"], "unexpected argument 'x y'", f"{BEHIND} 'x y' -- make 'a b'"),
        (["record", "m", "--", "make"], "unexpected argument 'm'", f"{BEHIND} m -- make"),
        (
            ["replay", "--", "m", "--count", "1"],
            "unexpected argument '--count' behind --",
            "leave out --: onlooker replay m --count 1",
        ),
        (["export", "m", "trace"], "unexpected argument 'trace'", "did you mean --format trace?"),
        (["export", "m", "t.json"], "unexpected argument 't.json'", "did you mean -o t.json?"),
        (["verify", "m", "my log"], "unexpected argument 'my log'", "did you mean --against 'my log'?"),
        (["report", "m", "m.html"], "unexpected argument 'm.html'", "did you mean -o m.html?"),
        (["check", "m", "pid == 1"], "unexpected argument 'pid == 1'", "did you mean --fail-on 'pid == 1'?"),
        (["agent", "check", "a.toml"], "unexpected argument 'a.toml'", "did you mean --config a.toml?"),
        (["files", "m", "/etc"], "unexpected argument '/etc'", "did you mean --under /etc?"),
        (["watch", "a b"], "unexpected argument 'a b'", "did you mean --path 'a b'?"),
        (["files", "m", "\0"], r"unexpected argument '\x00'", "onlooker files --help"),
        (["show", "m", "1", "2"], "unexpected argument '2'", "onlooker show --help"),
        *(
            ([command, "m", "m"], "unexpected argument 'm'", ONE)
            for command in ("replay", "tree", "files", "check", "verify")
        ),
        (["diff", "m", "m", "m"], "unexpected argument 'm'", "onlooker diff compares two; onlooker query takes more"),
        *(
            ([command, "m"], "unexpected argument 'm'", f"{HERE} replay m")
            for command in ("watch", "top", "record", "denied")
        ),
        (["reads", "m"], "unexpected argument 'm'", f"{HERE} files m --read"),
        (["missing", "m"], "unexpected argument 'm'", f"{HERE} files m --missing"),
        (["m"], "unknown command 'm'", f"{HERE} replay m"),
        (["tree", "m", "-o"], "-o needs a value", "-o result.txt"),
        (["tree", "m", "-o", ""], "no file is given to -o", "-o result.txt"),
        (["show", "m", "--index", "1"], "--index is for a process", "onlooker show m PID --index N"),
        *(
            (
                [*words, option, value, "--", "true"] if words == ["record"] else [*words, option, value],
                f"a pattern that {what}: {value!r}",
                hint,
            )
            for words in (["record"], ["export", "m", "--format", "json"], ["verify", "m", "--against", "m"])
            for option, value, what, hint in (
                ("--redact-pattern", "", "matches no character", "--redact-pattern 'corp-[0-9]{8}'"),
                (
                    "--redact-pattern",
                    "(a+)+",
                    "can take for ever",
                    "repeat once: a+ in place of (a+)+, or (?>a+)+, which tries nothing twice",
                ),
            )
        ),
    ],
)
def test_what_was_meant(capfd, words, message, hint):
    assert told(capfd, *words) == (2, [], f"onlooker: {message}\n\nhint: {hint}\n")


@pytest.mark.parametrize(
    "words",
    [
        ["record", "-o", "no dir/x", "--", "true"],
        ["replay", "m", "-o", "no dir/x"],
        ["tree", "m", "-o", "no dir/x"],
        ["export", "m", "--format", "json", "-o", "no dir/x"],
        ["report", "m", "-o", "no dir/x"],
        ["query", "m", "FROM opens", "-o", "no dir/x"],
    ],
)
def test_a_directory_that_is_not_there(capfd, words):
    said = "onlooker: cannot write the output: there is no directory 'no dir'\n\nhint: mkdir -p 'no dir'\n"
    assert told(capfd, *words) == (1, [], said)


@pytest.mark.parametrize(
    "words",
    [
        ["replay", "-"],
        ["check", "-", "--fail-on", "pid == 1"],
        ["tree", "-"],
        ["show", "-"],
        ["diff", "m", "-"],
        ["verify", "-", "--against", "m"],
        ["export", "-", "--format", "json"],
        ["report", "-", "-o", "x.html"],
        ["query", "-", "FROM opens"],
        ["query", "m", "-", "FROM opens"],
    ],
)
def test_a_recording_is_no_stream(capfd, words):
    code, _, err = told(capfd, *words)
    assert code == 2 and err.startswith("onlooker: a recording is a directory, not a stream\n\nhint: ")


HOSTILE = "a\nb\x1b[31m\udcff"


@pytest.mark.parametrize(
    "words",
    [
        ["replay", HOSTILE],
        ["check", HOSTILE, "--fail-on", "pid == 1"],
        ["check", HOSTILE],
        ["tree", HOSTILE, "--pid", "5"],
        ["show", HOSTILE],
        ["show", HOSTILE, "gcc"],
        ["show", HOSTILE, HOSTILE],
        ["files", HOSTILE],
        ["files", HOSTILE, "--undeclared-by", HOSTILE],
        ["diff", HOSTILE, HOSTILE],
        ["verify", HOSTILE],
        ["verify", HOSTILE, "--against", HOSTILE],
        ["export", HOSTILE],
        ["export", HOSTILE, "--format", "json", "-o", f"{HOSTILE}.out"],
        ["export", HOSTILE, "--format", "json", "-o", HOSTILE],
        ["report", HOSTILE, "-o", f"{HOSTILE}.html"],
        ["report", HOSTILE, HOSTILE],
        ["query", HOSTILE, "FROM opens"],
        ["query", HOSTILE],
        ["record", HOSTILE, "--", HOSTILE],
        ["record", "--", HOSTILE],
        ["record", "-o", HOSTILE, "--", "true"],
        ["record", "-o", f"{HOSTILE}/{HOSTILE}/x", "--", "true"],
        ["watch", HOSTILE],
        [HOSTILE],
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_no_name_breaks_a_message(capfdbinary, tmp_path, words, last):
    """Each line of standard error is ours, and nothing in it changes the look of a terminal."""
    record(tmp_path / HOSTILE, last=last, settings={"events": ["exec", HOSTILE], "path": [HOSTILE]})
    main(words)
    out, err = capfdbinary.readouterr()
    for line in err.decode().splitlines():
        assert line == "" or line.startswith(("onlooker: ", "hint: "))
        assert line.isprintable()
    assert b"\x1b" not in out
