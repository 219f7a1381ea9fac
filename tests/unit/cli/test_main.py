"""The command line before a command runs: help, version, mistakes, and what is not imported."""

import os
import shlex
import subprocess
import sys

import pytest

import onlooker
from onlooker.cli.main import COMMANDS, EXAMPLES, GROUPS, USUAL, command, main
from onlooker.cli.parser import listed, parse, parser
from onlooker.events import EVENT_GROUPS, TASK_EVENTS

ALL = ", ".join(TASK_EVENTS)
EVERY = (*TASK_EVENTS, *EVENT_GROUPS)


def told(capfd, *arguments):
    """`(exit code, standard output, standard error)`."""
    code = main(list(arguments))
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help(capfd, word):
    code, out, err = told(capfd, word)
    assert (code, err) == (0, "")
    assert out.startswith("usage: onlooker [COMMAND] [OPTIONS]\n")
    words = " ".join(out.split())
    for name, (_, about) in COMMANDS.items():
        assert f" {name} {about} " in words
    assert " -h, --help, help show this help; " in words and " -V, --version, version print the version " in words
    assert all(f"\n{title}:\n  {names[0]} " in out for title, names in GROUPS.items())
    for example, about in EXAMPLES:
        assert f" {' '.join(example.split())} {about} " in f"{words} "


