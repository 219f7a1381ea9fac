"""The commands that answer a question, with a list in place of the kernel."""

import pytest
from msgspec import json

from onlooker import Monitor
from onlooker.cli.main import main
from onlooker.testing import FakeSource, make

from .watching import CUT, LOST

ANSWERS = ("reads", "writes", "missing", "denied", "who")


@pytest.fixture
def ask(capfd, monkeypatch):
    given = {}

    def asked(*arguments, events=()):
        def monitor(**how):
            given.clear()
            given.update(how)
            return Monitor(**how, source=FakeSource(events))

        monkeypatch.setattr("onlooker.cli.answer.Monitor", monitor)
        code = main([*arguments])
        out, err = capfd.readouterr()
        return code, out, err, given

    return asked


HIDDEN = "one of loader, locale, proc, path-search, noise"


def arguments(name):
    return (name, "/etc") if name == "who" else (name,)


def test_the_answer_on_standard_output_the_verdict_on_standard_error(ask):
    events = [make("open", real_path="/etc/a"), make("open", real_path="/etc/b"), make("open", real_path="/etc/a")]
    code, out, err, _ = ask("reads", events=[make("open", path=each.real_path, real_path=each.real_path, flags=("O_RDONLY",)) for each in events])  # fmt: skip # noqa: E501
    assert (code, out) == (
        0,
        "TIMES  HOW   FILE\n    2  read  /etc/a\n    1  read  /etc/b\nread 2 files, 3 times by fake\n",
    )
    watching = "onlooker: watching for files that are read…; Ctrl-C ends it, with the answer\n"
    assert err == watching + "onlooker: 0.0 s; complete\n"


@pytest.mark.parametrize("name", ANSWERS)
def test_what_was_lost_is_said_and_in_the_exit_code(ask, name):
    code, _, err, _ = ask(*arguments(name), events=[LOST])
    assert code == 1 and "incomplete: 45 events are missing" in err
    code, _, err, _ = ask(*arguments(name), "--quiet", events=[LOST])
    assert code == 1 and err.startswith("onlooker: incomplete: 45 events are missing")


@pytest.mark.parametrize("name", ANSWERS)
def test_json_and_quiet(ask, name):
    events = [make("open", path="/etc/x", real_path="/etc/x", flags=("O_RDWR",)), make("exec", path="/etc/y")]
    if name in ("missing", "denied"):
        error = "ENOENT" if name == "missing" else "EPERM"
        events = [make("open", path="/etc/x", flags=("O_RDWR",), errno=error)]
    code, out, err, given = ask(*arguments(name), "--output-format", "json", "-q", "--uid", "1000", events=events)
    first, *_ = map(json.decode, out.splitlines())
    assert (code, err, given["uid"]) == (0, "", ["1000"])
    assert first.get("file", first.get("name")) in ("/etc/x", "x")
    assert given["failed"] == (name == "denied")


def test_a_file(ask, tmp_path):
    path = tmp_path / "answer"
    code, out, _, _ = ask("denied", "-o", str(path), events=[CUT])
    assert (code, out, path.read_text()) == (0, "", "denied 0 times, 0 files\n")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("who",), "no path is given", "onlooker who /etc/resolv.conf"),
        (("who", ""), "no path is given", "onlooker who /etc/resolv.conf"),
        (("reads", "--output-format", "table"), "unknown output format of an answer 'table'", "one of text, json"),
        *[
            (arguments, "--no-resolve leaves out the paths that this answer is made of", "leave out --no-resolve")
            for arguments in (("who", "/etc", "--no-resolve"), *((name, "--no-resolve") for name in ANSWERS[:-1]))
        ],
        (("missing", "--hide", "noise,lib"), "unknown set to hide 'lib'", HIDDEN),
        (("reads", "--failed"), "unknown option '--failed'", "onlooker reads --help"),
        (("denied", "--count", "3"), "unknown option '--count'", "onlooker denied --help"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_remedy(ask, arguments, message, hint):
    code, out, err, _ = ask(*arguments)
    assert (code, out, err) == (2, "", f"onlooker: {message}\n\nhint: {hint}\n")


def test_missing_goes_by_the_loader_itself(ask):
    """What is hidden of a search is known at its end only."""
    events = [make("open", path=f"{place}/libx.so", errno="ENOENT") for place in ("/lib", "/usr/lib")]
    events += [make("stat", path="/usr/share/locale/x", errno="ENOENT")]
    _, out, _, given = ask("missing", "--hide", "noise", "--output-format", "json", events=events)
    assert given["hide"] == ["locale", "proc"]
    [row] = map(json.decode, out.splitlines())
    assert (row["name"], row["places"]) == ("libx.so", ["/lib/", "/usr/lib/"])


def test_a_path_that_is_not_there_may_come(ask, tmp_path):
    path = tmp_path / "x"
    made = make("open", path=str(path), real_path=str(path), flags=("O_WRONLY",), comm="sh")
    code, out, err, _ = ask("who", str(path), events=[made])
    assert (code, err.splitlines()[0]) == (0, f"onlooker: warning: there is no {str(path)!r} yet")
    assert f"written           {path}" in out
