"""Sees control groups when they are made: one that lives for milliseconds is gone when its first event is read.

inotify(7) tells of each directory that mkdir(2) makes in the hierarchy. A thread of its own looks up at once what it
is: it sleeps while none is made.
"""

import ctypes
import os
import select
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from .cgroups import Cgroups
from .containers import place_of
from .state import Facts, StateFiles

_IN_CREATE, _IN_ONLYDIR, _IN_EXCL_UNLINK = 0x100, 0x01000000, 0x04000000  # include/uapi/linux/inotify.h
_IN_ISDIR, _IN_IGNORED = 0x40000000, 0x8000
_EVENT = struct.Struct("=iIII")  # struct inotify_event: watch, mask, cookie, bytes of the name
_READ_BYTES = 64 << 10
MOST_WATCHED = 10_000  # control groups: fs.inotify.max_user_watches is 8192 and more
MOST_FOUND = 10_000
# after so many seconds a runtime may have written what it has made: runc writes it when the container is ready
_TRIES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)


class CgroupWatch:
    """Learns the paths of control groups for `cgroups`, and what runtimes say of them, as soon as there are any."""

    def __init__(self, cgroups: Cgroups, state: StateFiles) -> None:
        self._cgroups = cgroups
        self._state = state
        self._found: dict[int, Facts] = {}
        self._watched: dict[int, str] = {}
        self._young: deque[tuple[float, int, int, str]] = deque()  # when to look, how often, id, path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._stop = self._stopping = -1

    def start(self) -> None:
        """From now on. Without inotify, or a thread, control groups are looked for as without it. The thread has the
        rights of the one that calls this.
        """
        root = self._cgroups.root
        if root is None:
            return
        self._inotify = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._inotify < 0:  # there are as many as a user may have
            return
        self._stop, self._stopping = os.pipe2(os.O_CLOEXEC)
        self._watch(str(root))
        try:
            threading.Thread(target=self._run, name="cgroups", daemon=True).start()
        except RuntimeError:
            self.close()
            self._end()

    def close(self) -> None:
        """See nothing more."""
        stopping, self._stopping = self._stopping, -1
        if stopping >= 0:
            os.close(stopping)

    def facts(self, cgroup_id: int) -> Facts | None:
        """What a runtime has said of a control group while it was there."""
        return self._found.get(cgroup_id)

    def _watch(self, directory: str) -> None:
        """This one and those below it, which may have been made before it was watched."""
        if len(self._watched) >= MOST_WATCHED:
            return
        number = self._libc.inotify_add_watch(
            self._inotify, os.fsencode(directory), _IN_CREATE | _IN_ONLYDIR | _IN_EXCL_UNLINK
        )
        if number < 0:
            return
        self._watched[number] = directory
        with suppress(OSError), os.scandir(directory) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
            for each in below:
                self._watch(each)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._inotify, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        try:
            while not any(descriptor == self._stop for descriptor, _ in poll.poll(self._patience())):
                for directory in self._made():
                    self._seen(directory)
                self._look()
        finally:
            self._end()

    def _end(self) -> None:
        os.close(self._inotify)
        os.close(self._stop)

    def _patience(self) -> float | None:
        """In milliseconds, None while nothing is young."""
        return max(0.0, min(due for due, *_ in self._young) - time.monotonic()) * 1000 + 1 if self._young else None

    def _made(self) -> Iterator[str]:
        try:
            data = os.read(self._inotify, _READ_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, at)
            name = data[at + _EVENT.size : at + _EVENT.size + length].partition(b"\0")[0]
            at += _EVENT.size + length
            directory = self._watched.get(number)
            if mask & _IN_IGNORED:  # it was removed
                self._watched.pop(number, None)
            elif mask & _IN_CREATE and mask & _IN_ISDIR and directory is not None:
                yield f"{directory}/{os.fsdecode(name)}"

    def _seen(self, directory: str) -> None:
        """A new one; and those that were made below it meanwhile."""
        new = [directory]
        while new:
            each = new.pop()
            cgroup_id, path = self._cgroups.learn(each)
            if cgroup_id is None:
                continue
            self._watch(each)
            self._young.append((time.monotonic() + _TRIES[0], 0, cgroup_id, path))
            with suppress(OSError), os.scandir(each) as entries:
                new += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]

    def _look(self) -> None:
        """At those that may have become containers."""
        now = time.monotonic()
        for _ in range(len(self._young)):
            due, tries, cgroup_id, path = self._young.popleft()
            if due > now:
                self._young.append((due, tries, cgroup_id, path))
                continue
            found = self._state.facts(path, place_of(path))
            if found is not None:
                if len(self._found) >= MOST_FOUND:
                    self._found.clear()
                self._found[cgroup_id] = found
            elif tries + 1 < len(_TRIES):
                self._young.append((now + _TRIES[tries + 1], tries + 1, cgroup_id, path))