def test_help_is_one_screenful(capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    lines = told(capfd, "--help")[1].splitlines()
    assert len(lines) <= 16 + len(GROUPS) + len(COMMANDS)
    assert max(map(len, lines)) <= 80


def test_the_usual_options_are_those_of_watch():
    made = parser(command("watch"), "watch", "x")
    options = {name for action in made._actions for name in action.option_strings}
    assert {word for option, _ in USUAL[:-2] for word in option.split() if word.startswith("-")} <= options


def test_the_examples_can_be_typed():
    for example, _ in EXAMPLES:
        name, *words = shlex.split(example.removeprefix("onlooker ").replace("$(pidof sshd)", "1"))
        if name not in COMMANDS:
            name, words = "watch", [name, *words]
        given = parse(command(name), name, "x", words)
        assert all(event in EVERY for event in listed(getattr(given, "events", None)) or ())


def test_each_command_is_in_one_group():
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_all_help_fits_80_columns_and_breaks_no_sentence(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    made = parser(command(name), name, COMMANDS[name][1])
    assert max(map(len, made.format_help().splitlines())) <= 80
    notes = [line for line in (made.epilog or "").splitlines() if line and not line.startswith("  ")]
    assert all(line.endswith((".", ":", ")")) for line in notes)


@pytest.mark.parametrize("columns", [None, 50, 80, 200])
@pytest.mark.parametrize("command", [(), ("watch",), ("doctor",)])
def test_help_is_as_wide_as_the_terminal(command, columns):
    """80 columns where there is none."""
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    env |= {"COLUMNS": str(columns)} if columns else {}
    run = subprocess.run(
        [sys.executable, "-m", "onlooker", *command, "--help"], env=env, capture_output=True, text=True, check=True
    )
    prose = [line for line in run.stdout.splitlines() if not line.startswith("  ")]
    width = columns or 80
    assert max(map(len, prose)) <= width
    if not command:
        assert max(map(len, prose)) > min(width, 76) - 15
        assert max(map(len, run.stdout.splitlines())) <= width


@pytest.mark.parametrize("word", ["-V", "--version", "version"])
def test_version(capfd, word):
    assert told(capfd, word) == (0, f"onlooker {onlooker.__version__}\n", "")


@pytest.mark.parametrize("asked", ["{} --help", "{} -h", "help {}", "--help {}"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(capfd, name, asked):
    with pytest.raises(SystemExit) as ended:
        main(asked.format(name).split())
    assert ended.value.code == 0
    out, err = capfd.readouterr()
    assert out.startswith(f"usage: onlooker {name} [-h]")
    about = COMMANDS[name][1]
    assert f"{about[0].upper()}{about[1:]}.".replace("....", "...") in " ".join(out.split())
    assert "...." not in out
    assert err == ""


def test_schema_is_the_file_in_the_package(capfd):
    shipped = onlooker.__path__[0] + "/events.schema.json"
    with open(shipped, encoding="utf-8") as file:  # noqa: PTH123
        assert told(capfd, "schema") == (0, file.read(), "")


PIDS = "process ids are numbers from 1 to 2147483647: --pid 1234"
STAR = "a name, or the start of one and a single * at its end: --filter 'nginx*'"
OTHER = "choose another file: -o FILE"
COUNTS = "a whole number, 1 or more"
TIMES = "more than 0: seconds, or with a unit, as in 10, 1.5, 200ms, 2m, 1h"
USERS = "a user's name, or a number from 0 to 4294967294"
NO_USER = "no process has user id 4294967295: it is (uid_t)-1, which means no user"
FIRST = "a command of onlooker comes first: onlooker"
MISTAKES = [
    (["wach"], "unknown command 'wach'", "did you mean 'watch'?"),
    (["\x1b[31m"], r"unknown command '\x1b[31m'", f"one of {', '.join(COMMANDS)}"),
    (
        ["sh", "-c", "a b"],
        "unknown command 'sh'",
        "did you mean 'show'? or a command comes behind --: onlooker watch -- sh -c 'a b'",
    ),
    (["env", "sh"], "unknown command 'env'", "a command comes behind --: onlooker watch -- env sh"),
    (["watch", "--filtr=x"], "unknown option '--filtr'", "did you mean '--filter'?"),
    (["--filtr", "x"], "unknown option '--filtr'", "did you mean '--filter'?"),
    (["--fil", "x"], "unknown option '--fil'", "did you mean '--filter'?"),
    (["doctor", "--output-formt=json"], "unknown option '--output-formt'", "did you mean '--output-format'?"),
    (["--out=json"], "unknown option '--out'", "did you mean '--output-format' or '--output'?"),
    (["watch", "--json"], "unknown option '--json'", "did you mean --output-format json?"),
    (["doctor", "--json"], "unknown option '--json'", "did you mean --output-format json?"),
    (["schema", "--json"], "unknown option '--json'", "onlooker schema --help"),
    (["--format=json"], "unknown option '--format'", "did you mean --output-format FORMAT?"),
    (["--output-file", "x"], "unknown option '--output-file'", "did you mean --output FILE?"),
    (["-c", "5"], "unknown option '-c'", "did you mean --count N?"),
    (["-c5"], "unknown option '-c5'", "did you mean --count N?"),
    (["--pids", "5"], "unknown option '--pids'", "did you mean --pid LIST?"),
    (
        ["--user", "root"],
        "user is for a command",
        "onlooker watch --user NAME -- COMMAND, or for what a user does: onlooker watch --uid NAME",
    ),
    (["--output", "json"], "-o takes a file, not a format: 'json'", "--output-format json, or -o ./json for a file"),
    (["watch", "--version"], "unknown option '--version'", "onlooker --version"),
    (["--interval", "2"], "unknown option '--interval'", "onlooker watch --help"),
    (["-y"], "unknown option '-y'", "onlooker watch --help"),
    (["doctor", "-x"], "unknown option '-x'", "onlooker doctor --help"),
    (["--version", "extra"], "unexpected argument 'extra'", "onlooker --version"),
    (["--help", "extra"], "unexpected argument 'extra'", "onlooker --help"),
    (["help", "doctr"], "unexpected argument 'doctr'", "onlooker help"),
    (["-q", "who"], "unexpected argument 'who'", f"{FIRST} who; a command comes behind --: onlooker watch -- who"),
    (["watch", "doctor"], "unexpected argument 'doctor'", f"{FIRST} doctor"),
    (["doctor", "watch"], "unexpected argument 'watch'", f"{FIRST} watch"),
    (
        ["--where", "file", "under", "/etc"],
        "unexpected argument 'under'",
        "quote the whole expression: --where \"file under '/etc'\"",
    ),
    (
        ["--exclude", "uid", "==", "0", "and", "comm", "==", "a$b", "-q"],
        "unexpected argument '=='",
        "quote the whole expression: --exclude 'uid == 0 and comm == '\"'\"'a$b'\"'\"''",
    ),
    (
        ["--path", "/a", "/b"],
        "unexpected argument '/b'",
        "quote it, or repeat the option: --path '/a /b', or --path /a --path /b",
    ),
    (["--arg", "-c"], "--arg needs a value", "--arg=-c: with = where it begins with a dash"),
    (["--arg", "-e"], "--arg needs a value", "--arg=-e: with = where it begins with a dash"),
    (["--arg"], "--arg needs a value", "--arg=-c: with = where it begins with a dash"),
    (["\udcff\x1b\\udcff"], r"unknown command '\xff\x1b\\udcff'", f"one of {', '.join(COMMANDS)}"),
    (
        ["-o", "/dev/null/\x1b[31m\udcff"],
        r"cannot write the output: '/dev/null/\x1b[31m\xff': Not a directory",
        OTHER,
    ),
    (["watch", "foo"], "unexpected argument 'foo'", "onlooker watch --help"),
    (
        ["--pid", "12", "13", "14"],
        "unexpected argument '13'",
        "separate the items with commas, or quote them: --pid 12,13,14",
    ),
    (
        ["--pid", "12", "13", "--failed"],
        "unexpected argument '13'",
        "separate the items with commas, or quote them: --pid 12,13",
    ),
    (
        ["--names", "--output-format", "json"],
        "JSON has no names of users, only their uid",
        "--with user, or --output-format text",
    ),
    (
        ["--follow", "ls"],
        "unknown option '--follow'",
        "what a command starts is always followed: onlooker watch -- COMMAND",
    ),
    (["doctor", "--follow"], "unknown option '--follow'", "onlooker doctor --help"),
    (["--duration", "12", "13"], "unexpected argument '13'", "onlooker watch --help"),
    (["schema", "foo"], "unexpected argument 'foo'", "onlooker schema --help"),
    (["--events=--"], "--events needs a value", "--events LIST"),
    (["--event\x1b=--"], r"unknown option '--event\x1b'", "did you mean '--events'?"),
    (["watch", "--duration=--"], "--duration needs a value", "--duration TIME"),
    (["doctor", "--output-format=--"], "--output-format needs a value", "--output-format FORMAT"),
    (["--pid"], "--pid needs a value", "--pid LIST"),
    (["watch", "-o"], "-o needs a value", "-o result.txt"),
    (["-qo"], "-o needs a value", "-o result.txt"),
    (["-o", "--output-format=json"], "-o needs a value", "-o result.txt"),
    (["-o", "-a$b"], "-o needs a value", "--output='-a$b', if '-a$b' is the value"),
    (["--filter", "sh", "--filter", "-bash"], "--filter needs a value", "--filter=-bash, if '-bash' is the value"),
    (["--failed=yes"], "--failed takes no value", "--failed"),
    (["-qx"], "--quiet takes no value", "--quiet"),
    (["--output-format", "jsn"], "unknown output format 'jsn'", "did you mean 'json'?"),
    (["--output-format", "xyz"], "unknown output format 'xyz'", "one of text, json, table"),
    (["doctor", "--output-format", "txt"], "unknown output format 'txt'", "did you mean 'text'?"),
    (["--log-level", "warn"], "unknown log level 'warn'", "did you mean 'warning'?"),
    (["--events", "opn"], "unknown event 'opn'", "did you mean 'open'?"),
    (["--events", "clone3"], "unknown event 'clone3'", "did you mean 'fork'?"),
    (["--events", "trace=creat"], "unknown event 'trace=creat'", "did you mean 'open'?"),
    (["--events", "exec,lost"], "unknown event 'lost'", f"one of {ALL}, default, all"),
    (["--events", ","], "no event is chosen", f"default, all, or some of {ALL}"),
    (["--attach", "audit"], "unknown attach method 'audit'", "one of raw, fexit, kprobe, tracepoint"),
    (["--pid", "-5"], "not a process id: '-5'", PIDS),
    (["--pid", "1 2.5"], "not a process id: '2.5'", PIDS),
    (["--pid", "0"], "not a process id: '0'", PIDS),
    (["--pid", "1,2147483648"], "not a process id: '2147483648'", PIDS),
    (["--pid", ""], "no process id is given", "name one, or several with commas"),
    (["--uid", ","], "no user is given", "name one, or several with commas"),
    (["--filter", ""], "no process name is given", "name one, or several with commas"),
    (["--filter", "a,''"], "a process name can't be empty", STAR),
    (["--uid", "rot"], "unknown user 'rot'", "did you mean 'root'?"),
    (["--uid", "4294967296"], "not a user id: 4294967296", USERS),
    (["--uid", "0,4294967295"], NO_USER, USERS),
    (["--uid=-1"], "unknown user '-1'", USERS),
    (["--count", "0"], "not a count: '0'", COUNTS),
    (["--count", "18446744073709551616"], "not a count: '18446744073709551616'", "a lower number"),
    (["--duration", "soon"], "not a duration: 'soon'", TIMES),
    (["--duration", "0"], "not a duration: '0'", TIMES),
    (["--buffer-size", "3M"], "not a buffer size: '3M'", "a power of two from 1M to 1G: --buffer-size 16M"),
    (["--buffer-size", "2G"], "not a buffer size: '2G'", "a power of two from 1M to 1G: --buffer-size 16M"),
    (["--max-args-bytes", "1M"], "not a size of arguments: '1M'", "0 to 256K: --max-args-bytes 16K"),
    (["--buffer-size", "lots"], "not a buffer size: 'lots'", "a power of two from 1M to 1G: --buffer-size 16M"),
    (["--max-args-bytes", "abc"], "not a size of arguments: 'abc'", "0 to 256K: --max-args-bytes 16K"),
    (["--failed", "--events", "fork"], "a fork that failed is not reported", "--failed goes with every other event"),
]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "Cannot allocate memory (memory)"),
        (OSError(24, "Too many open files", "/a/module.py"), "Too many open files (/a/module.py)"),
        (ImportError("libx.so: failed to map segment from shared object"), "Cannot allocate memory (memory)"),
        (
            ImportError("x.so: cannot open shared object file: Too many open files"),
            "Too many open files (libraries)",
        ),
        (RuntimeError("can't start new thread"), "Resource temporarily unavailable (thread)"),
    ],
)
def test_what_has_run_out_is_one_line(capfd, monkeypatch, error, said):
    """Wherever Python finds it out."""

    def fail(arguments):
        raise error

    monkeypatch.setattr("onlooker.cli.main.run", fail)
    code, out, err = told(capfd, "watch")
    assert (code, out) == (1, "")
    assert err.startswith(f"onlooker: cannot continue: {said}\n\nhint: raise the limit (ulimit ")


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ImportError("x"), RuntimeError("y")])
def test_another_error_is_a_mistake_of_ours(monkeypatch, error):
    def fail(arguments):
        raise error

    monkeypatch.setattr("onlooker.cli.main.run", fail)
    with pytest.raises(type(error)):
        main(["watch"])


