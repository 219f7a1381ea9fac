"""The probe's C header, written from the event classes when the package is built."""

import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from .layout import Block, Layout
from .values import Names

_MADE = "/* Made from src/onlooker/events by tools/generate.py; do not edit. */\n"
HEAD = f"""\
{_MADE}#ifndef ONLOOKER_WIRE_H
#define ONLOOKER_WIRE_H

/* where a text lies: bytes from the start of the record, and how many */
struct span {{
	__u32 offset;
	__u32 length;
}};
"""
# the limits of the probe's bits: masks of kinds are 32 bits wide and kind 0 is none, `cut` has 16
MOST_EVENTS = 31
MOST_CUTTABLE = 16


def identifier(text: str) -> str:
    """A name as a C constant: "ring full" is RING_FULL."""
    return re.sub(r"\W+", "_", text).upper()


def _struct(name: str, block: Block, first: str = "") -> str:
    lines = [f"struct {name} {{"]
    if first:
        lines.append(f"\t{first};")
    for f in block.members:
        dimension = f"[{f.type.size}]" if f.type.ctype == "char" else ""
        lines.append(f"\t{f.type.ctype} {f.name}{dimension};")
    if block.pad:
        lines.append(f"\t__u8 pad[{block.pad}];")
    return "\n".join([*lines, "};"]) + "\n"


def _enum(name: str, entries: Sequence[tuple[str, int]], count: str = "") -> str:
    lines = [f"\t{entry} = {number}," for entry, number in entries]
    if count:
        lines.append(f"\t{count},")
    return "\n".join([f"enum {name} {{", *lines, "};"]) + "\n"


def _constants(tag: str, made: Layout) -> str:
    upper = identifier(tag)
    text = "".join(f"#define {upper}_CUT_{identifier(name)} {1 << bit}\n" for bit, name in enumerate(made.cuttable))
    for f in made.body.members:
        if f.type.is_enum and isinstance(f.type.values, Names):
            prefix = f"{upper}_{identifier(f.name)}"
            text += _enum(f"{tag}_{f.name}", [(f"{prefix}_{identifier(n)}", i) for i, n in f.type.values.names])
        elif f.type.absent:
            number = f"{f.type.absent}{_suffix(f.type.absent)}"
            text += f"#define {upper}_{identifier(f.name)}_ABSENT ({f.type.ctype})({number})\n"
    return text


def _suffix(number: int) -> str:
    return "LL" if number < 2**63 else "ULL"


def _calls(layouts: dict[str, Layout]) -> str:
    """Which events the return of a call shows, and numbers for the calls of events without a field for them."""
    events: dict[str, Any] = {name: made.event for name, made in layouts.items()}
    at_exit = [name for name, event in events.items() if event.syscalls and event.at_call_exit]
    text = "/* DO(NAME, name) for each event that is seen where a system call returns */\n#define CALL_EVENTS(DO)"
    text += "".join(f" \\\n\tDO({identifier(name)}, {name})" for name in at_exit) + "\n"
    for name, event in events.items():
        if event.syscalls and "syscall" not in event.__struct_fields__:
            calls = [
                (f"{identifier(name)}_SYSCALL_{identifier(call.name)}", i) for i, call in enumerate(event.syscalls, 1)
            ]
            text += _enum(f"{name}_syscall", calls)
    return text


def includes(events: Iterable[str]) -> str:
    """The text of `probes.h`: the probe of each event."""
    return _MADE + "".join(f'#include "probes/{name}.h"\n' for name in events)


def header(layouts: dict[str, Layout], reasons: Sequence[str]) -> str:
    """The text of `wire.h` for the layouts by event name, numbered from 1, and the reasons of losses.

    Raises ValueError where there are more events or fields that can be cut than fit into the probe's bits.
    """
    names = list(layouts)
    _check_limits(layouts)
    parts = [
        HEAD,
        _enum("kind", [(f"KIND_{identifier(n)}", i) for i, n in enumerate(names, 1)], "KINDS"),
        _enum("loss", [(f"LOST_{identifier(r)}", i) for i, r in enumerate(reasons)], "LOSSES"),
        "/* what every record begins with */\n" + _struct("record", next(iter(layouts.values())).header),
    ]
    for tag, made in layouts.items():
        parts.append(_struct(f"{tag}_record", made.body, "struct record record"))
        parts.append(_constants(tag, made))
    parts.append(_calls(layouts))
    body = "\n".join(part for part in parts if part)
    return f"{body}\n/* both sides compare it, so that a probe and a decoder of different builds never meet */\n" + (
        f"#define WIRE_VERSION {zlib.crc32(body.encode())}U\n\n#endif\n"
    )


def _check_limits(layouts: dict[str, Layout]) -> None:
    if len(layouts) > MOST_EVENTS:
        raise ValueError(f"{len(layouts)} events, and the probe has bits for {MOST_EVENTS}")
    for name, made in layouts.items():
        if len(made.cuttable) > MOST_CUTTABLE:
            raise ValueError(f"{len(made.cuttable)} fields of {name} can be cut, and a record has {MOST_CUTTABLE} bits")


def version(layouts: dict[str, Layout], reasons: Sequence[str]) -> int:
    """The WIRE_VERSION of the header."""
    found = re.search(r"WIRE_VERSION (\d+)U", header(layouts, reasons))
    assert found
    return int(found[1])
