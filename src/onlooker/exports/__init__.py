"""Recordings in the formats of other tools, one small file for each."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..errors import UsageError
from .source import Source

Write = Callable[[bytes], object]
Exporter = Callable[[Source, Write], None]

# name -> module, imported when chosen; each has `export` and `EVENTS`, what it needs
_MODULES = {
    "trace": ".trace",
    "json": ".json",
    "parquet": ".parquet",
    "in-toto": ".in_toto",
    "cyclonedx": ".cyclonedx",
}
FORMATS = tuple(_MODULES)
NEEDS_A_FILE = ("parquet",)  # its `export` takes a path in place of `Write`


def exporter(name: str) -> Any:
    """The module of a format: `export(source, write)` and `EVENTS`. Raises UsageError for an unknown name."""
    if name not in _MODULES:
        raise UsageError.unknown("format", name, FORMATS)
    return import_module(_MODULES[name], __package__)


__all__ = ["FORMATS", "NEEDS_A_FILE", "Exporter", "Source", "Write", "exporter"]
