"""The Elastic Common Schema 8.17: https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html.

What ECS has no field for is below `onlooker`, by its own name.
"""

from typing import Any

from ..formats import Said
from ..message import Head
from .values import PATHS, count, joined, names

VERSION = "8.17.0"
_PROCESS, _FILE = ["process"], ["file"]
# event.category and event.type, of its allowed values
KINDS: dict[str, tuple[list[str], list[str]]] = {
    "fork": (_PROCESS, ["start"]),
    "exec": (_PROCESS, ["start"]),
    "exit": (_PROCESS, ["end"]),
    "chdir": (_PROCESS, ["change"]),
    "open": (_FILE, ["access"]),
    "access": (_FILE, ["access"]),
    "stat": (_FILE, ["access"]),
    "readlink": (_FILE, ["access"]),
    "mkdir": (_FILE, ["creation"]),
    "mknod": (_FILE, ["creation"]),
    "link": (_FILE, ["creation"]),
    "symlink": (_FILE, ["creation"]),
    "bind": (_FILE, ["creation"]),
    "unlink": (_FILE, ["deletion"]),
    "rmdir": (_FILE, ["deletion"]),
    "rename": (_FILE, ["change"]),
    "truncate": (_FILE, ["change"]),
    "chmod": (_FILE, ["change"]),
    "chown": (_FILE, ["change"]),
    "utime": (_FILE, ["change"]),
    "xattr": (_FILE, ["change"]),
}
_SEVERITY = {"informational": 21, "low": 21, "medium": 47, "high": 73, "critical": 99}  # as Elastic's own rules have it
# these fields of an event have a place in ECS; of the paths, one has
_CREATOR = ("pid", "tid", "ppid")  # of a fork: its process is the child
_TAKEN = frozenset(
    (
        "event",
        "target",
        "time",
        "pid",
        "tid",
        "ppid",
        "uid",
        "gid",
        "comm",
        "start_ns",
        "argv",
        "cwd",
        "exit_code",
        "errno",
        "inode",
        "device",
        "user",
        "user_name",
        "group_name",
        "container_id",
        "container_name",
        "container_image",
        "container_runtime",
        "rule",
        "title",
        "tags",
        "duration_ns",
    )
)


def document(each: Said, head: Head) -> dict[str, Any]:
    """One document."""
    fields = each.fields
    event = fields["event"]
    made: dict[str, Any] = {
        "@timestamp": fields["time"],
        "ecs": {"version": VERSION},
        "message": each.text,
        "event": _event(fields, event),
        "host": {"name": head.host, "hostname": head.host, "boot": {"id": head.boot_id}},
    }
    if "pid" in fields:
        made["process"] = _process(fields, head)
        made["user"] = {"id": str(fields["uid"])}
        if name := fields.get("user_name") or fields.get("user"):
            made["user"]["name"] = name
        made["group"] = {"id": str(fields["gid"])}
    if file := _file(fields, event):
        made["file"] = file
    if "errno" in fields:
        made["error"] = {"code": fields["errno"]}
    if container := _container(fields):
        made["container"] = container
    if event == "alert":
        made["rule"] = {"id": fields["rule"], "name": fields["title"]}
        made["tags"] = fields.get("tags", [])
    said = {made.get("file", {}).get("path"), made.get("process", {}).get("executable")}
    own = {
        name: value
        for name, value in fields.items()
        if (name not in _TAKEN or (event == "fork" and name in _CREATOR)) and (name not in PATHS or value not in said)
    }
    made["onlooker"] = {"run": str(head.run), **{name: _fitting(value) for name, value in own.items()}}
    return made


def _event(fields: dict[str, Any], event: str) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": "event", "module": "onlooker", "dataset": f"onlooker.{event}", "action": event}
    made["provider"] = "onlooker"
    if event in KINDS:
        category, types = KINDS[event]
        if event == "open" and fields.get("created"):
            types = ["creation"]
        elif fields.get("thread"):  # of a fork: no process starts
            types = ["info"]
        made |= {"category": category, "type": types}
    elif event == "alert":
        matched = KINDS.get(fields["matched"], (_PROCESS, ["info"]))[0]
        made |= {"kind": "alert", "category": matched, "type": ["info"], "severity": _SEVERITY[fields["level"]]}
    elif event == "lost":
        made |= {"kind": "pipeline_error", "type": ["error"], "reason": fields["reason"]}
    else:
        made |= {"type": ["info"]}
    if "errno" in fields:
        made["outcome"] = "failure"
    elif fields.get("unproven") or event not in KINDS:
        made["outcome"] = "unknown"
    else:
        made["outcome"] = "success"
    if "duration_ns" in fields:
        made["duration"] = fields["duration_ns"]
    return made


def _process(fields: dict[str, Any], head: Head) -> dict[str, Any]:
    if fields["event"] == "fork":
        return _child(fields, head)
    made: dict[str, Any] = {
        "pid": fields["pid"],
        "name": fields["comm"],
        "entity_id": f"{head.boot_id}-{fields['pid']}-{fields['start_ns']}",
        "thread": {"id": fields["tid"]},
        "parent": {"pid": fields["ppid"]},
    }
    if argv := fields.get("argv"):
        made |= {"args": argv, "args_count": count(argv), "command_line": joined(argv)}
    if fields["event"] in ("exec", "alert"):
        program = fields.get("exe") or fields.get("joined_path") or fields.get("path")
        if program and (fields["event"] == "exec" or "exe" in fields):
            made["executable"] = program
    if "cwd" in fields:
        made["working_directory"] = fields["cwd"]
    if "exit_code" in fields:
        made["exit_code"] = fields["exit_code"]
    return made


def _child(fields: dict[str, Any], head: Head) -> dict[str, Any]:
    """What was created: it is the process that starts."""
    parent: dict[str, Any] = {"pid": fields["child_ppid"]}
    if fields["child_ppid"] == fields["pid"]:
        parent |= {"name": fields["comm"], "entity_id": f"{head.boot_id}-{fields['pid']}-{fields['start_ns']}"}
    return {
        "pid": fields["child_pid"],
        "name": fields["comm"],
        "entity_id": f"{head.boot_id}-{fields['child_pid']}-{fields['child_start_ns']}",
        "thread": {"id": fields["child_tid"]},
        "parent": parent,
    }


def _file(fields: dict[str, Any], event: str) -> dict[str, Any]:
    path = fields.get("real_path") or fields.get("joined_path") or fields.get("path")
    if event in ("exec", "fork", "exit", "chdir") or not path:
        return {}
    if event == "link":  # the new name is what is made
        path = fields.get("joined_new_path") or fields["new_path"]
    made = names(path)
    if "inode" in fields:
        made["inode"] = str(fields["inode"])
    if "device" in fields:
        made["device"] = str(fields["device"])
    if "target" in fields:
        made |= {"target_path": fields["target"], "type": "symlink"}
    elif event in ("mkdir", "rmdir"):
        made["type"] = "dir"
    return made


def _container(fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: fields[f"container_{name}"] for name in ("id", "name", "runtime") if f"container_{name}" in fields
    }
    if "container_image" in fields:
        made["image"] = {"name": fields["container_image"]}
    return made


def _fitting(value: Any) -> Any:
    """A number that Elasticsearch's type long has no room for, as a text."""
    return str(value) if isinstance(value, int) and value > (1 << 63) - 1 else value
