"""`onlooker watch` with a list in place of the kernel: what it prints, what it says at the end, and its exit code."""

import os
from pathlib import Path

import pytest

from onlooker import Attachment, CapabilityError, LoadError
from onlooker.output.text import TextFormatter
from onlooker.testing import FakeSource, make

from ..batches import formatted
from .watching import COMPLETE, CUT, HEAD, LOST, said


@pytest.mark.parametrize("rate", [0, 7])
def test_a_rate_of_0_is_none_as_in_python(watch, rate):
    assert watch("--rate", str(rate))[0] == 0
    assert watch.given["rate"] == rate


def test_events_on_standard_output_the_rest_on_standard_error(watch):
    events = [make("exec"), make("open"), make("exit")]
    code, out, err = watch(events=events)
    assert (code, out) == (0, formatted(TextFormatter(), events).decode())
    assert err == HEAD + said("3 events in 0.0 s: 1 exec, 1 exit, 1 open") + COMPLETE


def test_what_was_lost_is_the_verdict_and_the_exit_code(watch):
    code, out, err = watch(events=[make("open"), LOST, CUT])
    assert code == 1
    assert out.count("\n") == 3
    assert err == HEAD + said(
        "2 events in 0.0 s: 2 open",
        "lost: 45 open (ring full)",
        "incomplete: 45 events are missing; 1 event has a field that is not whole (marked: cut); "
        "a larger --buffer-size or a narrower --filter may help",
    )


@pytest.mark.parametrize(("count", "cut"), [(1, ""), (3, "; 1 event has a field that is not whole (marked: cut)")])
def test_after_the_count_nothing_is_shown_and_nothing_counts(watch, count, cut):
    events = [make("open"), make("open"), CUT, CUT, make("open")]
    code, out, err = watch("--count", str(count), events=events)
    assert (code, out) == (0, formatted(TextFormatter(), events[:count]).decode())
    number = f"{count} event{'s' if count > 1 else ''}"
    assert err == HEAD + said(f"{number} in 0.0 s: {count} open", "lost: nothing", f"complete{cut}")


def test_json_and_table(watch):
    code, out, _ = watch("--output-format", "json", events=[make("open", path="/x")])
    assert (code, out.count("\n")) == (0, 1)
    assert '"path":"/x"' in out
    code, out, _ = watch("--output-format", "table", events=[make("open", path="/x")])
    assert (code, out.count("\n")) == (0, 2)
    assert out.startswith("TIME ")


def test_users_are_named_on_request(watch):
    events = [make("open", uid=0, path="/x"), make("exit", uid=4294967294), LOST]
    _, out, _ = watch("--names", events=events)
    plain = formatted(TextFormatter(), events).decode().splitlines()
    assert out.splitlines() == [f"{plain[0]} [user: root]", f"{plain[1]} [user: 4294967294]", plain[2]]
    _, out, _ = watch("--names", "--output-format", "table", events=events)
    assert " USER " in out.splitlines()[0] and " root " in out.splitlines()[1]


def test_every_option_reaches_the_monitor(watch):
    options = "--events exec,exit --events open --filter a --filter b* --pid 1,2 --pid 3 --uid root --failed --threads"
    options += " --first --rate 7 --max-args-bytes 4K --with user --with unit"
    where = "--where", "pid == 1", "--where=uid == 2"
    code, _, err = watch(*options.split(), *where, "--uid", " 5\n6 ", "--buffer-size", "1M", "--attach", "raw")
    assert code == 0
    assert watch.given == {
        "events": ["exec", "exit", "open"],
        "comm": ["a", "b*"],
        "pid": [1, 2, 3],
        "uid": ["root", "5", "6"],
        "exe": (),
        "cgroup": (),
        "failed": True,
        "success": False,
        "path": (),
        "writes": False,
        "arg": (),
        "exclude": (),
        "hide": [],
        "threads": True,
        "where": ["pid == 1", "uid == 2"],
        "first": True,
        "rate": 7,
        "command": None,
        "user": None,
        "detach": False,
        "buffer_bytes": 1 << 20,
        "max_args_bytes": 4 << 10,
        "context": ("user", "unit"),
        "attach": "raw",
        "resolve": True,
        "least_rights": True,
    }
    note = "threads adds only fork events, and a fork that failed is not reported"
    what = "exec, exit, open of some processes; only failures; only those that match"
    assert err.startswith(f"onlooker: warning: {note}\nonlooker: watching {what}; Ctrl-C ends it\n")


