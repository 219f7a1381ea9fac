"""Write what the build needs: `generate.py WHAT OUTPUT`.

WHAT is "wire" or "schema", which follow from the event classes, or "printable", which Python's Unicode tables say.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import printable

from onlooker.events import EVENTS, PROBE_REASONS, SCHEMA_VERSION, layouts
from onlooker.schema import jsonschema, wire


def main(what: str, output: str) -> None:
    """Write the artefact `what` to the file `output`."""
    if what == "wire":
        text = wire.header(layouts(), PROBE_REASONS)
    elif what == "printable":
        text = printable.header()
    else:
        text = json.dumps(jsonschema.schema(EVENTS, SCHEMA_VERSION), indent=2, ensure_ascii=False) + "\n"
    Path(output).write_text(text, encoding="utf-8")


main(*sys.argv[1:])
