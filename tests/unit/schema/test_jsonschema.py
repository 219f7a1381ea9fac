"""The JSON Schema of a line."""

import json
from importlib.resources import files

import msgspec
import pytest
from jsonschema import Draft202012Validator

from onlooker import Lost
from onlooker.events import EVENTS, OWN_EVENTS, REASONS, SCHEMA_VERSION
from onlooker.schema.jsonschema import DIALECT, schema
from onlooker.schema.layout import declared
from onlooker.testing import make

SCHEMA = schema(EVENTS, SCHEMA_VERSION)
VALIDATOR = Draft202012Validator(SCHEMA)

# what is known of processes, which the lines of all their events may have
CONTEXT = {field for cls in OWN_EVENTS.values() for fields in cls.context.values() for field in fields}
LOSSES = [Lost("2026-01-31T12:00:00.000000000Z", 1, 2**64 - 1, "unknown", reason) for reason in REASONS]
EXAMPLES = [
    make("fork"),
    make("fork", syscall=None, clone_flags=(), thread=True, cut=("clone_flags",)),
    make("exec", exe="/usr/bin/fake", cwd="/", file_state="deleted", device=65025, inode=23),
    make("exec", errno="ENOENT", interpreter="/bin/sh", argv=(), cut=("argv",)),
    make("exit"),
    make("exit", signal="SIGKILL", core_dumped=True),
    make("open", real_path="/etc/fake.conf", device=65025, inode=23),
    make(
        "open",
        path="x",
        errno="ENOENT",
        joined_path="/x",
        dirfd=None,
        mode=0o644,
        resolve=("RESOLVE_BENEATH",),
        cut=("path",),
    ),
    *LOSSES,
]


def lines(**changed):
    """An exit as a line's object, with fields changed; ... removes one."""
    line = {**msgspec.to_builtins(make("exit")), **changed}
    return {name: value for name, value in line.items() if value is not ...}


def test_it_is_a_valid_schema():
    assert SCHEMA["$schema"] == DIALECT == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMA)


def test_it_is_what_the_package_ships():
    shipped = files("onlooker").joinpath("events.schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == SCHEMA


def test_it_names_its_version():
    assert (SCHEMA["$id"], SCHEMA["version"]) == (f"urn:onlooker:events:{SCHEMA_VERSION}", SCHEMA_VERSION)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event)
def test_events_are_valid(event):
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(msgspec.json.encode(event)))] == []


@pytest.mark.parametrize(
    "line",
    [
        lines(event="none"),
        lines(event=...),
        lines(pid=...),
        lines(pid=None),
        lines(pid="1"),
        lines(exit_code=None),
        lines(signal=9),
        lines(core_dumped=0),
        {},
        [],
    ],
)
def test_what_is_no_event_is_not_valid(line):
    assert not VALIDATOR.is_valid(line)


def test_a_field_that_it_does_not_name_is_allowed():
    assert VALIDATOR.is_valid(lines(later="something"))


@pytest.mark.parametrize("cls", EVENTS.values(), ids=EVENTS)
def test_every_field_is_described_and_none_can_be_null(cls):
    properties = SCHEMA["$defs"][cls.__name__]["properties"]
    for field in declared(cls):
        assert properties[field.name]["description"] == field.description
    assert '"null"' not in json.dumps(SCHEMA)
    assert '"default"' not in json.dumps(SCHEMA)


@pytest.mark.parametrize("cls", EVENTS.values(), ids=EVENTS)
def test_what_is_required_is_what_has_no_default(cls):
    optional = len(cls.__struct_defaults__)
    required = cls.__struct_fields__[: len(cls.__struct_fields__) - optional]
    assert SCHEMA["$defs"][cls.__name__]["required"] == ["event", *required]


def test_texts_may_have_their_bytes_beside_them():
    one = {"type": "string", "contentEncoding": "base64"}
    found = {
        (event, name): {key: value for key, value in field.items() if key != "description"}
        for event, definition in SCHEMA["$defs"].items()
        for name, field in definition["properties"].items()
        if name.endswith("_bytes") and name.removesuffix("_bytes") not in CONTEXT
    }
    expected = {
        ("Fork", "comm_bytes"): one,
        ("Exec", "comm_bytes"): one,
        ("Exec", "path_bytes"): one,
        ("Exec", "argv_bytes"): {"type": "array", "items": one},
        ("Exec", "interpreter_bytes"): one,
        ("Exec", "missing_interpreter_bytes"): one,
        ("Exec", "exe_bytes"): one,
        ("Exec", "cwd_bytes"): one,
        ("Exec", "joined_path_bytes"): one,
        ("Exit", "comm_bytes"): one,
        ("Open", "comm_bytes"): one,
        ("Open", "path_bytes"): one,
        ("Open", "real_path_bytes"): one,
        ("Open", "joined_path_bytes"): one,
        **{
            (event, f"{name}_bytes"): one
            for event in ("Rename", "Unlink", "Mkdir", "Rmdir", "Link", "Symlink", "Chmod", "Chown", "Truncate")
            for name in ("comm", "path", "joined_path")
        },
        **{(event, f"{name}_bytes"): one for event in ("Rename", "Link") for name in ("new_path", "joined_new_path")},
        **{(event, "real_path_bytes"): one for event in ("Link", "Chmod", "Chown", "Truncate")},
        ("Symlink", "target_bytes"): one,
    }
    events = {event for event, _ in expected}
    assert {key: value for key, value in found.items() if key[0] in events} == expected


def test_lines_of_processes_may_have_what_is_known_of_them():
    lines = {name: definition["properties"].keys() for name, definition in SCHEMA["$defs"].items()}
    assert all(
        lines[cls.__name__] >= CONTEXT
        for cls in EVENTS.values()
        if "cgroup_id" in cls.__struct_fields__ and not getattr(cls, "context", None)
    )
    assert not lines["Lost"] & CONTEXT
