"""Times that users type."""

import re
from contextlib import suppress
from datetime import datetime

from ..errors import UsageError
from .parser import duration

# what a time may be, in one line
TIMES = "2026-01-31, '2026-01-31 12:00:00' (UTC), 2026-01-31T12:00:00+01:00, 2h (2 hours ago) or now; 1970 to 2262"
_BILLION = 1_000_000_000
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<hour>\d\d:\d\d)(?P<second>:\d\d(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def moment(text: str, now: float) -> int:
    """Nanoseconds since 1970 of "2026-01-31", "2026-01-31 12:00", "2026-01-31T12:00:00.5Z", in UTC where no offset is
    given, or of a duration, which is that long before `now`, or of "now".

    >>> moment("1970-01-02", 0), moment("1970-01-01T01:00:01.000000001+01:00", 0), moment("2s", 5), moment("now", 5)
    (86400000000000, 1000000001, 3000000000, 5000000000)
    """
    found = _MOMENT.fullmatch(text)
    try:
        if found is None and text.isdigit():  # a year, a day or seconds since 1970: 2026 seconds ago is not meant
            raise ValueError(text)
        if text == "now":
            ns = int(now * _BILLION)
        elif found is None:
            ns = int((now - duration(text)) * _BILLION)
        else:
            seconds = (found["second"] or ":00")[:3]
            zone = (found["zone"] or "Z").replace("Z", "+00:00")
            made = datetime.fromisoformat(f"{found['day']}T{found['hour'] or '00:00'}{seconds}{zone}")
            ns = int(made.timestamp()) * _BILLION + int(f"{found['fraction'] or '':0<9}")
        if not 0 <= ns < 1 << 63:
            raise ValueError(text)
    except (ValueError, OverflowError):
        hint = f"{text[1:]}, which is so long ago; or {TIMES}" if _is_before(text) else f"a time is {TIMES}"
        raise UsageError(f"not a time: {text!r:.60}", hint) from None
    return ns


def _is_before(text: str) -> bool:
    """Whether it is a duration behind a minus, as other programs take it."""
    with suppress(UsageError):
        return text.startswith("-") and duration(text[1:]) > 0
    return False
