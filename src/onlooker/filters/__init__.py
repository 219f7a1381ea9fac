"""Which events are wanted: the kernel decides it, and Python does the same for the fake source."""

from .comm import CommPattern
from .filter import HIGHEST_PID, Filter, check_bool, has_failed, process_id, process_id_error, user_id

__all__ = [
    "HIGHEST_PID",
    "CommPattern",
    "Filter",
    "check_bool",
    "has_failed",
    "process_id",
    "process_id_error",
    "user_id",
]
