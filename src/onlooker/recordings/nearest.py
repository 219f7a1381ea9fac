"""Which recording was meant by a name that none has."""

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from .manifest import FILE_NAME

SUFFIX = ".onlook"
_MOST_NAMES = 10_000  # of a directory that are looked at
_ALIKE = 0.6


def meant(name: str) -> str:
    """As a hint: the one beside it that has this name with the usual ending, or a similar one; "" for none."""
    with suppress(OSError, ValueError):  # too long a name, for one
        path = Path(name)
        whole = path.with_name(f"{path.name}{SUFFIX}")
        found = whole if _is_recording(whole) else _similar(path)
        if found:
            return f"did you mean {str(found)!r}?"
    return ""


def _similar(path: Path) -> Path | None:
    from difflib import get_close_matches  # a millisecond, and seldom needed

    with os.scandir(path.parent) as entries:
        names = [each.name for each in islice(entries, _MOST_NAMES) if each.name.endswith(SUFFIX)]
    bare = {name.removesuffix(SUFFIX): name for name in names}
    near = get_close_matches(path.name.removesuffix(SUFFIX), bare, n=3, cutoff=_ALIKE)
    return next((found for each in near if _is_recording(found := path.with_name(bare[each]))), None)


def _is_recording(path: Path) -> bool:
    return (path / FILE_NAME).is_file()
