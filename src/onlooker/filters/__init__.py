"""Which events are wanted: said once, decided in the kernel, and the same in Python for the fake source."""

from .filter import Filter, has_failed

__all__ = ["Filter", "has_failed"]
