"""Which events are wanted: said once, decided in the kernel, and the same in Python for the fake source."""

from .filter import Filter, check_bool, has_failed

__all__ = ["Filter", "check_bool", "has_failed"]