def test_options_that_are_short_for_an_expression(watch, tmp_path):
    missing = tmp_path / "a, b"
    events = [make("open", path=f"{missing}/x", flags=("O_WRONLY",)), make("open", path=f"{missing}/y"), make("open")]
    options = (
        "--path",
        str(missing),
        "--path",
        "/",
        "--writes",
        "--exclude",
        "uid == 7",
        "--hide",
        "loader,proc",
        "-u",
        "1000",
    )
    code, out, err = watch(*options, events=events)
    assert (code, out.count("\n")) == (0, 1)
    assert watch.given["path"] == [str(missing), "/"]
    assert (watch.given["hide"], watch.given["exclude"], watch.given["uid"]) == (
        ["loader", "proc"],
        ["uid == 7"],
        ["1000"],
    )
    assert err.startswith(
        f"onlooker: warning: there is no {str(missing)!r} yet\nonlooker: watching open, rename, unlink, "
    )
    code, out, _ = watch("--arg=-c", "--success", events=[make("exec", argv=("sh", "-c")), make("exec")])
    assert (code, out.count("\n")) == (0, 1)
    assert watch.given["arg"] == ["-c"]


def test_short_forms(watch):
    assert watch(*["-e", "exec", "-f", "a", "-p", "7", "-u", "5", "-q", "-o", "-"])[0] == 0
    assert [watch.given[name] for name in ("events", "comm", "pid", "uid")] == [["exec"], ["a"], [7], ["5"]]


def test_without_options_everything_is_watched(watch):
    assert watch()[0] == 0
    assert watch.given == {
        "events": None,
        "comm": [],
        "pid": [],
        "uid": [],
        "exe": (),
        "cgroup": (),
        "failed": False,
        "success": False,
        "path": (),
        "writes": False,
        "arg": (),
        "exclude": (),
        "hide": [],
        "threads": False,
        "where": (),
        "first": False,
        "rate": 0,
        "command": None,
        "user": None,
        "detach": False,
        "buffer_bytes": 16 << 20,
        "max_args_bytes": 256 << 10,
        "context": (),
        "attach": None,
        "resolve": True,
        "least_rights": True,
    }


@pytest.mark.parametrize("option", ["--filter", "--events", "--pid", "--uid"])
def test_every_list_is_taken_alike(watch, option):
    name, items = {
        "--filter": ("comm", ["a", "b c", "d"]),
        "--events": ("events", ["exec", "exit", "open"]),
        "--pid": ("pid", [1, 2, 3]),
        "--uid": ("uid", ["0", "1", "root"]),
    }[option]
    one, two, three = (f"'{item}'" if " " in str(item) else str(item) for item in items)
    for words in (
        [one, two, three],
        [f"{one},{two}", three],
        [f"{one} {two}\n{three}\n"],
        [f" {one}, {two}\t,{three},"],
    ):
        arguments = [word for value in words for word in (option, value)]
        assert watch(*arguments)[0] == 0
        assert watch.given[name] == items


def test_a_name_with_a_space_that_a_process_has_is_noted(watch):
    said_ = "'a b' is read as 2 names; if it is one name, type --filter '\"a b\"'"
    before = Path("/proc/self/comm").read_bytes()[:-1]
    Path("/proc/self/comm").write_bytes(b"a b")
    try:
        assert said("warning: " + said_) in watch("--filter", "a b")[2]
        assert "warning" not in watch("--filter", '"a b"')[2]
        assert watch.given["comm"] == ["a b"]
    finally:
        Path("/proc/self/comm").write_bytes(before)
    assert "warning" not in watch("--filter", "a b")[2]


def test_a_user_without_processes_is_noted_for_debugging(watch):
    users = f"4294967293,0004294967,{os.getuid()}"
    note = said("debug: these users have no process now: 4294967293, 0004294967")
    assert note in watch("--uid", users, "--log-level", "debug")[2]
    assert "no process" not in watch("--uid", users, "--log-level", "info")[2]


class Doubtful(FakeSource):
    """Where not every process id can match."""

    notes = ("no such process: 7",)


