"""ECS and OCSF: every kind of event has a place there, with the names and types of their documentation."""

from functools import cache
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from onlooker import Batch
from onlooker.events import TASK_EVENTS
from onlooker.sinks.formats import said
from onlooker.sinks.maps import ecs, ocsf
from onlooker.sinks.message import Head
from onlooker.testing import make

from .made import EVENTS, HOSTILE

HEAD = Head(host="web-1", boot_id="7b650f8e-3b8d-46ce-a9ee-579a9f260dec", run=17, seq=3)

# of https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html, those that are used
ECS: dict[str, type | tuple[type, ...]] = {
    "@timestamp": str,
    "message": str,
    "tags": list,
    "ecs.version": str,
    "event.kind": str,
    "event.module": str,
    "event.dataset": str,
    "event.provider": str,
    "event.action": str,
    "event.category": list,
    "event.type": list,
    "event.outcome": str,
    "event.reason": str,
    "event.severity": int,
    "event.duration": int,
    "host.name": str,
    "host.hostname": str,
    "host.boot.id": str,
    "process.pid": int,
    "process.name": str,
    "process.entity_id": str,
    "process.thread.id": int,
    "process.parent.pid": int,
    "process.parent.name": str,
    "process.parent.entity_id": str,
    "process.args": list,
    "process.args_count": int,
    "process.command_line": str,
    "process.executable": str,
    "process.working_directory": str,
    "process.exit_code": int,
    "user.id": str,
    "user.name": str,
    "group.id": str,
    "file.path": str,
    "file.name": str,
    "file.directory": str,
    "file.extension": str,
    "file.inode": str,
    "file.device": str,
    "file.target_path": str,
    "file.type": str,
    "error.code": str,
    "container.id": str,
    "container.name": str,
    "container.runtime": str,
    "container.image.name": str,
    "rule.id": str,
    "rule.name": str,
}
KINDS = ("alert", "event", "pipeline_error")
# of https://www.elastic.co/guide/en/ecs/8.17/ecs-allowed-values-event-category.html
TYPES = {
    "process": {"access", "change", "end", "info", "start"},
    "file": {"access", "change", "creation", "deletion", "info"},
    None: {"error", "info"},
}


def said_of(event: str, **fields: Any):
    [one] = said(Batch.of([make(event, **fields)]))
    return one


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            found |= flat(each, f"{before}{name}.")
        else:
            found[before + name] = each
    return found


@pytest.mark.parametrize("event", EVENTS)
def test_ecs_has_its_names_and_types(event):
    document = ecs.document(said_of(event), HEAD)
    fields = flat(document)
    for name, value in fields.items():
        if not name.startswith("onlooker."):
            assert isinstance(value, ECS[name]), name
            assert not isinstance(value, bool), name
    assert fields["event.kind"] in KINDS
    assert fields["event.outcome"] in ("success", "failure", "unknown")
    category = (fields.get("event.category") or [None])[0]
    assert set(fields["event.type"]) <= TYPES[category]
    assert fields["event.action"] == event
    assert (category is None) is (event not in TASK_EVENTS and event != "alert")


def values(document: Any) -> list[str]:
    """Of all its fields."""
    if isinstance(document, dict):
        return [text for each in document.values() for text in values(each)]
    inner = [text for each in document for text in values(each)] if isinstance(document, list) else []
    return [str(document), *inner]


@pytest.mark.parametrize("document", [ecs.document, ocsf.document])
@pytest.mark.parametrize("event", EVENTS)
def test_no_field_is_lost(event, document):
    """Of an event, each text and number is somewhere in the document."""
    one = said_of(event)
    found = values(document(one, HEAD))
    for name, value in one.fields.items():
        if name == "start_ns":
            assert any(f"{one.fields['pid']}-{value}" in each for each in found)
        elif name != "time" or document is ecs.document:  # milliseconds, and boot_ns is there
            assert str(value) in found, name


def test_ecs_of_a_failure_and_of_what_is_made():
    failed = ecs.document(said_of("open", errno="ENOENT", fd=None, joined_path="/etc/no", path="no"), HEAD)
    assert failed["event"]["outcome"] == "failure"
    assert failed["error"] == {"code": "ENOENT"}
    assert failed["file"] == {"path": "/etc/no", "name": "no", "directory": "/etc"}
    assert failed["onlooker"]["path"] == "no"  # as it was passed
    made = ecs.document(said_of("open", path="/srv/a.txt", created=True), HEAD)
    assert made["event"]["type"] == ["creation"]
    assert made["file"]["extension"] == "txt"


