"""Why an exec failed with ENOENT although its file is there."""

import os
import shutil
import struct
from pathlib import Path

import pytest
from msgspec import structs

from onlooker import Batch
from onlooker.probe import kernel
from onlooker.probe.interpreter import missing_interpreter, with_interpreters
from onlooker.testing import make

pytestmark = pytest.mark.skipif(
    kernel.version(kernel.release()) < (5, 12), reason="RESOLVE_CACHED is of Linux 5.12; before, nothing is looked for"
)
GONE = b"/gone/for/good"


@pytest.fixture
def file(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        Path(os.fsdecode(GONE)).exists()  # the kernel has looked for it, too
        return os.fsencode(path)

    return write


def found_missing(path, interpreter=GONE):
    """What is missing, asked several times: the kernel may forget what it has looked for, and gives no answer at once
    while something is renamed (RESOLVE_CACHED, openat2(2)).
    """
    for _ in range(20):
        Path(os.fsdecode(interpreter)).exists()
        if found := missing_interpreter(path):
            return found
    return None


def elf(interpreter, *, wide=True, order="<"):
    """A file with one program header, PT_INTERP."""
    word = "Q" if wide else "I"
    size = 64 if wide else 52
    where = size + (56 if wide else 32)
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2]) + bytes(10)
    head += struct.pack(f"{order}HHI3{word}I6H", 2, 62, 1, 0, size, 0, 0, size, where - size, 1, 0, 0, 0)
    length = len(interpreter) + 1
    if wide:
        header = struct.pack(f"{order}II6Q", 3, 4, where, 0, 0, length, length, 1)
    else:
        header = struct.pack(f"{order}8I", 3, where, 0, 0, length, length, 4, 1)
    return head + header + interpreter + b"\0"


@pytest.mark.parametrize(
    "line",
    [
        b"#!" + GONE,
        b"#! \t" + GONE + b"  -x y\n",
        b"#!" + GONE + b"\nexit\n",
        b"#!" + GONE + b"\t\n",
        b"#!" + GONE + b"\0x\n",
    ],
)
def test_a_script(file, line):
    assert found_missing(file(line)) == GONE


def test_a_script_of_another_system(file):
    """Its lines end with a carriage return, which is a part of the name to the kernel. Not in /bin, which is a link: an
    overlay's links are not followed from memory (ovl_get_link, fs/overlayfs/inode.c).
    """
    assert found_missing(file(b"#!/usr/bin/sh\r\necho\r\n"), b"/usr/bin/sh\r") == b"/usr/bin/sh\r"


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_program(file, wide, order):
    assert found_missing(file(elf(GONE, wide=wide, order=order))) == GONE


def test_a_script_of_a_program_that_misses_its_loader(file):
    program = file(elf(GONE), "program")
    assert found_missing(file(b"#!" + program + b"\n")) == GONE


@pytest.mark.parametrize(
    "content",
    [b"", b"#!", b"#!\n", b"#! \t\n", b"#!relative\n", b"#!/bin/sh\n", b"#!" + b"/x" * 200, b"\x7fELF", b"text",
     elf(GONE)[:70], elf(b""), elf(GONE).replace(struct.pack("<Q", 64), b"\xff" * 8)],
)  # fmt: skip
def test_nothing_to_say(file, content):
    assert missing_interpreter(file(content)) is None


def test_a_script_that_runs_itself(file, tmp_path):
    assert missing_interpreter(file(b"#!" + os.fsencode(tmp_path) + b"/file\n")) is None


def test_what_is_no_ordinary_file(tmp_path):
    """A fifo would make its reader wait."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, tmp_path / "missing", "/dev/zero", "/proc/self/status"):
        Path(path).exists()
        assert missing_interpreter(os.fsencode(path)) is None


def test_only_where_the_probe_lets_it_be_looked_for(file):
    path = os.fsdecode(file(b"#!" + GONE))
    asked = make("exec", errno="ENOENT", path=path, joined_path=path, missing_interpreter="")
    other = make("exec", errno="ENOENT", path=path, joined_path=path)
    shell = {"errno": "ENOENT", "path": "/bin/sh", "joined_path": "/bin/sh"}
    (batch,) = Batch.of([asked, other, make("open"), make("exec", **shell, missing_interpreter=""), make("exit")])
    found, *rest = with_interpreters(batch)
    assert found == structs.replace(asked, missing_interpreter=os.fsdecode(GONE))
    assert rest == [other, make("open"), make("exec", **shell), make("exit")]


def test_a_real_program():
    assert missing_interpreter(os.fsencode(shutil.which("sh"))) is None
