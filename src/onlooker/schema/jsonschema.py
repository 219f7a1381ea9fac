"""JSON Schema of the JSON lines, written from event classes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from .fields import Op
from .layout import declared

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BYTES = "Present only where {name} is not UTF-8 (and has U+FFFD in it): the exact bytes, in base64."


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A field that does not apply is absent, not null."""
    schema.pop("default", None)
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema |= choices[0]
    return schema


def _exact_bytes(name: str, op: Op) -> dict[str, Any]:
    one = {"type": "string", "contentEncoding": "base64"}
    about = {"description": BYTES.format(name=name)}
    return {"type": "array", "items": one, **about} if op is Op.TEXTS else {**one, **about}


def _definition(event: type[msgspec.Struct], schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _without_null(field) for name, field in schema["properties"].items()}
    for field in declared(event):
        if field.type.op in (Op.TEXT, Op.TEXTS, Op.NAME, Op.PATH, Op.JOINED):
            properties[f"{field.name}_bytes"] = _exact_bytes(field.name, field.type.op)
    properties["time"]["format"] = "date-time"
    return {**schema, "description": (event.__doc__ or "").strip().partition("\n\n")[0], "properties": properties}


def _context(definitions: Mapping[str, dict[str, Any]], classes: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a process, in the lines of its events, where that is asked for."""
    return {
        name: properties
        for definition, cls in classes.items()
        for fields in getattr(cls, "context", {}).values()
        for field in fields
        for name, properties in definitions[definition]["properties"].items()
        if name in (field, f"{field}_bytes")
    }


def schema(events: Mapping[str, type[msgspec.Struct]], version: int) -> dict[str, Any]:
    """The schema of one line: any of the events. Lines of a newer version 1 may have fields that it does not name."""
    _, definitions = msgspec.json.schema_components(events.values(), ref_template="#/$defs/{name}")
    classes = {event.__name__: event for event in events.values()}
    made = {name: _definition(classes[name], definitions[name]) for name in classes}
    context = _context(made, classes)
    for name, cls in classes.items():
        if "cgroup_id" in cls.__struct_fields__ and not getattr(cls, "context", None):
            made[name]["properties"] |= {
                field: known for field, known in context.items() if field not in made[name]["properties"]
            }
    return {
        "$schema": DIALECT,
        "$id": f"urn:onlooker:events:{version}",
        "title": "One line of onlooker's JSON output",
        "version": version,
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in classes],
        "$defs": made,
    }
