"""The commits of a lake: each is an object with a number for a name, which only one can create.

Who commits first reads all that others have committed, so that no message is taken twice. Now and then the state itself
is written, so that who comes later need not read all commits.
"""

import os
import time
from collections.abc import Callable

import msgspec

from .._version import __version__
from ..recordings.manifest import now
from .state import VERSION, Commit, State
from .store import LakeError, Store

COMMITS = "_onlooker/commits"
CHECKPOINTS = "_onlooker/checkpoints"
CHECKPOINT_EVERY = 100
_DIGITS = 20
_MOST_TRIES = 1000
_KEEP_CHECKPOINTS = 2
_RESTORE = "restore it from a backup: without it, nobody can tell which files count"


class CommitLog:
    """`state` is as of the last `refresh` or `commit`."""

    def __init__(self, store: Store) -> None:
        """Raises LakeError, also where a commit is missing and later ones are there."""
        self._store = store
        self.state = State()
        self.refresh()
        while later := [each.name for each in self._store.list(COMMITS, after=_commit(self.state.number))]:
            number = self.state.number
            self.refresh()
            if self.state.number == number:
                more = f"and {len(later)} later ones are there"
                raise LakeError(f"the lake {store.root} lacks {_commit(number + 1)!r}, {more}", _RESTORE)

    def refresh(self) -> State:
        """Read what others have committed. Raises LakeError."""
        self._read()
        return self.state

    def commit(self, make: Callable[[State], Commit | None]) -> Commit | None:
        """Commit what `make` makes of the state; None: nothing. It is called again where others were faster. Raises
        LakeError; then nobody knows whether it is committed.
        """
        tried: dict[str, Commit] = {}
        for tries in range(_MOST_TRIES):
            made = make(self.state)
            if made is None:
                return None
            made.id, made.time, made.onlooker = os.urandom(8).hex(), now(), __version__
            tried[made.id] = made
            number = self.state.number + 1
            if self._store.create(_commit(number), msgspec.json.encode(made)):
                self.state.apply(made, number)
                if number % CHECKPOINT_EVERY == 0:
                    self._write_checkpoint()
                return made
            time.sleep(min(0.5, 0.005 * tries))
            ids = self._read()
            # a request that was sent again, because its answer was lost, finds its own commit
            if own := next((each for each in ids if each in tried), None):
                return tried[own]
            if not ids:
                raise LakeError(f"the commit {number} is there and can't be read", _RESTORE)
        raise LakeError(f"others were faster {_MOST_TRIES} times", "commit less often: a larger --every")

    def _read(self) -> list[str]:
        """The ids of the commits that are new."""
        if not self.state.number:
            self._read_checkpoint()
        ids = []
        while (data := self._store.get(_commit(self.state.number + 1))) is not None:
            ids.append(self._apply(data, self.state.number + 1))
        return ids

    def _apply(self, data: bytes, number: int) -> str:
        try:
            made = msgspec.json.decode(data, type=Commit)
        except msgspec.MsgspecError as error:
            message = f"the commit {number} of the lake {self._store.root} makes no sense: {error}"
            raise LakeError(message, _RESTORE) from error
        if made.version > VERSION:
            message = f"the commit {number} of the lake {self._store.root} is of a newer onlooker ({made.onlooker})"
            raise LakeError(message, "pip install --upgrade onlooker")
        self.state.apply(made, number)
        return made.id

    def _read_checkpoint(self) -> None:
        names = sorted(each.name for each in self._store.list(CHECKPOINTS))
        for name in reversed(names):
            data = self._store.get(name)
            if data is None:  # a newer one has replaced it
                continue
            try:
                made = msgspec.json.decode(data, type=State)
            except msgspec.MsgspecError:
                continue
            if made.version <= VERSION:
                self.state = made
                return

    def _write_checkpoint(self) -> None:
        """What it replaces goes; the commits stay for a while, for who is reading them."""
        self._store.put(f"{CHECKPOINTS}/{self.state.number:0{_DIGITS}}.json", msgspec.json.encode(self.state))
        old = sorted(each.name for each in self._store.list(CHECKPOINTS))[:-_KEEP_CHECKPOINTS]
        self._store.delete(old)


def _commit(number: int) -> str:
    return f"{COMMITS}/{number:0{_DIGITS}}.json"
