"""The event classes: what is declared is consistent, and an event is a plain immutable value."""

import re

import msgspec
import pytest

from onlooker import events
from onlooker.events import EVENTS, OWN_EVENTS, PROBE_REASONS, PROCESS_EVENTS, REASONS, TASK_EVENTS, TaskEvent
from onlooker.schema.layout import declared
from onlooker.schema.values import Names
from onlooker.testing import make

CLASSES = pytest.mark.parametrize("cls", EVENTS.values(), ids=EVENTS)
WHO = ("time", "boot_ns", "pid", "tid", "ppid", "uid", "gid", "comm", "start_ns", "cgroup_id", "ns_pid")
LOGIN = ("loginuid", "session")
MARKS = ("created", "unproven", "cut")
FILE = ("joined_path", "file_state", "device", "inode")
OWN = {
    "fork": (
        "child_pid",
        "child_tid",
        "child_start_ns",
        "child_ppid",
        "thread",
        "kernel",
        "syscall",
        "clone_flags",
        "cut",
    ),
    "exec": ("path", "argv", "interpreter", "errno", "exe", "cwd", *FILE, *LOGIN, "missing_interpreter", "cut"),
    "exit": ("core_dumped", "duration_ns", "exit_code", "signal", "cpu_user_ns", "cpu_system_ns"),
    "open": ("syscall", "path", "flags", "fd", "errno", "dirfd", "mode", "resolve", "real_path", *FILE, *MARKS),
}


def optional(cls) -> tuple[str, ...]:
    """Names of the fields that have a default; msgspec puts them last."""
    return cls.__struct_fields__[len(cls.__struct_fields__) - len(cls.__struct_defaults__) :]


@pytest.mark.parametrize("event", OWN)
def test_fields_in_the_order_of_the_constructor(event):
    assert tuple(f.name for f in declared(TASK_EVENTS[event])) == WHO + OWN[event]


def test_the_fields_of_a_loss():
    assert tuple(f.name for f in declared(EVENTS["lost"])) == ("time", "boot_ns", "count", "of", "reason")


@CLASSES
def test_a_class_knows_its_name(cls):
    assert EVENTS[cls.event] is cls
    assert cls.__struct_config__.tag == cls.event == cls.__name__.lower()
    assert cls.__struct_config__.tag_field == "event"


@CLASSES
def test_required_fields_come_first(cls):
    has_default = [f.name in optional(cls) for f in declared(cls)]
    assert has_default == sorted(has_default)


@CLASSES
def test_what_can_be_absent_on_the_wire_is_optional_and_none(cls):
    defaults = dict(zip(optional(cls), cls.__struct_defaults__, strict=True))
    absent = {f.name for f in declared(cls) if f.type.absent is not None}
    assert absent == {name for name, default in defaults.items() if default is None}
    assert all(default in (None, (), False) for default in defaults.values())


@CLASSES
def test_every_field_is_documented_in_few_words(cls):
    for f in declared(cls):
        assert re.fullmatch(r'[A-Z"][^\n]+\.', f.description), f.name
        assert len(f.description) <= 210, f.name  # two lines


@CLASSES
def test_every_class_says_what_happened(cls):
    first = cls.__doc__.strip().splitlines()[0]
    assert len(first) > 20


@CLASSES
def test_an_event_can_not_be_changed(cls):
    assert cls.__struct_config__.frozen
    assert not cls.__struct_config__.gc
    assert cls.__struct_config__.omit_defaults


@pytest.mark.parametrize("name", TASK_EVENTS)
def test_an_event_is_a_value(name):
    event = make(name)
    assert event == make(name) and hash(event) == hash(make(name)) and event != make(name, pid=1)
    with pytest.raises(AttributeError, match="immutable"):
        event.pid = 1


@pytest.mark.parametrize("name", TASK_EVENTS)
def test_an_event_survives_json(name):
    event = make(name)
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def test_what_does_not_apply_is_absent_in_json():
    line = msgspec.to_builtins(make("open", errno="ENOENT", dirfd=None))
    assert set(line) == {"event", *WHO, "syscall", "path", "flags", "errno"}


def test_every_event_can_be_asked_what_is_cut():
    assert [event.cut for event in map(make, EVENTS)] == [()] * len(EVENTS)
    assert make("exec", cut=("argv",)).cut == ("argv",)


def test_names_are_in_one_order_everywhere():
    assert tuple(EVENTS) == (*TASK_EVENTS, *OWN_EVENTS)
    assert next(iter(OWN_EVENTS)) == "lost"
    assert tuple(EVENTS)[:5] == ("fork", "exec", "exit", "open", "rename")
    assert set(PROCESS_EVENTS) < set(TASK_EVENTS)
    assert all(issubclass(cls, TaskEvent) for cls in TASK_EVENTS.values())
    assert events.__all__ == sorted(events.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def test_losses_name_every_event_and_every_reason():
    choices = {
        f.name: tuple(name for _, name in f.type.values.names)
        for f in declared(EVENTS["lost"])
        if isinstance(f.type.values, Names)
    }
    assert choices == {"of": (*TASK_EVENTS, "unknown"), "reason": REASONS}
    assert REASONS[: len(PROBE_REASONS)] == PROBE_REASONS
    for name in REASONS:
        assert f'"{name}"' in EVENTS["lost"].__doc__


def test_one_name_has_one_meaning_in_all_events():
    meanings: dict[str, set[tuple[str, object]]] = {}
    for cls in TASK_EVENTS.values():
        for f in declared(cls):
            if f.name in (*WHO, "errno", "cut"):
                meanings.setdefault(f.name, set()).add((f.description, f.type))
    assert {name for name, found in meanings.items() if len(found) > 1} == set()
