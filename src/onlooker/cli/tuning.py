"""The options that tune a run, which several commands take."""

import argparse
from collections.abc import Callable
from typing import Any

from ..arguments import check_buffer_bytes, check_max_args_bytes
from ..errors import UsageError
from ..probe.attach import METHODS
from .parser import size


def add_tuning(parser: argparse.ArgumentParser, *, resolves: bool = False) -> None:
    """Declare them; values are checked by `tuning`. `resolves`: the command can't do without the files' paths."""
    add = parser.add_argument_group("tuning").add_argument
    add(
        "--max-args-bytes",
        metavar="SIZE",
        default="256K",
        help="keep at most this much of an exec's arguments and mark the rest as cut; 0 to 256K (default: 256K)",
    )
    add(
        "--buffer-size",
        metavar="SIZE",
        default="16M",
        help="size of the buffer between kernel and monitor; a power of two from 1M to 1G (default: 16M)",
    )
    add(
        "--no-resolve",
        action="store_true",
        help=argparse.SUPPRESS
        if resolves
        else "do not look up which file a path led to: leaves out real_path, exe, cwd, joined_path, device, inode",
    )
    add("--attach", metavar="METHOD", help=f"observe events by this method only: {', '.join(METHODS)}")


def tuning(arguments: argparse.Namespace) -> dict[str, Any]:
    """What they are for `Monitor`. Raises UsageError."""
    return {
        "buffer_bytes": _size(arguments.buffer_size, check_buffer_bytes),
        "max_args_bytes": _size(arguments.max_args_bytes, check_max_args_bytes),
        "attach": arguments.attach,
        "resolve": not arguments.no_resolve,
    }


def _size(text: str, check: Callable[[int, str], None]) -> int:
    """Bytes, checked as the monitor does, but named as they were typed."""
    try:
        found = size(text)
    except UsageError:
        found = -1  # no size of anything: `check` knows which there are
    check(found, text)
    return found
