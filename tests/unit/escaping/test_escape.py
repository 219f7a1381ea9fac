"""No byte of a name, a path or an argument reaches a terminal as it is, and none is lost."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.escaping import command_line, escape, quote

from ..hostile import raw_texts, texts

ESCAPE = re.compile(r"\\(?:([ntr\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
NAMED = {"n": b"\n", "t": b"\t", "r": b"\r", "\\": b"\\"}
LOCALES = ("C", "C.UTF-8")
SHELLS = [found for name in ("bash", "zsh", "ksh") if (found := shutil.which(name))]


def unescaped(text: str) -> bytes:
    """The exact bytes; fails on a backslash that is no escape."""
    raw, end = b"", 0
    for found in ESCAPE.finditer(text):
        raw += text[end : found.start()].encode()
        named, byte, *character = found.groups()
        if named:
            raw += NAMED[named]
        elif byte:
            raw += bytes([int(byte, 16)])
        else:
            raw += chr(int("".join(filter(None, character)), 16)).encode()
        end = found.end()
    raw += text[end:].encode()
    assert "\\" not in ESCAPE.sub("", text)
    return raw


def words_of(shell_words: str, locale: str) -> list[bytes]:
    """What a shell makes of them."""
    script = f"printf '%s\\0' end {shell_words}"
    run = subprocess.run(["bash", "-c", script], env={"LC_ALL": locale}, capture_output=True, check=True)
    assert run.stderr == b""
    return run.stdout.split(b"\0")[1:-1]


@settings(deadline=None, max_examples=300)
@given(raw=raw_texts)
def test_escape_is_one_printable_line_and_can_be_undone(raw):
    escaped = escape(os.fsdecode(raw))
    assert escaped.isprintable()
    assert escaped.splitlines() == ([escaped] if escaped else [])
    assert unescaped(escaped) == raw


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        (b"", ""),
        (b"/etc/a b", "/etc/a b"),
        ("/tmp/é漢👩".encode(), "/tmp/é漢👩"),
        (b"a\nb\tc\rd", r"a\nb\tc\rd"),
        (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
        (b"\x7f", r"\x7f"),
        (rb"C:\n", r"C:\\n"),
        (b"\xff\xc3", r"\xff\xc3"),
        ("\u009b31m".encode(), r"\u009b31m"),
        ("\u202e\u2028\ufeff\xa0".encode(), r"\u202e\u2028\ufeff\u00a0"),
        ("\U000e0001".encode(), r"\U000e0001"),
    ],
)
def test_escape_says(raw, escaped):
    assert escape(os.fsdecode(raw)) == escaped


@settings(deadline=None, max_examples=300)
@given(text=texts)
def test_quote_is_one_printable_line(text):
    quoted = quote(text)
    assert quoted.isprintable()
    assert len(quoted.splitlines()) == 1


@pytest.mark.parametrize("locale", LOCALES)
@settings(deadline=None, max_examples=30)
@given(argv=st.lists(raw_texts, max_size=8))
def test_a_shell_gives_back_the_arguments(locale, argv):
    assert words_of(command_line(tuple(map(os.fsdecode, argv))), locale) == argv


HOSTILE = [
    b"",
    b"-n",
    b"--",
    b"~",
    b"~root",
    b"#no comment",
    b"a'b",
    b'a"b',
    b"'\n'",
    b"\n'\\'\x1b",
    b"$(touch x)",
    b"`id`",
    b"${HOME}",
    b"!!",
    b"*",
    b"a;b&c|d<e>f",
    b"{a,b}",
    b"\\",
    b"\\\\\n",
    b"\x1b[2J",
    b"\x01" + b"0",
    b"\xff" + b"f",
    "\u00850".encode(),
    "\u202ea".encode(),
    "\U000e00010".encode(),
    "é漢'👩".encode(),
    b"\xe2\x80",
    b"\xed\xa0\x80",
]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_shell_gives_back_hostile_arguments(locale):
    quoted = command_line(tuple(map(os.fsdecode, HOSTILE)))
    assert quoted.isprintable()
    assert words_of(quoted, locale) == HOSTILE


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("plain-1.txt", "plain-1.txt"),
        ("--a=b,c", "--a=b,c"),
        ("", "''"),
        ("two words", "'two words'"),
        ("it's", """'it'"'"'s'"""),
        ("é", "'é'"),
        ("a\nb'c", r"$'a\nb\'c'"),
        ("\x1b\udcff\u202e", r"$'\x1b\xff\xe2\x80\xae'"),
    ],
)
def test_quote_says(argument, quoted):
    assert quote(argument) == quoted


COMMANDS = ["plain", "A=b", "A+=b", "a[1]=b", "-n", "--", "if", "time", "=x", "two words", "new\nline", "!"]


@pytest.mark.parametrize("name", [*COMMANDS, "don't\n!x", "\udcff\x1b", "é"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_runs_the_command_that_was_copied(tmp_path, shell, name):
    """The first argument is what is run, and all of them come back."""
    program = tmp_path / name
    program.write_text(f"#!{sys.executable} -I\nimport os, sys\nos.write(1, os.fsencode('\\0'.join(sys.argv)))\n")
    program.chmod(0o755)
    argv = (name, "-x", "", "--", "A=b", "=x", "new\nline", "if", "%1", "don't\n!x", "\udcff")
    environment = {"PATH": str(tmp_path), "LC_ALL": "C.UTF-8"}
    run = subprocess.run([shell], input=command_line(argv).encode(), env=environment, capture_output=True, check=True)
    assert run.stdout.split(b"\0") == [os.fsencode(program), *map(os.fsencode, argv[1:])]


def test_nothing_is_nothing():
    assert command_line(()) == ""
    assert command_line(("",)) == "''"
