"""A recording against a log: what is in one of them only."""

import pytest

from onlooker.answers.page import Page
from onlooker.answers.verify import Verify
from onlooker.claims.log import read

from ..recordings.lives import batches, end, execute, life


def asked(events, *lines, **how):
    made = Verify(read(lines), **how)
    for batch in batches(*events):
        made.take(batch)
    return made


def of(made, kind):
    return [row for row in made.rows() if row["kind"] == kind]


def ran(made):
    return [" ".join(row["argv"]) for row in of(made, "not_in_log")]


def missing(made, kind="did_not_run"):
    return [row["command"] for row in of(made, kind)]


def shell(*children):
    """A shell, the recorded command, that runs these one after the other."""
    events = [execute(1, 100, 1, "bash", "session", ppid=99)]
    for number, argv in enumerate(children):
        how = {"exit_code": 1} if argv[0] == "fails" else {}
        events += life(100, 1, 200 + number, 2 + number, *argv, **how)
    return [*events, end(90, 100, 1, ppid=99, comm="bash")]


COMMAND = ("bash", "session")


def test_all_is_in_both():
    events = shell(("git", "status"), ("make", "-j4"))
    made = asked(events, "git status", "cd x && make -j4", command=COMMAND)
    assert not made.differs and ran(made) == missing(made) == []
    assert missing(made, "built_in") == ["cd x"]
    [said] = of(made, "sum")
    assert (said["commands"], said["ran"], said["executions"], said["not_in_log"]) == (3, 2, 3, 0)


def test_what_ran_and_is_not_in_the_log():
    made = asked(shell(("git", "status"), ("curl", "x")), "git status", command=COMMAND)
    [row] = of(made, "not_in_log")
    assert made.differs and row["argv"] == ("curl", "x")
    assert (row["pid"], row["parents"], row["program"]) == (201, ["bash (100)"], "/usr/bin/curl")


def test_what_is_in_the_log_and_did_not_run():
    made = asked(shell(("git", "status")), "git status", "git push", command=COMMAND)
    assert made.differs and missing(made) == ["git push"] and of(made, "did_not_run")[0]["line"] == 2


def test_arguments_count():
    made = asked(shell(("rm", "-rf", "/")), "rm -rf /tmp/x", command=COMMAND)
    assert ran(made) == ["rm -rf /"] and missing(made) == ["rm -rf /tmp/x"]


def test_descendants_are_explained_by_what_started_them():
    events = [*shell(("make", "all")), *life(200, 2, 300, 2.1, "cc", "a.c", until=2.4), *life(300, 2.1, 301, 2.2, "as")]
    assert not asked(events, "make all", command=COMMAND).differs
    assert not asked(events, "make all", command=COMMAND, strict=True).differs  # make is no shell


def test_a_shell_explains_what_it_runs_unless_that_is_forbidden():
    events = [*shell(("sh", "setup.sh")), *life(200, 2, 300, 2.1, "apt-get", "install", "x", until=2.4)]
    events += life(300, 2.1, 301, 2.2, "dpkg", "-i", until=2.3)
    assert not asked(events, "sh setup.sh", command=COMMAND).differs
    made = asked(events, "sh setup.sh", command=COMMAND, strict=True)
    assert ran(made) == ["apt-get install x", "dpkg -i"]
    assert [row["top"] for row in of(made, "not_in_log")] == [True, False]
    assert not asked(events, "sh setup.sh", "apt-get install x", command=COMMAND, strict=True).differs


def test_only_the_topmost_is_shown_to_people():
    events = [
        *shell(("sh", "evil")),
        *life(200, 2, 300, 2.1, "a", until=2.4),
        *life(300, 2.1, 301, 2.2, "b", until=2.3),
    ]
    lines = list(asked(events, "ls", command=COMMAND).lines(Page()))
    assert lines == [
        "ran and not in the log:",
        " TIME  PID  FROM        COMMAND",
        "1.010  200  bash (100)  sh evil [2 more below]",
        "in the log and did not run:",
        "  line 1: ls",
        "1 command in the log, 0 ran, 1 did not; 4 executions, 3 not in the log",
    ]


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("git", "status"), "/usr/bin/git status"),
        (("sudo", "-u", "me", "make"), "make"),
        (("sudo", "make"), "sudo make"),
        (("make",), "sudo make"),
        (("env", "A=1", "timeout", "5", "make"), "make"),
        (("sh", "-c", "make && git push"), "make && git push"),
        (("sh", "-c", "cd /x; make; pwd"), "make"),
        (("sh", "-c", "make; git push"), "git push\nmake"),
        (("sh", "-c", "make 2>/dev/null"), "make"),
        (("bash", "-lc", "eval 'npm test'"), "npm test"),
        (("sh", "-c", "cc $X"), "cc $X"),
        (("sh", "-c", "echo x >y"), "sudo sh -c 'echo x >y'"),
    ],
)
def test_what_is_alike(argv, line):
    made = asked(shell(argv), *line.split("\n"), command=COMMAND)
    assert ran(made) == []


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("sh", "-c", "make; curl x | sh"), "make"),
        (("sh", "-c", "make >/etc/x"), "make"),
        (("sh", "-c", "echo x"), "make"),
        (("sh", "-c", "'"), "make"),
        (("sudo", "rm", "x"), "sudo"),
    ],
)
def test_what_is_not_alike(argv, line):
    assert ran(asked(shell(argv), line, command=COMMAND)) == [" ".join(argv)]


