"""Command lines and the environment: every one is carried out, or is a mistake that says what and where."""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from onlooker import Lost, Monitor, doctor
from onlooker.cli import answer, top, watch
from onlooker.cli.doctor import text
from onlooker.cli.main import COMMANDS, main
from onlooker.cli.parser import parser
from onlooker.testing import FakeSource, make

from .mutate import raw_text

ENVIRONMENT = ("TZ", "TERM", "NO_COLOR", "NOTIFY_SOCKET", "LC_ALL")
MOST_ARGUMENTS, MOST_BYTES = 20, 4096
WORDS = (
    *COMMANDS, *(option for action in parser(watch, "watch", "x")._actions for option in action.option_strings),
    *("text", "json", "table", "debug", "error", "raw", "tracepoint", "fork", "open,exec", "-", "--", "=", ",", "*"),
    *("0", "1", "10", "0.5", "1h", "200ms", "16M", "1G", "2048K", "4294967295", "4294967296", "9" * 400, "nginx*"),
    *("inf", "nan", "1e5", "-1", "+1", "0x10", "1_000", "\u0663", "\u00b2", "AAA25", "CET-1CEST", ":/etc/localtime"),
)  # fmt: skip
LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 1, "open", "headroom")
EVENTS = [make("open", path="/\udcff\x1b[2J"), make("exec", argv=("a\n", "\u202e")), LOST]
ERROR = re.compile(r"onlooker: [^\n]+\n(    [^\n]*\n +\^+\n)?(\nhint: [^\n]+\n)?\Z")


def first() -> list[bytes]:
    return []


def made(rng: Random) -> bytes:
    """Arguments, each ended by a NUL; those that are NAME=VALUE before the first that is not are the environment."""
    variables = [f"{name}=".encode() + _word(rng) for name in ENVIRONMENT if rng.random() < 0.2]
    return b"\0".join([*variables, *(_word(rng) for _ in range(rng.choice((0, 1, 2, 4, 8))))])


def _word(rng: Random) -> bytes:
    parts = [
        rng.choice(WORDS).encode() if rng.random() < 0.8 else raw_text(rng) for _ in range(rng.choice((1, 1, 1, 2)))
    ]
    return rng.choice((b"", b"", b"=", b",", b" ")).join(parts).replace(b"\0", b"")


def changed(rng: Random, data: bytes) -> bytes:
    words = data.split(b"\0")
    at = rng.randrange(len(words))
    what = rng.randrange(4)
    if what == 0:
        words[at] = _word(rng)
    elif what == 1:
        words.insert(at, _word(rng))
    elif what == 2:
        del words[at]
    else:
        cut = rng.randrange(len(words[at]) + 1)
        words[at] = words[at][:cut] + _word(rng) + words[at][cut:]
    return b"\0".join(words)


def split(data: bytes) -> tuple[dict[str, str], list[str]]:
    """The environment and the arguments."""
    words = [os.fsdecode(word) for word in data[:MOST_BYTES].split(b"\0")][:MOST_ARGUMENTS]
    variables: dict[str, str] = {}
    while words and words[0].partition("=")[0] in ENVIRONMENT and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    # a socket of another program, or a file that is not of time zones and can block, is not ours to try
    variables["NOTIFY_SOCKET"] = variables.get("NOTIFY_SOCKET", "").replace("/", "@onlooker-test-")
    variables["TZ"] = variables.get("TZ", "").replace("/", "")
    return variables, words


def _monitor(**given: Any) -> Monitor:
    return Monitor(**given, source=FakeSource(EVENTS))


def _diagnosis() -> doctor.Diagnosis:
    return doctor.Diagnosis(True, (doctor.Check("kernel", "ok", "6.1"),), ())


@contextmanager
def _caught(variables: dict[str, str]) -> Iterator[tuple[Path, Path]]:
    """Files in place of standard output and standard error, a list in place of the kernel, and a directory for what
    `--output` makes.
    """
    with (
        tempfile.TemporaryDirectory() as directory,
        tempfile.TemporaryDirectory() as here,
        chdir(here),
        mock.patch.dict(os.environ, variables),
    ):
        out, err = Path(directory, "out"), Path(directory, "err")
        time.tzset()
        with (
            out.open("w", encoding="utf-8") as stdout,
            err.open("w", encoding="utf-8") as stderr,
            mock.patch.object(sys, "stdout", stdout),
            mock.patch.object(sys, "stderr", stderr),
            mock.patch.object(watch, "Monitor", _monitor),
            mock.patch.object(answer, "Monitor", _monitor),
            mock.patch.object(top, "Monitor", _monitor),
            mock.patch("onlooker.cli.doctor.diagnose", _diagnosis),
        ):
            yield out, err
    time.tzset()


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    variables, words = split(data)
    with _caught(variables) as (out, err):
        try:
            code = main(words)
        except SystemExit as ended:  # of argparse's --help
            code = ended.code
        output, said = out.read_bytes().decode(), err.read_bytes().decode()
    assert code in (0, 1, 2), code
    assert output.replace("\n", "").replace("\x1b[", "").isprintable()
    assert "\x1b" not in output
    assert said.replace("\n", "").isprintable(), said
    if code == 2:
        assert output == ""
        assert ERROR.match(said), said
    if code == 0 and words[:1] == ["doctor"] and "json" not in data.decode(errors="replace"):
        assert output == text(_diagnosis()) or output.startswith("usage: ")