@pytest.mark.parametrize(("arguments", "message", "hint"), MISTAKES)
def test_a_mistake_has_its_remedy(capfd, arguments, message, hint):
    code = 1 if hint == OTHER else 2
    assert told(capfd, *arguments) == (code, "", f"onlooker: {message}\n\nhint: {hint}\n")


def test_what_to_type_is_what_was_typed(tmp_path):
    """Not on everybody's path, as after a build."""
    program = tmp_path / "a b" / "onlooker"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom onlooker.cli.main import main\nsys.exit(main())\n")
    program.chmod(0o755)
    for typed, shown in ((program, f"'{program}'"), ("a b/onlooker", "'a b/onlooker'")):
        run = subprocess.run([typed, "-y"], cwd=tmp_path, capture_output=True, text=True)
        assert run.stderr == f"onlooker: unknown option '-y'\n\nhint: {shown} watch --help\n"
    script = (
        "from onlooker import doctor, errors; print(doctor.ROOT, errors.CapabilityError(['CAP_BPF']).hint, sep=';')"
    )
    program.write_text(f"#!{sys.executable}\n{script}\n")
    run = subprocess.run(["./onlooker"], cwd=program.parent, capture_output=True, text=True)
    assert run.stdout == "sudo ./onlooker;run it as root: sudo ./onlooker\n"


