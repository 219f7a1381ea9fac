"""What escapes never reads or writes a byte more than it says; built with sanitizers where they are to be had."""

from pathlib import Path

import printable

from .. import compiler

HEADERS = Path(__file__).parents[3] / "src" / "onlooker" / "escaping"


def test_every_function_keeps_to_its_room(tmp_path):
    (tmp_path / "printable.h").write_text(printable.header())
    program = compiler.build(Path(__file__).with_name("escape_test.c"), tmp_path, HEADERS, tmp_path)
    done = compiler.run(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
