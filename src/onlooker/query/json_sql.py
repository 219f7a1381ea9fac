"""Rows as JSON, made by DuckDB: bytes in base64, times in RFC 3339 with nanoseconds, lists and structs as they are."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..recordings.database import quoted

_TIMES = ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns")
_ZONED = "timestamp with time zone"
_FLOATS = ("float", "double")
_TIME = "strftime({}, '%Y-%m-%dT%H:%M:%S.%n') || 'Z'"


def json_object(names: Sequence[str], values: Sequence[str], types: Sequence[Any]) -> str:
    """An expression in SQL for a row's JSON. `values`: the expressions of its columns, by which they are known; `types`
    are DuckDB's. Columns of the same name get a number.
    """
    seen: Counter[str] = Counter()
    parts = []
    for name, value, kind in zip(names, values, types, strict=True):
        key = f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1
        parts.append(f"{quoted(key)}, {json_value(value, kind)}")
    return f"json_object({', '.join(parts)})"


def json_value(value: str, kind: Any, depth: int = 0) -> str:
    """An expression for what stands for a value in JSON; what DuckDB writes well by itself stays as it is."""
    name = str(kind.id).lower()
    if name in _TIMES:
        return _TIME.format(value)
    if name == _ZONED or str(kind) == _ZONED.upper():
        return _TIME.format(f"({value} AT TIME ZONE 'UTC')")
    if name == "blob":
        return f"to_base64({value})"
    if name in _FLOATS:  # JSON knows neither infinity nor "not a number"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    if name in ("list", "array"):
        each = f"x{depth}"
        child = dict(kind.children)["child"]
        made = json_value(each, child, depth + 1)
        return value if made == each else f"list_transform({value}, lambda {each}: {made})"
    if name == "struct":
        fields = [(key, f'{value}."{_escaped(key)}"', child) for key, child in kind.children]
        parts = [f'"{_escaped(key)}" := {json_value(field, child, depth)}' for key, field, child in fields]
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
    if name == "map":
        each = f"x{depth}"
        (_, keys), (_, values) = kind.children
        key, of_key = (
            json_value(f"{each}.{part}", child, depth + 1) for part, child in (("key", keys), ("value", values))
        )
        if (key, of_key) == (f"{each}.key", f"{each}.value"):
            return value
        entry = f"{{key: {key}, value: {of_key}}}"
        return f"map_from_entries(list_transform(map_entries({value}), lambda {each}: {entry}))"
    return value


def _escaped(name: str) -> str:
    return name.replace('"', '""')