IMPORTED = """
import sys
from onlooker.cli.main import main
assert main(sys.argv[1:]) == 0
sys.stderr.write(" ".join(sorted({"msgspec", "rich", "argparse"} & set(sys.modules))))
"""

WATCHED = """
import functools, sys
import onlooker.cli.watch as watch
from onlooker.testing import FakeSource, make
from onlooker.cli.main import main
watch.Monitor = functools.partial(watch.Monitor, source=FakeSource([make("open")]))
assert main(sys.argv[1:]) == 0
sys.stderr.write("\\nrich" if "rich" in sys.modules else "\\nnone")
"""


def last_words(script, *arguments):
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert run.stdout
    return run.stderr.rpartition("\n")[2]


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_imports_next_to_nothing(word):
    assert last_words(IMPORTED, word) == ""


@pytest.mark.parametrize(("format_", "found"), [("text", "none"), ("json", "none"), ("table", "rich")])
def test_only_a_table_needs_rich(format_, found):
    assert last_words(WATCHED, "watch", "--output-format", format_) == found


def test_it_can_be_run_as_a_module():
    run = subprocess.run([sys.executable, "-m", "onlooker", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"onlooker {onlooker.__version__}\n"


def test_an_interrupt_before_anything_could_be_told(monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("onlooker.cli.main.run", interrupted)
    assert main([]) == 130