def test_ecs_of_an_exec_and_an_exit():
    started = ecs.document(said_of("exec", path="ls", exe="/usr/bin/ls", argv=["ls", "-l"], cwd="/srv"), HEAD)
    assert started["process"]["executable"] == "/usr/bin/ls"
    assert started["process"]["args"] == ["ls", "-l"]
    assert started["process"]["command_line"] == "ls -l"
    assert started["process"]["working_directory"] == "/srv"
    ended = ecs.document(said_of("exit", exit_code=3), HEAD)
    assert ended["process"]["exit_code"] == 3
    assert ended["event"]["duration"] == 1_000_000_000
    assert ended["process"]["entity_id"] == started["process"]["entity_id"]


def test_a_fork_is_the_start_of_the_child():
    """Its entity is that of the events that the child does later."""
    forked = said_of("fork", pid=7, child_pid=8, child_tid=8, child_ppid=7, child_start_ns=9, thread=False)
    later = said_of("open", pid=8, start_ns=9)
    process = ecs.document(forked, HEAD)["process"]
    assert process["entity_id"] == ecs.document(later, HEAD)["process"]["entity_id"]
    assert process["parent"]["pid"] == 7
    child = ocsf.document(forked, HEAD)["process"]
    assert child["uid"] == ocsf.document(later, HEAD)["actor"]["process"]["uid"]
    thread = said_of("fork", pid=7, child_pid=7, child_tid=8, child_ppid=1, thread=True)
    assert ecs.document(thread, HEAD)["event"]["type"] == ["info"]


def test_large_numbers_are_texts_in_ecs():
    document = ecs.document(said_of("open", mode=2**63 + 5), HEAD)
    assert document["onlooker"]["mode"] == str(2**63 + 5)


def test_a_loss_is_told_in_both():
    lost = said_of("lost", count=17, of="open", reason="unsent")
    document = ecs.document(lost, HEAD)
    assert document["event"]["kind"] == "pipeline_error"
    assert document["onlooker"] | {"count": 17, "of": "open", "reason": "unsent"} == document["onlooker"]
    event = ocsf.document(lost, HEAD)
    assert (event["class_uid"], event["status"], event["count"]) == (0, "Failure", 17)
    assert event["unmapped"]["reason"] == "unsent"


@cache
def validator(uid: int) -> Any:
    known = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=ocsf.VERSION))
    name = known.lookup_class_name_from_uid(uid)
    return jsonschema.Draft202012Validator(known.get_class_schema(class_name=name, profiles=["host"]))


SHAPES = [
    *((event, {}) for event in EVENTS),
    ("open", {"errno": "EACCES", "fd": None, "path": "", "joined_path": "/"}),
    ("open", {"created": True, "real_path": "/srv/x", "inode": 2**64 - 1, "device": 5}),
    ("open", {"path": HOSTILE, "comm": "\x1b\udcff", "unproven": True}),
    ("fork", {"ppid": 0, "thread": True}),
    ("exec", {"errno": "ENOENT", "path": "no", "argv": []}),
    ("exit", {"exit_code": None, "signal": "SIGKILL", "core_dumped": True}),
    ("alert", {"level": "critical", "tags": ["attack.t1059"]}),
]


@pytest.mark.parametrize(("event", "fields"), SHAPES)
def test_ocsf_is_valid_by_its_schema(event, fields):
    one = said_of(event, **fields)
    document = ocsf.document(one, HEAD)
    errors = [error.message for error in validator(document["class_uid"]).iter_errors(document)]
    assert not errors
    assert document["type_uid"] == document["class_uid"] * 100 + document["activity_id"]
    assert document["time"] == one.wall_ns // 1_000_000


def test_ocsf_names_are_those_of_its_numbers():
    """The schema says what each number of an activity is called."""
    for event, (uid, number, name) in ocsf.ACTIVITIES.items():
        known = get_ocsf_schema(version=ocsf.VERSION)["classes"]
        [kind] = [each for each in known.values() if each["uid"] == uid]
        if number != ocsf.OTHER:
            assert kind["attributes"]["activity_id"]["enum"][str(number)]["caption"] == name, event
        assert kind["caption"] == ocsf._NAMES[uid][0]


def test_every_event_of_a_process_has_an_activity():
    assert set(ocsf.ACTIVITIES) == set(TASK_EVENTS) == set(ecs.KINDS)
