"""Write what follows from the event classes: `generate.py wire OUTPUT` or `generate.py schema OUTPUT`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from onlooker.events import EVENTS, PROBE_REASONS, SCHEMA_VERSION, layouts
from onlooker.schema import jsonschema, wire


def main(what: str, output: str) -> None:
    """Write the artefact `what` to the file `output`."""
    if what == "wire":
        text = wire.header(layouts(), PROBE_REASONS)
    else:
        text = json.dumps(jsonschema.schema(EVENTS, SCHEMA_VERSION), indent=2, ensure_ascii=False) + "\n"
    Path(output).write_text(text, encoding="utf-8")


main(*sys.argv[1:])
