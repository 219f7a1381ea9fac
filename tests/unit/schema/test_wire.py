"""The C header that the probe is compiled with."""

import re
import subprocess

import msgspec
import pytest

from onlooker.events import PROBE_REASONS, TASK_EVENTS, layouts
from onlooker.schema import wire

from ..compiler import CC

LAYOUTS = layouts()
HEADER = wire.header(LAYOUTS, PROBE_REASONS)


def check_syntax(source: str) -> subprocess.CompletedProcess[str]:
    strict = ["-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wpadded", "-Werror", "-x", "c", "-"]
    whole = f"#include <linux/types.h>\n#include <stddef.h>\n{HEADER}\n{source}"
    return subprocess.run([*CC, *strict], input=whole, capture_output=True, text=True, check=False)


def test_it_compiles_without_hidden_padding():
    done = check_syntax("")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compiler_would_see_hidden_padding():
    assert "padding struct" in check_syntax("struct holed { char one; int four; };").stderr


@pytest.mark.parametrize("event", LAYOUTS)
def test_the_compiler_agrees_with_the_layout(event):
    made = LAYOUTS[event]
    claims = [f"offsetof(struct {event}_record, record.{f.name}) == {f.offset}" for f in made.header.members]
    claims += [f"offsetof(struct {event}_record, {f.name}) == {f.offset}" for f in made.body.members]
    claims += [f"sizeof(struct {event}_record) == {made.size}", f"sizeof(struct record) == {made.header.size}"]
    done = check_syntax("\n".join(f'_Static_assert({claim}, "");' for claim in claims))
    assert (done.returncode, done.stderr) == (0, "")


def test_constants():
    expected = {
        "KIND_FORK": 1, "KIND_EXEC": 2, "KIND_EXIT": 3, "KIND_OPEN": 4, "KIND_RENAME": 5,
        "KIND_TRUNCATE": 13, "KINDS": 1 + len(TASK_EVENTS),
        "CHOWN_OWNER_ABSENT": "4294967295U", "CHMOD_FD_ABSENT": "-2147483647 - 1",
        "LOST_RING_FULL": 0, "LOST_HEADROOM": 1, "LOST_BUSY": 2, "LOST_UNTRACKED": 3, "LOST_UNFOLLOWED": 4, "LOSSES": 5,
        "FORK_CUT_CLONE_FLAGS": 1, "EXEC_CUT_PATH": 1, "EXEC_CUT_ARGV": 2, "EXEC_CUT_INTERPRETER": 4,
        "EXEC_CUT_EXE": 8, "EXEC_CUT_CWD": 16, "EXEC_CUT_JOINED_PATH": 32,
        "OPEN_CUT_PATH": 1, "OPEN_CUT_FLAGS": 2, "OPEN_CUT_FD": 4, "OPEN_CUT_REAL_PATH": 32, "OPEN_CUT_JOINED_PATH": 64,
        "FORK_SYSCALL_CLONE": 1, "FORK_SYSCALL_VFORK": 4, "OPEN_SYSCALL_OPEN": 1, "OPEN_SYSCALL_CREAT": 4,
        "OPEN_SYSCALL_IO_URING": 6, "OPEN_FILE_STATE_DELETED": 1, "OPEN_FILE_STATE_DETACHED": 5,
        "EXIT_EXIT_CODE_ABSENT": -1, "OPEN_FD_ABSENT": -1, "OPEN_DIRFD_ABSENT": "-2147483647 - 1",
        "OPEN_MODE_ABSENT": "9223372036854775806U",
    }  # fmt: skip
    done = check_syntax("\n".join(f'_Static_assert({name} == {value}, "");' for name, value in expected.items()))
    assert (done.returncode, done.stderr) == (0, "")


def test_names_as_constants():
    assert [wire.identifier(text) for text in ("fork", "ring full", "a-b.c")] == ["FORK", "RING_FULL", "A_B_C"]


def test_the_version_is_the_one_in_the_header():
    version = wire.version(LAYOUTS, PROBE_REASONS)
    assert re.findall(r"^#define WIRE_VERSION (\d+)U$", HEADER, re.MULTILINE) == [str(version)]
    assert 0 < version < 2**32


def test_the_version_is_stable_and_changes_with_the_declarations():
    version = wire.version(LAYOUTS, PROBE_REASONS)
    assert wire.version(layouts(), PROBE_REASONS) == version
    fewer = {name: made for name, made in LAYOUTS.items() if name != "open"}
    reordered = dict(reversed(LAYOUTS.items()))
    padded = {**LAYOUTS, "exit": msgspec.structs.replace(LAYOUTS["exit"], body=LAYOUTS["open"].body)}
    others = [wire.version(each, PROBE_REASONS) for each in (fewer, reordered, padded)]
    others.append(wire.version(LAYOUTS, PROBE_REASONS[:-1]))
    assert len({version, *others}) == 5


def test_kinds_are_numbered_as_the_events_are_listed():
    numbers = re.findall(r"KIND_(\w+) = (\d+)", HEADER)
    assert numbers == [(name.upper(), str(number)) for number, name in enumerate(TASK_EVENTS, 1)]


def test_what_does_not_fit_into_the_probes_bits():
    made = LAYOUTS["open"]
    with pytest.raises(ValueError, match="32 events"):
        wire.header({f"event{number}": made for number in range(32)}, PROBE_REASONS)
    fields = tuple(msgspec.structs.replace(f, name=f"{f.name}{copy}") for copy in range(3) for f in made.fields)
    with pytest.raises(ValueError, match="fields of open can be cut"):
        wire.header({"open": msgspec.structs.replace(made, fields=fields)}, PROBE_REASONS)
