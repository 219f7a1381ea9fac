"""What all writers of lakes do alike: messages become batches, and what makes no sense is put aside."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

from ..sinks.message import Message, Unpacker
from .aside import POISON, Aside, packed, unpacked
from .objects import Object
from .parts import Held, check

PLANS = "_onlooker/plans"
ABSENT_SECONDS = 5.0  # so long a plan that was not there is not looked for again
_MOST_ABSENT = 10_000


class Notes(Protocol):
    """Where plans and what makes no sense are kept. All raise LakeError."""

    def get(self, name: str) -> bytes | None:
        """None where there is none."""

    def put(self, name: str, data: bytes) -> None:
        """Write it, or write over it."""

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""

    def list(self, prefix: str) -> Iterable[Object]:
        """Of what makes no sense only."""

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there; of what makes no sense only."""


class Unpacking(ABC):
    """A writer of a lake. One thread uses it."""

    def __init__(self, notes: Notes) -> None:
        self.unpacker = Unpacker()
        self._notes = notes
        self._noted_plans: set[str] = set()
        self._absent: dict[str, float] = {}  # plans that were not there, and when they are looked for again

    def unpack(self, message: Message) -> Held:
        """Raises MessageError, and UnknownPlanError where no message had the plan yet."""
        digest = message.head.plan
        if digest not in self.unpacker.plans:
            self._look_for(digest)
        made = Held(*self.unpacker.unpack(message))
        check(made)
        if digest not in self._noted_plans:  # before its message is acknowledged: others may need it
            self._notes.put(f"{PLANS}/{digest}.json", self.unpacker.plans[digest])
            self._noted_plans.add(digest)
        return made

    def put_aside(self, aside: Sequence[Aside]) -> int:
        """Messages that make no sense are kept for whoever wants to look at them, all in one object. Returns how many
        are new. Raises LakeError.
        """
        return len(aside) * self._notes.create(*packed(aside)) if aside else 0

    def asides(self) -> list[str]:
        """The names of the objects that have what was put aside. Raises LakeError."""
        return sorted(each.name for each in self._notes.list(POISON))

    def aside(self, name: str) -> list[Aside] | None:
        """What one has; None where it makes no sense itself, or another one has just taken it. Raises LakeError."""
        data = self._notes.get(name)
        return None if data is None else unpacked(data)

    def keep_aside(self, name: str, left: Sequence[Aside]) -> None:
        """Of an object these only: the others are in the lake. Who is killed in between leaves both: too much is aside
        then, and never too little. Raises LakeError.
        """
        if not left or packed(left)[0] != name:
            self.put_aside(left)
            self._notes.delete([name])

    def _look_for(self, digest: str) -> None:
        now = time.monotonic()
        if now < self._absent.get(digest, 0.0):
            return
        if plan := self._notes.get(f"{PLANS}/{digest}.json"):
            self.unpacker.learn(plan)
            self._absent.pop(digest, None)
            return
        if len(self._absent) >= _MOST_ABSENT:
            self._absent.clear()
        self._absent[digest] = now + ABSENT_SECONDS

    @abstractmethod
    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError."""

    @abstractmethod
    def tidy(self) -> None:
        """Called after each commit. Raises LakeError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all."""