def test_the_name_that_a_program_is_given_says_nothing():
    events = [*shell(), *life(100, 1, 200, 2)]
    events += [execute(2.1, 200, 2, "git", "status", path="/tmp/evil", exe="/tmp/evil")]
    assert ran(asked(events, "git status", command=COMMAND)) == ["git status"]


def test_a_program_from_elsewhere_is_told():
    events = [*shell(), *life(100, 1, 200, 2)]
    events += [execute(2.1, 200, 2, "git", "status", path="/tmp/git", exe="/tmp/git")]
    made = asked(events, "git status", command=COMMAND)
    assert not made.differs and of(made, "elsewhere") == [
        {"kind": "elsewhere", "command": "git", "program": "/tmp/git"}
    ]
    assert asked(events, "/usr/bin/git status", command=COMMAND).differs


def test_a_script_and_its_interpreter():
    events = [*shell(), *life(100, 1, 200, 2)]
    events += [execute(2.1, 200, 2, "/bin/sh", "./a.sh", "x", path="./a.sh", exe="/usr/bin/dash", cwd="/srv")]
    assert not asked(events, "./a.sh x", command=COMMAND).differs
    assert not asked(events, "/srv/a.sh x", command=COMMAND).differs
    assert asked(events, "./b.sh x", command=COMMAND).differs


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("fails && never", "depends"),
        ("git status && never", "did_not_run"),
        ("git status || never", "depends"),
        ("fails; never", "did_not_run"),
        ("if fails; then never; fi", "depends"),
        ("[ -f x ] && never", "depends"),
        ("cd x && never", "did_not_run"),
        ("$TOOL never", "unclear"),
        ("cd never", "built_in"),
    ],
)
def test_commands_that_depend_on_others(line, kind):
    made = asked(shell(("git", "status"), ("fails",)), "git status", "fails", line, command=COMMAND)
    assert [each for row in made.rows() if "never" in str(row.get("command")) for each in [row["kind"]]] == [kind]
    assert made.differs == (kind == "did_not_run")


def test_the_recorded_command_explains_nothing_but_where_it_is_in_the_log():
    events = shell(("git", "status"))
    assert ran(asked(events, "ls", command=COMMAND)) == ["git status"]
    assert ran(asked(events, "ls", command=("other",))) == ["bash session", "git status"]
    assert ran(asked(events, "bash session", command=COMMAND)) == []


def test_a_recorded_script_and_its_interpreters():
    script = {"path": "/opt/agent", "exe": "/usr/bin/env"}
    events = [
        execute(1, 100, 1, "/usr/bin/env", "node", "/opt/agent", "-p", "x", ppid=99, **script),
        execute(1.1, 100, 1, "/bin/sh", "/opt/node", "/opt/agent", "-p", "x", ppid=99, path="/opt/node"),
        execute(1.2, 100, 1, "node", "/opt/node", "/opt/agent", "-p", "x", ppid=99),
        execute(1.3, 100, 1, "node", "other", ppid=99),
    ]
    assert ran(asked(events, "ls", command=("agent", "-p", "x"))) == ["node other"]


def test_lines_that_are_not_understood_differ():
    made = asked(shell(("ls",)), "ls", "echo '", command=COMMAND)
    assert made.differs and missing(made, "not_understood") == ["echo '"]


def test_arguments_that_are_cut():
    long = "x" * 9000
    made = asked(shell(("cc", long)), f"cc {long}yz", command=COMMAND)
    assert not made.differs
    assert asked(shell(("cc", long)), f"cc y{long}", command=COMMAND).differs


def test_names_are_escaped():
    made = asked(shell(("a\x1b",)), "x\x1b[2J", command=COMMAND)
    assert "\x1b" not in "".join(made.lines(Page()))