def test_process_ids_that_can_match_nothing_are_noted(watch):
    assert said("warning: no such process: 7") in watch("--pid", "7,8", source=Doubtful([]))[2]


def test_the_look_up_of_files_can_be_left_out(watch):
    assert watch("--no-resolve")[0] == 0
    assert watch.given["resolve"] is False


def test_a_long_name_is_noted(watch):
    _, _, err = watch("--filter", "a-name-of-17-byte")
    assert err.startswith("onlooker: warning: process names have at most 15 bytes: comparing with 'a-name-of-17-by'\n")
    assert "warning" not in watch("--filter", "a-name-of-17-byte", "--log-level", "error")[2]


class Attached(FakeSource):
    """One that does not see everything."""

    attached = (
        Attachment("exec", "success", "raw tracepoint", ("on_exec",), "a reason"),
        Attachment("open", "all", "raw tracepoint", ("on_call_exit",), "another", "a few"),
    )


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("warning", ["warning: this run does not see a few: it observes open (all) by raw tracepoint"]),
        (
            "info",
            [
                "info: exec (success): raw tracepoint, on_exec: a reason",
                "info: open (all): raw tracepoint, on_call_exit: another",
                "warning: this run does not see a few: it observes open (all) by raw tracepoint",
            ],
        ),
    ],
)
def test_how_events_are_observed_is_told(watch, level, lines):
    _, _, err = watch("--log-level", level, source=Attached([]))
    head = HEAD.replace("fork, exec, exit, open", "exec, open")
    assert err == "".join(map(said, lines)) + head + said("0 events in 0.0 s") + COMPLETE


@pytest.mark.parametrize("options", [["-q"], ["--quiet"], ["--log-level", "error"], ["-q", "--log-level", "debug"]])
def test_events_and_errors_only(watch, options):
    code, out, err = watch(*options, "--filter", "/a/name", source=Attached([make("open", comm="name")]))
    assert (code, out, err) == (0, "", "")
    code, out, err = watch(*options, events=[make("open"), LOST])
    assert (code, out.count("\n")) == (1, 2)
    hint = "a larger --buffer-size or a narrower --filter may help"
    assert err == said(f"incomplete: 45 events are missing; {hint}")


def test_a_file_that_cannot_be_written(watch, tmp_path):
    code, out, err = watch("-q", "-o", str(tmp_path), events=[make("open")])
    assert (code, out) == (1, "")
    where = f"cannot write the output: '{tmp_path}': Is a directory"
    assert err == f"onlooker: {where}\n\nhint: choose another file: -o FILE\n"


class Refused(FakeSource):
    """Cannot start."""

    def __init__(self, error):
        super().__init__([])
        self._error = error

    def start(self, wanted):
        raise self._error


def test_what_this_user_cannot_is_told(watch):
    code, out, err = watch(source=Refused(CapabilityError(("CAP_BPF", "CAP_PERFMON"))))
    assert (code, out) == (3, "")
    assert err == (
        "onlooker: not permitted to observe the kernel: CAP_BPF and CAP_PERFMON are missing\n\n"
        "hint: run it as root: sudo onlooker watch\n"
    )


def test_the_hint_repeats_what_was_typed():
    error = CapabilityError(("CAP_BPF",))
    error.after(["agent", "--config", "/a b"])
    assert error.command_hint == "run it as root: sudo onlooker agent --config '/a b'"
    error.after(["record", *["--pid=1"] * 100])
    assert error.command_hint == "run it as root: sudo onlooker record ..."
    inside = CapabilityError(("CAP_BPF",), "you are root only inside a user namespace")
    inside.after(["watch"])
    assert (inside.command_hint, inside.hint) == ("", "run it as root of the machine itself")


def test_the_verifiers_words_are_for_debugging(watch):
    error = LoadError("the kernel refused the probe", "line 1\nline 2\n")
    code, _, err = watch(source=Refused(error))
    assert (code, err) == (3, f"onlooker: the kernel refused the probe\n\nhint: {error.hint}\n")
    _, _, err = watch("--log-level", "debug", source=Refused(error))
    assert err.startswith("onlooker: debug: line 1\nonlooker: debug: line 2\nonlooker: the kernel refused the probe\n")
