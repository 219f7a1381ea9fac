"""Telling a process from its forks: a process id alone is not enough, since a new pid namespace begins at 1 again."""

import os
from itertools import count

_forks = count()
_generation = [next(_forks)]


def this_process() -> tuple[int, int]:
    """What differs in every child of fork(2), also in one that C code made."""
    return os.getpid(), _generation[0]


def _in_child() -> None:
    _generation[0] = next(_forks)


os.register_at_fork(after_in_child=_in_child)
