"""Which events are wanted: the kernel decides it, and Python does the same for the fake source."""

from .comm import CommPattern
from .expression import Expression
from .filter import HIGHEST_PID, Filter, asks_for_context, check_bool, has_failed, process_id, process_id_error, user_id

__all__ = [
    "HIGHEST_PID",
    "CommPattern",
    "Expression",
    "Filter",
    "asks_for_context",
    "check_bool",
    "has_failed",
    "process_id",
    "process_id_error",
    "user_id",
]
