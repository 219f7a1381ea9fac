"""`onlooker schema`: the JSON Schema of the JSON output."""

import argparse
from pathlib import Path

from .log import show

SCHEMA = Path(__file__).parent.parent / "events.schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    """Print the schema that lies in the package."""
    show(SCHEMA.read_text(encoding="utf-8"))
    return 0
