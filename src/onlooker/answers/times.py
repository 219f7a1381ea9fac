"""Times as text."""

from datetime import UTC, datetime

_BILLION = 1_000_000_000


def wall_time(nanoseconds: int) -> str:
    """RFC 3339 in UTC, of nanoseconds since 1970.

    >>> wall_time(1_769_860_800_000_000_001)
    '2026-01-31T12:00:00.000000001Z'
    """
    whole, rest = divmod(max(0, nanoseconds), _BILLION)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
