"""The Open Cybersecurity Schema Framework 1.3.0: https://schema.ocsf.io/1.3.0/.

What it has no attribute for is in `unmapped`, by its own name.
"""

from typing import Any

from ..._version import __version__
from ..formats import Said
from ..message import Head
from .values import PATHS, joined, millis, named

VERSION = "1.3.0"
SYSTEM, FINDINGS = 1, 2  # categories
FILE, PROCESS, BASE, DETECTION = 1001, 1007, 0, 2004  # classes
_NAMES = {
    FILE: ("File System Activity", "System Activity"),
    PROCESS: ("Process Activity", "System Activity"),
    DETECTION: ("Detection Finding", "Findings"),
    BASE: ("Base Event", "Uncategorized"),
}
OTHER = 99
# of an event: its class, the activity's number and name
ACTIVITIES: dict[str, tuple[int, int, str]] = {
    "fork": (PROCESS, 1, "Launch"),
    "exec": (PROCESS, 1, "Launch"),
    "exit": (PROCESS, 2, "Terminate"),
    "chdir": (PROCESS, OTHER, "Change Directory"),
    "open": (FILE, 14, "Open"),
    "access": (FILE, 9, "Get Security"),
    "stat": (FILE, 8, "Get Attributes"),
    "readlink": (FILE, 2, "Read"),
    "mkdir": (FILE, 1, "Create"),
    "mknod": (FILE, 1, "Create"),
    "link": (FILE, 1, "Create"),
    "symlink": (FILE, 1, "Create"),
    "bind": (FILE, 1, "Create"),
    "unlink": (FILE, 4, "Delete"),
    "rmdir": (FILE, 4, "Delete"),
    "rename": (FILE, 5, "Rename"),
    "truncate": (FILE, 3, "Update"),
    "chmod": (FILE, 7, "Set Security"),
    "chown": (FILE, 7, "Set Security"),
    "utime": (FILE, 6, "Set Attributes"),
    "xattr": (FILE, 6, "Set Attributes"),
}
_CREATED = (FILE, 1, "Create")
SEVERITIES = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_SEVERITY_NAMES = ("Unknown", "Informational", "Low", "Medium", "High", "Critical")
_FILE_TYPES = {
    "mkdir": (2, "Folder"),
    "rmdir": (2, "Folder"),
    "symlink": (7, "Symbolic Link"),
    "bind": (5, "Local Socket"),
}
_REGULAR = (1, "Regular File")
_UNKNOWN_TYPE = (0, "Unknown")
_LINUX = (200, "Linux")
# these have a place in all classes but the base event; of the paths one has
_TAKEN = frozenset(("event", "time", "pid", "tid", "ppid", "uid", "gid", "comm", "start_ns", "errno"))
_PLACED = {
    FILE: frozenset(("inode",)),
    PROCESS: frozenset(("exit_code",)),
    DETECTION: frozenset(("rule", "title")),
    BASE: frozenset(("count",)),
}
_CONTAINER = ("container_id", "container_name", "container_image", "container_runtime")


def document(each: Said, head: Head) -> dict[str, Any]:
    """One event; times in milliseconds since 1970."""
    fields = each.fields
    event = fields["event"]
    kind, activity, activity_name = _activity(fields, event)
    severity = SEVERITIES[fields["level"]] if event == "alert" else 3 if event == "lost" else 1
    name, category = _NAMES[kind]
    status, status_name = (2, "Failure") if "errno" in fields or event == "lost" else (1, "Success")
    if fields.get("unproven"):
        status, status_name = 0, "Unknown"
    made: dict[str, Any] = {
        "time": millis(each.wall_ns),
        "class_uid": kind,
        "class_name": name,
        "category_uid": kind // 1000,
        "category_name": category,
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": kind * 100 + activity,
        "type_name": f"{name}: {activity_name}",
        "severity_id": severity,
        "severity": _SEVERITY_NAMES[severity],
        "status_id": status,
        "status": status_name,
        "message": each.text,
        "metadata": _metadata(head, event, kind),
    }
    if "errno" in fields:
        made["status_code"] = fields["errno"]
    if kind in (FILE, PROCESS):
        made["device"] = {
            "hostname": head.host,
            "type_id": 0,
            "type": "Unknown",
            "os": {"name": "Linux", "type_id": _LINUX[0], "type": _LINUX[1]},
        }
    if kind == FILE:
        made |= _about_file(fields, event)
    elif kind == PROCESS:
        made |= _about_process(fields, event)
    elif kind == DETECTION:
        made |= _about_alert(fields, each, head)
    elif event == "lost":
        made["count"] = max(fields["count"], 1)
    taken = {*_TAKEN, *_PLACED[kind]} if kind else {"event", "time", *_PLACED[kind]}
    if kind in (FILE, PROCESS) and "container_id" in fields:
        taken.update(_CONTAINER)
    said = _paths(made)
    own = {key: value for key, value in fields.items() if key not in taken and (key not in PATHS or value not in said)}
    made["unmapped"] = {"event": event, "boot_id": head.boot_id, "run": head.run, **own}
    return made


