"""Telling a process from its forks: a process id alone is not enough, since a new pid namespace begins at 1 again."""

import os
from collections.abc import Callable
from itertools import count
from weakref import WeakMethod

_forks = count()
_generation = [next(_forks)]
_methods: list[WeakMethod[Callable[[], None]]] = []


def this_process() -> tuple[int, int]:
    """What differs in every child of fork(2), also in one that C code made."""
    return os.getpid(), _generation[0]


def run_in_children(method: Callable[[], None]) -> None:
    """Call that method of an object in children of fork(2) that run Python, as long as there is the object."""
    _methods[:] = [each for each in _methods if each() is not None]
    _methods.append(WeakMethod(method))


def _in_child() -> None:
    _generation[0] = next(_forks)
    for each in list(_methods):
        if method := each():
            method()


os.register_at_fork(after_in_child=_in_child)
