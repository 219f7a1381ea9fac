"""Which events are wanted: said once, decided in the kernel, and the same in Python for the fake source."""

from .comm import CommPattern
from .filter import HIGHEST_PID, Filter, check_bool, has_failed, process_id_error, user_id

__all__ = ["HIGHEST_PID", "CommPattern", "Filter", "check_bool", "has_failed", "process_id_error", "user_id"]