def _paths(made: dict[str, Any]) -> set[str]:
    files = (made.get("file"), made.get("file_result"), made.get("process", {}).get("file"))
    return {each["path"] for each in files if each}


def _activity(fields: dict[str, Any], event: str) -> tuple[int, int, str]:
    if event == "open" and fields.get("created"):
        return _CREATED
    if event == "alert":
        return DETECTION, 1, "Create"
    return ACTIVITIES.get(event, (BASE, OTHER, event.capitalize()))


def _metadata(head: Head, event: str, kind: int) -> dict[str, Any]:
    product = {"name": "onlooker", "vendor_name": "onlooker", "version": __version__}
    made = {"version": VERSION, "product": product, "log_name": event}
    return {**made, "profiles": ["host"]} if kind in (FILE, PROCESS) else made


def _actor(fields: dict[str, Any]) -> dict[str, Any]:
    process: dict[str, Any] = {
        "pid": fields["pid"],
        "name": fields["comm"],
        "tid": fields["tid"],
        "uid": f"{fields['pid']}-{fields['start_ns']}",
        "user": _user(fields),
    }
    process["user"]["groups"] = [{"uid": str(fields["gid"])}]
    if fields["ppid"]:
        process["parent_process"] = {"pid": fields["ppid"]}
    if "container_id" in fields:
        process["container"] = _container(fields)
    return {"process": process, "user": _user(fields)}


def _user(fields: dict[str, Any]) -> dict[str, Any]:
    made = {"uid": str(fields["uid"])}
    return {**made, "name": fields["user_name"]} if "user_name" in fields else made


def _container(fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"uid": fields["container_id"]}
    if "container_name" in fields:
        made["name"] = fields["container_name"]
    if "container_runtime" in fields:
        made["runtime"] = fields["container_runtime"]
    if "container_image" in fields:
        made["image"] = {"name": fields["container_image"], "uid": fields["container_image"]}
    return made


def _about_file(fields: dict[str, Any], event: str) -> dict[str, Any]:
    path = fields.get("real_path") or fields.get("joined_path") or fields.get("path") or ""
    number, name = _FILE_TYPES.get(event, _REGULAR if event in ("open", "truncate") else _UNKNOWN_TYPE)
    made: dict[str, Any] = {"actor": _actor(fields), "file": _file(path, number, name)}
    if "inode" in fields:
        made["file"]["uid"] = str(fields["inode"])
    if "new_path" in fields:
        made["file_result"] = _file(fields.get("joined_new_path") or fields["new_path"], number, name)
    return made


def _file(path: str, number: int, name: str) -> dict[str, Any]:
    return {**named(path), "type_id": number, "type": name}


def _about_process(fields: dict[str, Any], event: str) -> dict[str, Any]:
    actor = _actor(fields)
    process: dict[str, Any] = {key: value for key, value in actor["process"].items() if key != "parent_process"}
    if event == "fork":
        process = {
            "pid": fields["child_pid"],
            "name": fields["comm"],
            "tid": fields["child_tid"],
            "uid": f"{fields['child_pid']}-{fields['child_start_ns']}",
            "user": _user(fields),
            "parent_process": {"pid": fields["child_ppid"]},
        }
    made: dict[str, Any] = {"actor": actor, "process": process}
    if argv := fields.get("argv"):
        process["cmd_line"] = joined(argv)
    if event == "exec":
        process["file"] = _file(fields.get("exe") or fields.get("joined_path") or fields["path"], *_REGULAR)
    if event == "exit":
        made["exit_code"] = fields.get("exit_code", -1)
        made["duration"] = millis(fields["duration_ns"])
    return made


def _about_alert(fields: dict[str, Any], each: Said, head: Head) -> dict[str, Any]:
    info = {
        "uid": f"{head.boot_id}-{fields['rule']}-{fields['pid']}-{fields['boot_ns']}",
        "title": fields["title"],
        "created_time": each.wall_ns // 1_000_000,
        "analytic": {"uid": fields["rule"], "name": fields["title"], "type_id": 1, "type": "Rule"},
    }
    return {"finding_info": info, "evidences": [{"actor": _actor(fields)}]}
