"""Write what the build needs: `generate.py WHAT OUTPUT`.

WHAT is "wire", "probes" or "schema", which follow from the event classes, or "printable", which Python's Unicode tables
say. Beside OUTPUT, OUTPUT.d tells what it was made of, as make and ninja read it.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import printable

from onlooker.events import EVENTS, PROBE_REASONS, SCHEMA_VERSION, layouts
from onlooker.schema import jsonschema, wire

PACKAGE = Path(__file__).resolve().parent.parent / "src/onlooker"


def main(what: str, output: str) -> None:
    """Write the artefact `what` to the file `output`."""
    if what == "wire":
        text = wire.header(layouts(), PROBE_REASONS)
    elif what == "probes":
        text = wire.includes(layouts())
    elif what == "printable":
        text = printable.header()
    else:
        text = json.dumps(jsonschema.schema(EVENTS, SCHEMA_VERSION), indent=2, ensure_ascii=False) + "\n"
    Path(output).write_text(text, encoding="utf-8")
    # a directory changes when a file is added to it
    sources = [Path(__file__), *(path for part in ("events", "schema") for path in _tree(PACKAGE / part))]
    Path(f"{output}.d").write_text(f"{output}: {' '.join(map(str, sources))}\n", encoding="utf-8")


def _tree(directory: Path) -> list[Path]:
    return [directory, *sorted(directory.glob("*.py"))]


main(*sys.argv[1:])
