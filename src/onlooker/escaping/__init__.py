r"""What lines are written with: hostile bytes made harmless for a terminal, without losing one.

Whatever is not printable (control characters, escape sequences, C1, bidi overrides, line separators, tags) and every
byte that is not UTF-8 becomes a backslash escape, and so does the backslash itself: `\n` `\t` `\r` `\\`, `\xNN` for a
byte, `\uNNNN` and `\UNNNNNNNN` for a character. So the exact bytes can be got back. `escape.h` does it.

The native part is imported when it is first used: what builds it imports the event classes, and they import this.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import command_line, escape, quote

__all__ = ["command_line", "escape", "quote"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'onlooker.escaping' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module("onlooker.escaping._native"), name)
    return value
