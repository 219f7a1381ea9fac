"""A bill of materials, CycloneDX 1.6 as JSON: the packages whose files were read or executed, and files of no package.

https://cyclonedx.org/docs/1.6/json
"""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from .. import _version
from ..escaping import command_line
from .digests import IRREGULAR, Digests
from .packages import Package, distribution, owners
from .source import Source, json_page
from .used import EVENTS as FILE_EVENTS
from .used import Uses

EVENTS = FILE_EVENTS
_FORMAT = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_THIS = "command"  # the reference of what was recorded


def export(source: Source, write: Callable[[bytes], object]) -> None:
    """The whole bill at once."""
    uses = Uses()
    for batch in source.batches():
        uses.take(batch)
    inputs = list(uses.inputs())
    packaged = owners(inputs) if source.is_of_this_machine else {}
    files = [file for file in inputs if file not in packaged]
    components = [*_packages(packaged), *_files(source, files)]
    command = source.command
    write(
        json_page(
            {
                "$schema": _FORMAT,
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "serialNumber": f"urn:uuid:{uuid.uuid4()}",
                "version": 1,
                "metadata": {
                    "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "tools": {
                        "components": [{"type": "application", "name": "onlooker", "version": _version.__version__}]
                    },
                    "component": {
                        "type": "application",
                        "bom-ref": _THIS,
                        "name": command_line(tuple(command)) or source.recording.path.name,
                    },
                    "properties": list(_properties(_said(source, uses))),
                },
                "components": components,
                "compositions": [{"aggregate": "unknown" if source.complete else "incomplete", "assemblies": [_THIS]}],
            }
        )
    )


def _said(source: Source, uses: Uses) -> dict[str, Any]:
    """Of the recording."""
    about = source.about()
    names = ("verdict", "complete", "id", "start", "host", "kernel", "machine", "directory")
    properties = {**{name: about.get(name) for name in names}, "recorded_with": about.get("onlooker")}
    if source.redacted:
        properties["redacted"] = ", ".join(source.redacted)
    if uses.left_out:
        properties["uses_not_listed"] = uses.left_out
    for number, note in enumerate(about["notes"]):
        properties[f"note:{number}"] = note
    for number, loss in enumerate(about["lost"]):
        properties[f"lost:{number}"] = f"{loss['count']} {loss['of']} ({loss['reason']})"
    return properties


def _properties(said: dict[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in said.items():
        if value is not None:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            yield {"name": f"onlooker:{name}", "value": shown}


def _packages(packaged: dict[str, Package]) -> Iterator[dict[str, Any]]:
    files: dict[Package, list[str]] = {}
    for file, package in packaged.items():
        files.setdefault(package, []).append(file)
    where = distribution()
    for package, used in sorted(files.items(), key=lambda each: (each[0].name, each[0].architecture)):
        purl = package.purl(*where)
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": package.name,
            "version": package.version,
            "purl": purl,
            "evidence": {"occurrences": [{"location": file} for file in used]},
        }


def _files(source: Source, files: list[str]) -> Iterator[dict[str, Any]]:
    digests = Digests(source)
    for file in files:
        digest, reason = digests.of(file) if source.digests else (None, "not asked for")
        made = {"type": "file", "bom-ref": f"file:{quote(os.fsencode(file))}", "name": file}
        if digest:
            yield made | {"hashes": [{"alg": "SHA-256", "content": digest}]}
        elif reason != IRREGULAR:  # a directory that was opened, say
            yield made | {"properties": list(_properties({"not_digested": reason}))}
