"""JSON lines: valid by the schema that the package ships, harmless for a terminal, and no byte is lost."""

import base64
import json
import os
from importlib.resources import files

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from onlooker import Lost
from onlooker.events import EVENTS
from onlooker.output import formatter
from onlooker.output.json import JsonFormatter
from onlooker.testing import make

from ..batches import formatted
from ..hostile import CHARACTERS, events, texts

SCHEMA = json.loads(files("onlooker").joinpath("events.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

WHO = {"comm": "fake", "pid": 1234}


def line(event):
    text = formatted(JsonFormatter(), [event]).decode()
    assert text.endswith("\n")
    return text[:-1]


def loaded(event):
    return json.loads(line(event))


def exact(found, name):
    """What `name` was in Python: from its bytes, if there are any."""
    beside = found.get(f"{name}_bytes")
    if beside is None:
        return found[name]
    if isinstance(beside, list):
        return [os.fsdecode(base64.b64decode(item, validate=True)) for item in beside]
    return os.fsdecode(base64.b64decode(beside, validate=True))


@settings(deadline=None, max_examples=150)
@given(batch=st.lists(events, min_size=1, max_size=4))
def test_every_line_is_a_valid_event(batch):
    text = formatted(JsonFormatter(), batch).decode()
    assert text.replace("\n", "").isprintable()
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(batch)
    for found, event in zip(map(json.loads, lines), batch, strict=True):
        assert [error.message for error in VALIDATOR.iter_errors(found)] == []
        assert found["event"] == event.event


@settings(deadline=None, max_examples=150)
@given(event=events)
def test_every_value_can_be_got_back(event):
    found = loaded(event)
    for name in event.__struct_fields__:
        value = getattr(event, name)
        value = list(value) if isinstance(value, tuple) else value
        if name in found:
            assert exact(found, name) == value
            assert type(found[name]) is type(value)
        else:
            assert value in (None, [], False)
    known = {"event", *event.__struct_fields__}
    assert {name.removesuffix("_bytes") for name in found} <= known


@settings(deadline=None, max_examples=100)
@given(text=texts)
def test_bytes_stand_beside_a_text_only_where_it_is_not_utf8(text):
    found = loaded(make("open", path=text))
    raw = os.fsencode(text)
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert found["path"] == raw.decode(errors="replace")
        assert base64.b64decode(found["path_bytes"]) == raw
    else:
        assert found["path"] == text
        assert "path_bytes" not in found


def test_of_a_list_all_bytes_are_given():
    found = loaded(make("exec", argv=("ls", "\udcff", "é"), comm="a\udc80"))
    assert (found["argv"], found["comm"]) == (["ls", "\ufffd", "é"], "a\ufffd")
    assert found["argv_bytes"] == [base64.b64encode(raw).decode() for raw in (b"ls", b"\xff", "é".encode())]
    assert base64.b64decode(found["comm_bytes"]) == b"a\x80"
    assert not {"path_bytes", "interpreter_bytes"} & set(found)


def test_a_bad_text_does_not_touch_its_neighbours():
    good, bad = make("open", path="/é\u2028"), make("open", path="/\udcff")
    whole = formatted(JsonFormatter(), [good, bad, good])
    assert whole == formatted(JsonFormatter(), [good]) + formatted(JsonFormatter(), [bad]) + formatted(
        JsonFormatter(), [good]
    )


def test_readable_characters_stand_as_they_are():
    assert '"path":"/é漢👩"' in line(make("open", path="/é漢👩"))


@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_each_character_comes_back(character):
    written = line(make("open", path=f"a{character}b"))
    assert json.loads(written)["path"] == f"a{character}b"
    assert written.isprintable()


@pytest.mark.parametrize(
    ("character", "written"),
    [
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\x9b", r"\u009b"),
        ("\x7f", r"\u007f"),
        ("\x1b", r"\u001b"),
        ("\xad", r"\u00ad"),
    ],
)
def test_what_steers_a_terminal_is_written_as_an_escape(character, written):
    assert f'"path":"/{written}"' in line(make("open", path=f"/{character}"))


NO_FILE = {"joined_path", "file_state", "device", "inode", "cut"}
NO_LOGIN = {"loginuid", "session", "missing_interpreter"}
MARKS = {"created", "unproven"}
FOUND = {"device": 65025, "inode": 23}
ABSENT = {
    "exit": (make("exit"), {"signal"}),
    "killed": (make("exit", signal="SIGKILL"), {"exit_code"}),
    "open": (make("open"), {"errno", "mode", "resolve", "real_path"} | NO_FILE | MARKS),
    "failed open": (
        make("open", errno="ENOENT", dirfd=None),
        {"fd", "dirfd", "mode", "resolve", "real_path"} | NO_FILE | MARKS,
    ),
    "open of a file": (
        make("open", real_path="/", **FOUND),
        {"errno", "mode", "resolve"} | MARKS | NO_FILE - set(FOUND),
    ),
    "exec": (make("exec"), {"interpreter", "errno", "exe", "cwd"} | NO_FILE | NO_LOGIN),
    "exec of a file": (
        make("exec", exe="/", cwd="/", **FOUND),
        {"interpreter", "errno"} | NO_LOGIN | NO_FILE - set(FOUND),
    ),
    "kernel thread": (make("fork", syscall=None, kernel=True, clone_flags=()), {"syscall", "clone_flags", "cut"}),
    "lost": (Lost("2026-01-31T12:00:00.000000000Z", 1, 1, "open", "ring full"), set()),
}


@pytest.mark.parametrize(("event", "absent"), ABSENT.values(), ids=ABSENT)
def test_what_does_not_apply_is_absent(event, absent):
    found = loaded(event)
    assert set(event.__struct_fields__) - set(found) == absent
    assert None not in found.values()


def test_a_line_to_the_letter():
    assert line(make("open", errno="ENOENT", cut=("path",))) == (
        '{"event":"open","time":"2026-01-31T12:00:00.000000000Z","boot_ns":60000000000,"pid":1234,"tid":1234,'
        '"ppid":1000,"uid":1000,"gid":1000,"comm":"fake","start_ns":59000000000,"cgroup_id":1,"ns_pid":1234,'
        '"syscall":"openat","path":"/etc/fake.conf","flags":["O_RDONLY"],"errno":"ENOENT","dirfd":-100,"cut":["path"]}'
    )


@settings(deadline=None, max_examples=100)
@given(event=events)
def test_a_line_without_bytes_beside_is_the_event(event):
    """msgspec reads it back as the very same event."""
    assume('_bytes":' not in line(event))
    assert msgspec.json.decode(line(event), type=EVENTS[event.event]) == event


def test_nothing_stands_before_the_first_line():
    made = formatter("json", 1)
    assert made.head() == formatted(made, []) == b""
