"""The build backend: meson-python's, with wheels that do not depend on the builder, the time and the umask."""

import os
from pathlib import Path
from typing import Any

import mesonpy  # type: ignore[import-untyped]
import wheels
from mesonpy import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]


def build_wheel(directory: str, settings: dict[str, Any] | None = None, metadata: str | None = None) -> str:
    """Build it; see PEP 517."""
    umask = os.umask(0o022)
    try:
        name: str = mesonpy.build_wheel(directory, settings, metadata)
    finally:
        os.umask(umask)
    wheel = Path(directory, name)
    wheels.write(wheel, wheels.read(wheel))
    return name
