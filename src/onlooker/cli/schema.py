"""`onlooker schema`: the JSON Schema of the JSON output."""

import argparse
import sys
from pathlib import Path

SCHEMA = Path(__file__).parent.parent / "events.schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    """Print the schema that lies in the package."""
    sys.stdout.write(SCHEMA.read_text(encoding="utf-8"))
    sys.stdout.flush()
    return 0
